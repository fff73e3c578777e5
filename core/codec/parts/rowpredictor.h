// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/container/encodedcache.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

/// Rows of a side as a linear function of rows that were decoded before: the keys and values of a token are linear in
/// the hidden state that it has in their layer, of which its rows in the layers before tell much (AQUA-KV, 2025, arXiv
/// 2501.19392, section 3).
struct RowPredictor {
    at::Tensor weights; ///< f32 [inputs, width]

    /// Least squares over all rows, with the ridge that does best on one cache of four (of a single one, on some of its
    /// rows); `inputs` f32 [n, inputs] and `rows` f32 [n, width] of each cache. The mean of what
    /// is left is not 0: it belongs to the transform behind.
    static RowPredictor learn(
        const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& rows, const JobControl& job);

    /// f32 [n, width].
    at::Tensor predict(const at::Tensor& inputs, const JobControl& job) const;

    /// As sections "<side>.prediction" and "<side>.prediction_scales".
    void write(const std::string& side, SectionSet& out) const;
    /// Throws Error{Input} where a section is missing, has another size or holds what is no number.
    static RowPredictor read(
        const SectionSet& sections, const std::string& side, std::int64_t inputs, std::int64_t width);
};

} // namespace pikv
