// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/factorplane.h"
#include "core/base/half.h"
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

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

} // namespace pikv
