// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/transpose.h"
#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/transpose.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
constexpr std::size_t side = 1; ///< no vectors to interleave

void square(const std::int16_t* in, std::size_t, std::int16_t* out, std::size_t) { *out = *in; }
#else
constexpr std::size_t side = 8;

/// A square of 8 x 8 in three rounds of interleaving: single values, pairs, fours.
void square(const std::int16_t* in, std::size_t inStride, std::int16_t* out, std::size_t outStride)
{
    const hn::FixedTag<std::int16_t, side> d1;
    const hn::Repartition<std::int32_t, decltype(d1)> d2;
    const hn::Repartition<std::int64_t, decltype(d1)> d4;
    hn::Vec<decltype(d1)> row[side];
    hn::Vec<decltype(d2)> pairs[side];
    for (std::size_t i = 0; i < side; ++i)
        row[i] = hn::LoadU(d1, in + i * inStride);
    for (std::size_t i = 0; i < side; i += 2) {
        pairs[i] = hn::BitCast(d2, hn::InterleaveLower(d1, row[i], row[i + 1]));
        pairs[i + 1] = hn::BitCast(d2, hn::InterleaveUpper(d1, row[i], row[i + 1]));
    }
    for (std::size_t i = 0; i < 2; ++i) {
        const auto topLow = hn::BitCast(d4, hn::InterleaveLower(d2, pairs[i], pairs[i + 2]));
        const auto topHigh = hn::BitCast(d4, hn::InterleaveUpper(d2, pairs[i], pairs[i + 2]));
        const auto bottomLow = hn::BitCast(d4, hn::InterleaveLower(d2, pairs[i + 4], pairs[i + 6]));
        const auto bottomHigh = hn::BitCast(d4, hn::InterleaveUpper(d2, pairs[i + 4], pairs[i + 6]));
        std::int16_t* column = out + 4 * i * outStride;
        hn::StoreU(hn::BitCast(d1, hn::InterleaveLower(d4, topLow, bottomLow)), d1, column);
        hn::StoreU(hn::BitCast(d1, hn::InterleaveUpper(d4, topLow, bottomLow)), d1, column + outStride);
        hn::StoreU(hn::BitCast(d1, hn::InterleaveLower(d4, topHigh, bottomHigh)), d1, column + 2 * outStride);
        hn::StoreU(hn::BitCast(d1, hn::InterleaveUpper(d4, topHigh, bottomHigh)), d1, column + 3 * outStride);
    }
}
#endif

void transposeRows(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out)
{
    const std::size_t wholeRows = rows / side * side, wholeColumns = columns / side * side;
    for (std::size_t r = 0; r < wholeRows; r += side)
        for (std::size_t c = 0; c < wholeColumns; c += side)
            square(in + r * columns + c, columns, out + c * rows + r, rows);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = r < wholeRows ? wholeColumns : 0; c < columns; ++c)
            out[c * rows + r] = in[r * columns + c];
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(transposeRows);

void transpose(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out)
{
    HWY_DYNAMIC_DISPATCH(transposeRows)(in, rows, columns, out);
}

void transpose(const float* in, std::size_t rows, std::size_t columns, float* out)
{
    constexpr std::size_t tile = 16; // a cache line of floats
    for (std::size_t r = 0; r < rows; r += tile)
        for (std::size_t c = 0; c < columns; c += tile)
            for (std::size_t j = c; j < std::min(columns, c + tile); ++j)
                for (std::size_t i = r; i < std::min(rows, r + tile); ++i)
                    out[j * rows + i] = in[i * columns + j];
}

} // namespace pikv
#endif
