// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/base/dtype.h"
#include <cstddef>
#include <cstdint>

namespace pikv {

/// One plane: the rows [seq, dim] of one head of keys or values of one sequence, in memory that somebody else owns, in
/// the dump's dtype (f16, bf16, f32, f64), contiguous. Free of LibTorch.
class PlaneRows {
public:
    /// `pastCaches`: store() writes past the processor's caches (see outgrowsCaches()).
    PlaneRows(void* data, DType dtype, std::int64_t seq, std::int64_t dim, bool pastCaches = false)
        : m_data(static_cast<std::byte*>(data))
        , m_dtype(dtype)
        , m_seq(seq)
        , m_dim(dim)
        , m_pastCaches(pastCaches)
    {
    }
    std::int64_t seq() const { return m_seq; }
    std::int64_t dim() const { return m_dim; }

    /// Rows [first, first + count) to `out` f32 [count, dim], as they stand.
    void load(std::int64_t first, std::int64_t count, float* out) const;
    /// As load(), clamped to f16's range, ±65504; NaN reads as 0.
    void loadFinite(std::int64_t first, std::int64_t count, float* out) const;
    /// Writes `rows` f32 [count, dim], rounded to nearest even; finite values beyond f16's reach become ±65504 there.
    void store(std::int64_t first, std::int64_t count, const float* rows) const;

    /// Rows kept at 16 bits beside what a method does: in the dump's own type where that has 16 bits, else as f16.
    std::size_t keptBytes(std::int64_t count) const { return static_cast<std::size_t>(count * m_dim) * 2; }
    void keep(std::int64_t first, std::int64_t count, std::byte* out) const;
    void restore(std::int64_t first, std::int64_t count, const std::byte* kept) const;

private:
    std::byte* place(std::int64_t row) const
    {
        return m_data + row * m_dim * static_cast<std::int64_t>(dtypeSize(m_dtype));
    }
    std::byte* m_data;
    DType m_dtype;
    std::int64_t m_seq, m_dim;
    bool m_pastCaches;
};

/// Clamps to f16's range, ±65504, so that squares do not overflow and what is stored at 16 bits is finite; NaN becomes
/// 0.
void clampToHalf(float* values, std::size_t count);

} // namespace pikv
