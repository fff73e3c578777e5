// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// Angles of a rotation, f32 [rows, pairs], computed in f64.
struct RopeTable {
    at::Tensor cosine, sine;
    bool halves = true; ///< pairs (i, i + pairs), else (2i, 2i+1)
};
/// On the positions' device; for head vectors of `headDim` channels. Throws as applyRope().
RopeTable ropeTable(const at::Tensor& positions, const RopeInfo& rope, std::int64_t headDim);

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): channel pair i of the first d = rope.dim channels (0:
/// all) is turned by position x theta^(-2i/d); pairs are (i, i + d/2) in the half layout, (2i, 2i+1) interleaved.
/// `x` [..., rows, head_dim] of any float type, `positions` i64 [rows]; returns f32 on x's device, angles computed in
/// f64. Throws Error{Usage} where theta or layout are unknown or a scaling rule is in force (rope.state is not looked
/// at).
at::Tensor applyRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope);
/// The inverse: applyRope of undoRope gives x back to 1e-5 of its size.
at::Tensor undoRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope);

} // namespace pikv
