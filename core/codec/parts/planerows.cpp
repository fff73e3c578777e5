// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a plane between the dump's dtype and floats.
#include "core/codec/parts/planerows.h"
#include "core/base/half.h"
#include "core/kernels/floatrows.h"
#include "core/kernels/pastcaches.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace pikv {
namespace {

constexpr std::int64_t keptAtOnce = 32; ///< rows that pass through floats together

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

void PlaneRows::load(std::int64_t first, std::int64_t count, float* out) const
{
    toFloats(place(first), m_dtype, static_cast<std::size_t>(count * m_dim), out);
}

void PlaneRows::loadFinite(std::int64_t first, std::int64_t count, float* out) const
{
    load(first, count, out);
    clampToHalf(out, static_cast<std::size_t>(count * m_dim));
}

void PlaneRows::store(std::int64_t first, std::int64_t count, const float* rows) const
{
    const auto write = m_pastCaches ? fromFloatsPastCaches : fromFloats;
    write(rows, m_dtype, static_cast<std::size_t>(count * m_dim), place(first));
}

void PlaneRows::keep(std::int64_t first, std::int64_t count, std::byte* out) const
{
    if (count == 0)
        return;
    if (dtypeSize(m_dtype) == 2) {
        std::memcpy(out, place(first), keptBytes(count));
        return;
    }
    std::vector<float> rows(static_cast<std::size_t>(std::min(count, keptAtOnce) * m_dim));
    for (std::int64_t done = 0; done < count; done += keptAtOnce) {
        const std::int64_t n = std::min(keptAtOnce, count - done);
        const std::span part(rows.data(), static_cast<std::size_t>(n * m_dim));
        load(first + done, n, part.data());
        for (float& value : part) // infinity too, which a conversion alone would keep
            value = std::clamp(value, -largestHalf, largestHalf);
        fromFloats(part.data(), DType::F16, part.size(), out + keptBytes(done));
    }
}

void PlaneRows::restore(std::int64_t first, std::int64_t count, const std::byte* kept) const
{
    if (count == 0)
        return;
    if (dtypeSize(m_dtype) == 2) {
        std::memcpy(place(first), kept, keptBytes(count));
        return;
    }
    std::vector<float> rows(static_cast<std::size_t>(std::min(count, keptAtOnce) * m_dim));
    for (std::int64_t done = 0; done < count; done += keptAtOnce) {
        const std::int64_t n = std::min(keptAtOnce, count - done);
        toFloats(kept + keptBytes(done), DType::F16, static_cast<std::size_t>(n * m_dim), rows.data());
        store(first + done, n, rows.data());
    }
}

} // namespace pikv
