// SPDX-License-Identifier: GPL-3.0-or-later
// Transposes matrices of 16-bit and 32-bit elements by squares in registers.
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

template <typename T>
void square(const T* in, std::size_t, T* out, std::size_t)
{
    *out = *in;
}
constexpr std::size_t floatSide = 1;
#else
constexpr std::size_t side = 8, floatSide = 4;

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

/// The same of 4 x 4 floats, in two rounds.
void square(const float* in, std::size_t inStride, float* out, std::size_t outStride)
{
    const hn::FixedTag<float, floatSide> d1;
    const hn::Repartition<double, decltype(d1)> d2;
    const auto a = hn::LoadU(d1, in), b = hn::LoadU(d1, in + inStride), c = hn::LoadU(d1, in + 2 * inStride),
               d = hn::LoadU(d1, in + 3 * inStride);
    const auto lowAb = hn::BitCast(d2, hn::InterleaveLower(d1, a, b)),
               lowCd = hn::BitCast(d2, hn::InterleaveLower(d1, c, d));
    const auto highAb = hn::BitCast(d2, hn::InterleaveUpper(d1, a, b)),
               highCd = hn::BitCast(d2, hn::InterleaveUpper(d1, c, d));
    hn::StoreU(hn::BitCast(d1, hn::InterleaveLower(d2, lowAb, lowCd)), d1, out);
    hn::StoreU(hn::BitCast(d1, hn::InterleaveUpper(d2, lowAb, lowCd)), d1, out + outStride);
    hn::StoreU(hn::BitCast(d1, hn::InterleaveLower(d2, highAb, highCd)), d1, out + 2 * outStride);
    hn::StoreU(hn::BitCast(d1, hn::InterleaveUpper(d2, highAb, highCd)), d1, out + 3 * outStride);
}
#endif

/// In tiles as high as a cache line of the output, so that each is written whole before the next is begun.
template <std::size_t sideLength, typename T>
void transposeTiles(
    const T* in, std::size_t inStride, std::size_t rows, std::size_t columns, T* out, std::size_t outStride)
{
    constexpr std::size_t tile = 64 / sizeof(T);
    const std::size_t wholeRows = rows / sideLength * sideLength, wholeColumns = columns / sideLength * sideLength;
    for (std::size_t top = 0; top < wholeRows; top += tile)
        for (std::size_t c = 0; c < wholeColumns; c += sideLength)
            for (std::size_t r = top; r < std::min(wholeRows, top + tile); r += sideLength)
                square(in + r * inStride + c, inStride, out + c * outStride + r, outStride);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = r < wholeRows ? wholeColumns : 0; c < columns; ++c)
            out[c * outStride + r] = in[r * inStride + c];
}

void transposeRows(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out)
{
    transposeTiles<side>(in, columns, rows, columns, out, rows);
}

void transposeFloats(
    const float* in, std::size_t inStride, std::size_t rows, std::size_t columns, float* out, std::size_t outStride)
{
    transposeTiles<floatSide>(in, inStride, rows, columns, out, outStride);
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(transposeRows);
HWY_EXPORT(transposeFloats);

void transpose(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out)
{
    HWY_DYNAMIC_DISPATCH(transposeRows)(in, rows, columns, out);
}

void transpose(
    const float* in, std::size_t inStride, std::size_t rows, std::size_t columns, float* out, std::size_t outStride)
{
    HWY_DYNAMIC_DISPATCH(transposeFloats)(in, inStride, rows, columns, out, outStride);
}

} // namespace pikv
#endif
