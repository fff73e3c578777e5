// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/rope.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <optional>

namespace pikv {

/// A layer's keys or values as rows of all heads side by side, f32 [batch * seq, heads * dim], without the keys'
/// rotation. In blocks, between which a stop is asked for.
class SideRows {
public:
    /// `tensor` [batch, heads, seq, dim] on any device, `rope`: what to undo, a table on the CPU; nothing: no rotation.
    SideRows(const at::Tensor& tensor, std::optional<RopeTable> rope);

    /// All rows, clamped to f16's range; NaN reads as 0.
    at::Tensor load(const JobControl& job) const;
    /// The same to `rows` f32 [batch * seq, heads * dim], columns of a wider matrix perhaps.
    void load(const at::Tensor& rows, const JobControl& job) const;
    /// From `rows` f32 [count, heads * dim], as above, to rows [first, first + count), clamped to f16's range once they
    /// are rotated. The tensor must be on the CPU, its last two axes contiguous.
    void store(std::int64_t first, const at::Tensor& rows, const JobControl& job) const;

private:
    template <typename Function>
    void forParts(std::int64_t first, std::int64_t count, const JobControl& job, Function f) const;
    at::Tensor m_tensor;
    std::optional<RopeTable> m_rope;
};

} // namespace pikv
