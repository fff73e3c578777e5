// SPDX-License-Identifier: GPL-3.0-or-later
// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): angles in f64, rotation of channel pairs in f32.
#include "core/cache/rope.h"
#include "core/base/error.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>

namespace pikv {
namespace {

std::int64_t rotatedChannels(std::int64_t headDim, const RopeInfo& rope)
{
    if (!rope.theta || rope.layout == RopeInfo::Layout::Unknown)
        throw usageError("the dump does not say how its keys are rotated (rope_theta, rope_layout)");
    if (!rope.scaling.empty() && rope.scaling != "none")
        throw usageError("keys with a RoPE scaling rule cannot be un-rotated: " + rope.scaling);
    const std::int64_t channels = rope.dim > 0 ? rope.dim : headDim;
    if (channels % 2 || channels > headDim)
        throw usageError("rope_dim is " + std::to_string(channels)
            + "; it must be even and at most head_dim = " + std::to_string(headDim));
    return channels;
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope, double direction)
{
    const RopeTable table = ropeTable(positions.to(x.device()), rope, x.size(-1));
    const at::Tensor &cosine = table.cosine, sine = table.sine * direction;
    const std::int64_t half = cosine.size(1), channels = 2 * half;

    const at::Tensor values = x.to(at::kFloat);
    const at::Tensor turned = values.narrow(-1, 0, channels);
    const at::Tensor a = table.halves ? turned.narrow(-1, 0, half) : turned.slice(-1, 0, channels, 2);
    const at::Tensor b = table.halves ? turned.narrow(-1, half, half) : turned.slice(-1, 1, channels, 2);
    const at::Tensor first = a * cosine - b * sine, second = a * sine + b * cosine;
    const at::Tensor result
        = table.halves ? at::cat({ first, second }, -1) : at::stack({ first, second }, -1).flatten(-2);
    return channels == x.size(-1) ? result
                                  : at::cat({ result, values.narrow(-1, channels, x.size(-1) - channels) }, -1);
}

} // namespace

RopeTable ropeTable(const at::Tensor& positions, const RopeInfo& rope, std::int64_t headDim)
{
    const std::int64_t channels = rotatedChannels(headDim, rope);
    const auto wide = at::TensorOptions(at::kDouble).device(positions.device());
    const at::Tensor exponents = at::arange(channels / 2, wide) * (-2.0 / static_cast<double>(channels));
    const at::Tensor angles = at::outer(positions.to(at::kDouble), at::pow(at::Scalar(*rope.theta), exponents));
    return { at::cos(angles).to(at::kFloat), at::sin(angles).to(at::kFloat), rope.layout == RopeInfo::Layout::Half };
}

at::Tensor applyRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return rotate(x, positions, rope, 1.0);
}

at::Tensor undoRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return rotate(x, positions, rope, -1.0);
}

} // namespace pikv
