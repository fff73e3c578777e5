// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/headrows.h"
#include "core/base/half.h"
#include "core/kernels/floatrows.h"
#include <bit>
#include <cmath>

namespace pikv {
namespace {

/// Whether all values are finite and within f16's reach; by their bits, which vectorises.
bool allWithin(const float* values, std::size_t count)
{
    std::uint32_t beyond = 0;
    for (std::size_t i = 0; i < count; ++i)
        beyond |= (std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFU) > std::bit_cast<std::uint32_t>(largestHalf);
    return beyond == 0;
}

} // namespace

void clampToHalf(float* values, std::size_t count)
{
    if (allWithin(values, count))
        return;
    for (std::size_t i = 0; i < count; ++i)
        values[i] = std::isnan(values[i]) ? 0.0f : std::fmin(std::fmax(values[i], -largestHalf), largestHalf);
}

at::Tensor rowTensor(const at::Tensor& tensor)
{
    const at::Tensor rows = tensor.cpu();
    return rows.stride(3) == 1 && rows.stride(2) == rows.size(3) ? rows : rows.contiguous();
}

HeadRows::HeadRows(const at::Tensor& tensor, std::int64_t head, const RopeTable* rope)
    : m_tensor(tensor)
    , m_head(head)
    , m_rope(rope)
    , m_dtype(dtypeOf(tensor.scalar_type()))
{
}

std::byte* HeadRows::place(std::int64_t batch, std::int64_t row) const
{
    const std::int64_t element = batch * m_tensor.stride(0) + m_head * m_tensor.stride(1) + row * dim();
    return static_cast<std::byte*>(m_tensor.data_ptr()) + element * static_cast<std::int64_t>(dtypeSize(m_dtype));
}

void HeadRows::load(std::int64_t batch, std::int64_t first, std::int64_t count, float* out) const
{
    const auto elements = static_cast<std::size_t>(count * dim());
    toFloats(place(batch, first), m_dtype, elements, out);
    clampToHalf(out, elements);
    if (m_rope)
        m_rope->turn(out, first, count, dim(), -1);
}

void HeadRows::store(std::int64_t batch, std::int64_t first, std::int64_t count, float* rows) const
{
    if (m_rope)
        m_rope->turn(rows, first, count, dim(), 1);
    fromFloats(rows, m_dtype, static_cast<std::size_t>(count * dim()), place(batch, first));
}

} // namespace pikv
