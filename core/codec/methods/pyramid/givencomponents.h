// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/base/jobcontrol.h"
#include "core/codec/methods/pyramid/pyramidside.h"
#include "core/codec/parts/headbasis.h"
#include "core/codec/parts/sidetransform.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// The components of keys or values that are not fitted to this cache: those of a calibration, or the channels.
class GivenComponents {
public:
    GivenComponents() = default;
    /// Of rows f32 CPU [n, width]: how large the components are in them. `bases`: of the heads; none: channels.
    /// `inMetric`: errors of the bases' components count alike as they are.
    GivenComponents(const at::Tensor& rows, std::vector<HeadBasis> bases, bool inMetric, const JobControl& job);

    /// The unit (f32), of channels the means (f16), and the sizes (i8).
    void write(Bytes& out) const;
    /// Throws Error{Input} where the section ends too early or holds what is no number.
    static GivenComponents read(PyramidSide& side, std::vector<HeadBasis> bases, std::int64_t width);

    SideTransform transform() const;

private:
    std::vector<HeadBasis> m_bases;
    float m_unit = 1; ///< length of a step of 1
    at::Tensor m_means; ///< f32 [width]
    std::vector<std::int8_t> m_sizes; ///< [width], heads one after the other: levelSize() of each
};

} // namespace pikv
