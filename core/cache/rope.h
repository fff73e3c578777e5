// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <optional>

namespace pikv {

/// Angles of a rotation, f32 [rows, pairs], computed in f64, and the turning of head vectors by them: direction 1, or
/// -1 to turn them back. Channels beyond the pairs stay. All that is rotated in this program is rotated here or,
/// without LibTorch, by rotatePairs(), which this calls.
struct RopeTable {
    at::Tensor cosine, sine; ///< contiguous
    bool halves = true; ///< pairs (i, i + pairs), else (2i, 2i+1)

    std::int64_t rows() const { return cosine.size(0); }
    std::int64_t pairs() const { return cosine.size(1); }
    /// In place: f32 [count, heads, dim], contiguous, on the table's device. All heads of vectors[i] are turned by row
    /// (first + i) % rows(), so that beyond the table's end the next batch item begins.
    void turn(const at::Tensor& vectors, std::int64_t first, float direction) const;
    /// As above, vectors[i] by row at[i] % rows(); `at` i64 [count] on the CPU.
    void turnAt(const at::Tensor& vectors, const at::Tensor& at, float direction) const;
    /// As turn(), for a table on the CPU and one head: `count` vectors of `dim` channels, rows [first, first + count).
    void turn(float* vectors, std::int64_t first, std::int64_t count, std::int64_t dim, float direction) const;
    /// A turned copy, f32, of `x` [..., rows(), dim] of any float type, on the table's device.
    at::Tensor turned(const at::Tensor& x, float direction) const;
};
/// On the positions' device; for head vectors of `headDim` channels. Throws as applyRope().
RopeTable ropeTable(const at::Tensor& positions, const RopeInfo& rope, std::int64_t headDim);
/// The keys' rotation where `undo` is asked for and the dump says how they were rotated; else nothing.
std::optional<RopeTable> keyRotation(bool undo, const RopeInfo& rope, const at::Tensor& positions, std::int64_t keyDim);

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): channel pair i of the first d = rope.dim channels (0:
/// all) is turned by position x theta^(-2i/d); pairs are (i, i + d/2) in the half layout, (2i, 2i+1) interleaved.
/// `x` [..., rows, head_dim] of any float type, `positions` i64 [rows]; returns f32 on x's device, angles computed in
/// f64 by ropeFrequencies(). Throws Error{Usage} where theta or layout are unknown or the scaling rule is (rope.state
/// is not looked at).
at::Tensor applyRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope);
/// The inverse: applyRope of undoRope gives x back to 1e-5 of its size.
at::Tensor undoRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope);

} // namespace pikv
