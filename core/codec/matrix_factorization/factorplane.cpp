// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/matrix_factorization/factorplane.h"
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
    return heads.to(at::kFloat).reshape({ plane.rows, plane.width() });
}

void FactorPlanes::store(const at::Tensor& rows, const FactorPlane& plane, const at::Tensor& tensor)
{
    const at::Tensor heads = rows.view({ tensor.size(0), tensor.size(2), plane.heads, plane.dim });
    tensor.narrow(1, plane.firstHead, plane.heads).copy_(heads.permute({ 0, 2, 1, 3 }));
}

} // namespace pikv
