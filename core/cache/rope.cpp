// SPDX-License-Identifier: GPL-3.0-or-later
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

std::int64_t rotatedChannels(const at::Tensor& x, const RopeInfo& rope)
{
    if (!rope.theta || rope.layout == RopeInfo::Layout::Unknown)
        throw usageError("the dump does not say how its keys are rotated (rope_theta, rope_layout)");
    if (!rope.scaling.empty() && rope.scaling != "none")
        throw usageError("keys with a RoPE scaling rule cannot be un-rotated: " + rope.scaling);
    const std::int64_t channels = rope.dim > 0 ? rope.dim : x.size(-1);
    if (channels % 2 || channels > x.size(-1))
        throw usageError("rope_dim is " + std::to_string(channels)
            + "; it must be even and at most head_dim = " + std::to_string(x.size(-1)));
    return channels;
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope, double direction)
{
    const std::int64_t channels = rotatedChannels(x, rope), half = channels / 2;
    const auto wide = at::TensorOptions(at::kDouble).device(x.device());
    const at::Tensor exponents = at::arange(half, wide) * (-2.0 / static_cast<double>(channels));
    const at::Tensor angles
        = at::outer(positions.to(x.device()).to(at::kDouble), at::pow(at::Scalar(*rope.theta), exponents));
    const at::Tensor cosine = at::cos(angles).to(at::kFloat);
    const at::Tensor sine = (at::sin(angles) * direction).to(at::kFloat);

    const at::Tensor values = x.to(at::kFloat);
    const at::Tensor turned = values.narrow(-1, 0, channels);
    const bool isHalf = rope.layout == RopeInfo::Layout::Half;
    const at::Tensor a = isHalf ? turned.narrow(-1, 0, half) : turned.slice(-1, 0, channels, 2);
    const at::Tensor b = isHalf ? turned.narrow(-1, half, half) : turned.slice(-1, 1, channels, 2);
    const at::Tensor first = a * cosine - b * sine, second = a * sine + b * cosine;
    const at::Tensor result = isHalf ? at::cat({ first, second }, -1) : at::stack({ first, second }, -1).flatten(-2);
    return channels == x.size(-1) ? result
                                  : at::cat({ result, values.narrow(-1, channels, x.size(-1) - channels) }, -1);
}

} // namespace

at::Tensor applyRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return rotate(x, positions, rope, 1.0);
}

at::Tensor undoRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return rotate(x, positions, rope, -1.0);
}

} // namespace pikv
