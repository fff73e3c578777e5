// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/factorplane.h"
#include "core/kernels/rotatepairs.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {
namespace {
constexpr double largestHalf = 65504;
}

FactorPlane FactorPlanes::plane(std::int64_t index) const
{
    FactorPlane p;
    p.isKey = index < perTensor();
    p.firstHead = m_perHead ? index % perTensor() : 0;
    p.heads = m_perHead ? 1 : m_shape.kvHeads;
    p.dim = p.isKey ? m_shape.keyDim : m_shape.valueDim;
    p.rows = m_shape.batch * m_shape.seq;
    return p;
}

std::int64_t FactorPlanes::maxRank() const
{
    const std::int64_t heads = m_perHead ? 1 : m_shape.kvHeads;
    return std::min(m_shape.batch * m_shape.seq, heads * std::min(m_shape.keyDim, m_shape.valueDim));
}

at::Tensor FactorPlanes::rowsOf(const at::Tensor& tensor, const FactorPlane& plane)
{
    const at::Tensor heads = tensor.narrow(1, plane.firstHead, plane.heads).permute({ 0, 2, 1, 3 });
    at::Tensor rows
        = at::empty(heads.sizes(), heads.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
    if (heads.scalar_type() == at::kFloat) { // one pass
        at::clamp_out(rows, heads, -largestHalf, largestHalf);
    } else {
        rows.copy_(heads);
        if (heads.scalar_type() != at::kHalf)
            rows.clamp_(-largestHalf, largestHalf);
    }
    return rows.view({ plane.rows, plane.width() });
}

void FactorPlanes::store(
    const at::Tensor& rows, const FactorPlane& plane, std::int64_t batch, std::int64_t first, const at::Tensor& tensor)
{
    const std::int64_t count = rows.size(0);
    const at::Tensor target = tensor.select(0, batch).narrow(0, plane.firstHead, plane.heads).narrow(1, first, count);
    if (target.scalar_type() == at::kHalf)
        rows.clamp_(-largestHalf, largestHalf);
    target.copy_(rows.view({ count, plane.heads, plane.dim }).permute({ 1, 0, 2 }));
}

void FactorPlanes::rotate(
    const at::Tensor& rows, const FactorPlane& plane, const RopeTable& table, std::int64_t first, float direction)
{
    const std::int64_t count = rows.size(0), seq = table.cosine.size(0), pairs = table.cosine.size(1);
    if (!rows.is_cpu()) {
        const at::Tensor at = at::arange(first, first + count, table.cosine.options().dtype(at::kLong)).remainder(seq);
        const at::Tensor c = table.cosine.index_select(0, at).unsqueeze(1);
        const at::Tensor s = (table.sine * direction).index_select(0, at).unsqueeze(1);
        const at::Tensor vectors = rows.view({ count, plane.heads, plane.dim });
        const at::Tensor a = table.halves ? vectors.narrow(2, 0, pairs) : vectors.slice(2, 0, 2 * pairs, 2);
        const at::Tensor b = table.halves ? vectors.narrow(2, pairs, pairs) : vectors.slice(2, 1, 2 * pairs, 2);
        const at::Tensor old = a.clone();
        a.mul_(c).sub_(b * s);
        b.mul_(c).add_(old * s);
        return;
    }
    // One pass in place instead of several tensors.
    const float *cosines = table.cosine.data_ptr<float>(), *sines = table.sine.data_ptr<float>();
    float* vector = rows.data_ptr<float>();
    for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t at = (first + r) % seq * pairs;
        for (std::int64_t h = 0; h < plane.heads; ++h, vector += plane.dim)
            rotatePairs(vector, cosines + at, sines + at, direction, static_cast<std::size_t>(pairs), table.halves);
    }
}

std::optional<RopeTable> keyRotation(bool undo, const RopeInfo& rope, const at::Tensor& positions, std::int64_t keyDim)
{
    if (!undo || !rope.invertible())
        return {};
    return ropeTable(positions, rope, keyDim);
}

} // namespace pikv
