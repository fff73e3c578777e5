// SPDX-License-Identifier: GPL-3.0-or-later
// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): angles in f64, rotation of channel pairs in f32.
#include "core/cache/rope.h"
#include "core/base/error.h"
#include "core/cache/ropefrequencies.h"
#include "core/kernels/rotatepairs.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/sin.h>
#include <algorithm>
#include <vector>

namespace pikv {
namespace {

/// In place on any device: vectors [..., dim] by angles that their leading dimensions broadcast to.
void turnTensor(const at::Tensor& vectors, const at::Tensor& cosine, const at::Tensor& sine, bool halves)
{
    const std::int64_t pairs = cosine.size(-1);
    const at::Tensor a = halves ? vectors.narrow(-1, 0, pairs) : vectors.slice(-1, 0, 2 * pairs, 2);
    const at::Tensor b = halves ? vectors.narrow(-1, pairs, pairs) : vectors.slice(-1, 1, 2 * pairs, 2);
    const at::Tensor old = a.clone();
    a.mul_(cosine).sub_(b * sine);
    b.mul_(cosine).add_(old * sine);
}

/// One pass in place instead of several tensors: all heads of vector i by row rowOf(i).
template <typename RowOf>
void turnOnHost(const RopeTable& table, const at::Tensor& vectors, RowOf rowOf, float direction)
{
    const std::int64_t heads = vectors.size(1), dim = vectors.size(2), pairs = table.pairs();
    const float *cosine = table.cosine.data_ptr<float>(), *sine = table.sine.data_ptr<float>();
    float* vector = vectors.data_ptr<float>();
    for (std::int64_t i = 0; i < vectors.size(0); ++i) {
        const std::int64_t at = rowOf(i) * pairs;
        for (std::int64_t h = 0; h < heads; ++h, vector += dim)
            rotatePairs(vector, cosine + at, sine + at, direction, static_cast<std::size_t>(pairs), table.halves);
    }
}

} // namespace

RopeTable ropeTable(const at::Tensor& positions, const RopeInfo& rope, std::int64_t headDim)
{
    const std::vector<double> frequencies = ropeFrequencies(rope, headDim);
    if (rope.layout == RopeInfo::Layout::Unknown)
        throw usageError("the dump does not say how its keys are rotated (rope_theta, rope_layout)");
    const at::Tensor each = at::empty({ static_cast<std::int64_t>(frequencies.size()) }, at::kDouble);
    std::copy(frequencies.begin(), frequencies.end(), each.data_ptr<double>());
    const at::Tensor angles = at::outer(positions.to(at::kDouble), each.to(positions.device()));
    return { at::cos(angles).to(at::kFloat), at::sin(angles).to(at::kFloat), rope.layout == RopeInfo::Layout::Half };
}

std::optional<RopeTable> keyRotation(bool undo, const RopeInfo& rope, const at::Tensor& positions, std::int64_t keyDim)
{
    if (!undo || !rope.invertible())
        return {};
    return ropeTable(positions, rope, keyDim);
}

void RopeTable::turn(const at::Tensor& vectors, std::int64_t first, float direction) const
{
    const std::int64_t count = vectors.size(0);
    if (vectors.is_cpu())
        return turnOnHost(
            *this, vectors, [&](std::int64_t i) { return (first + i) % rows(); }, direction);
    turnAt(vectors, at::arange(first, first + count, at::kLong), direction);
}

void RopeTable::turnAt(const at::Tensor& vectors, const at::Tensor& at, float direction) const
{
    if (vectors.is_cpu()) {
        const std::int64_t* row = at.data_ptr<std::int64_t>();
        return turnOnHost(
            *this, vectors, [&](std::int64_t i) { return row[i] % rows(); }, direction);
    }
    const at::Tensor index = at.to(cosine.device()).remainder(rows());
    turnTensor(vectors, cosine.index_select(0, index).unsqueeze(1),
        (sine * direction).index_select(0, index).unsqueeze(1), halves);
}

void RopeTable::turn(float* vectors, std::int64_t first, std::int64_t count, std::int64_t dim, float direction) const
{
    const float *c = cosine.data_ptr<float>() + first * pairs(), *s = sine.data_ptr<float>() + first * pairs();
    for (std::int64_t i = 0; i < count; ++i, vectors += dim, c += pairs(), s += pairs())
        rotatePairs(vectors, c, s, direction, static_cast<std::size_t>(pairs()), halves);
}

at::Tensor RopeTable::turned(const at::Tensor& x, float direction) const
{
    at::Tensor out = x.to(at::kFloat, false, true, at::MemoryFormat::Contiguous);
    if (!out.is_cpu() || out.requires_grad()) { // the loop below leaves no trace for a gradient
        turnTensor(out, cosine, sine * direction, halves);
        return out;
    }
    turn(out.view({ -1, 1, x.size(-1) }), 0, direction); // a row of every item follows the last one of the item before
    return out;
}

at::Tensor applyRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return ropeTable(positions.to(x.device()), rope, x.size(-1)).turned(x, 1);
}

at::Tensor undoRope(const at::Tensor& x, const at::Tensor& positions, const RopeInfo& rope)
{
    return ropeTable(positions.to(x.device()), rope, x.size(-1)).turned(x, -1);
}

} // namespace pikv
