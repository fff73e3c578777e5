// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <ATen/core/Tensor.h>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace pikv {

/// Decoded rows of the layers before the one at hand, as decode has them: what later layers may be predicted from. Of
/// each sequence of a cache with padding, or each cache of a calibration, by itself.
class EarlierRows {
public:
    /// Layers that are kept.
    static constexpr std::size_t depth = 2;

    /// `sides`: keys and values f32 [batch * seq, heads * dim]; `positions` i64 [seq].
    void add(std::int64_t sequence, const at::Tensor& positions, std::array<at::Tensor, 2> sides);
    /// The rows of these tokens side by side, f32 [rows, inputs]: keys and values of the layer before, then of the one
    /// before that. Zeros for a layer that holds other tokens (a sliding window). Undefined where there is none.
    at::Tensor before(
        std::int64_t sequence, const at::Tensor& positions, std::int64_t batch, const JobControl& job) const;

private:
    struct Layer {
        at::Tensor positions;
        std::array<at::Tensor, 2> sides;
    };
    std::map<std::int64_t, std::deque<Layer>> m_layers; ///< by sequence, the latest first
};

/// Matrices f32 [rows, …] side by side, in blocks, between which a stop is asked for; those that are undefined are left
/// out. Undefined where all are.
at::Tensor sideBySide(const std::vector<at::Tensor>& parts, const JobControl& job);

} // namespace pikv
