// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/headrows.h"
#include "core/cache/torchdtype.h"

namespace pikv {

at::Tensor rowTensor(const at::Tensor& tensor)
{
    const at::Tensor rows = tensor.cpu();
    return rows.stride(3) == 1 && rows.stride(2) == rows.size(3) ? rows : rows.contiguous();
}

PlaneRows HeadRows::plane(std::int64_t batch, bool pastCaches) const
{
    const DType dtype = dtypeOf(m_tensor.scalar_type());
    const std::int64_t element = batch * m_tensor.stride(0) + m_head * m_tensor.stride(1);
    auto* data = static_cast<std::byte*>(m_tensor.data_ptr()) + element * static_cast<std::int64_t>(dtypeSize(dtype));
    return { data, dtype, seq(), dim(), pastCaches };
}

void HeadRows::load(std::int64_t batch, std::int64_t first, std::int64_t count, float* out) const
{
    plane(batch).loadFinite(first, count, out);
    if (m_rope)
        m_rope->turn(out, first, count, dim(), -1);
}

void HeadRows::store(std::int64_t batch, std::int64_t first, std::int64_t count, float* rows) const
{
    if (m_rope)
        m_rope->turn(rows, first, count, dim(), 1);
    plane(batch).store(first, count, rows);
}

} // namespace pikv
