// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of f16, bf16, f32 and f64 to f32 and back, by Highway's vectors with a plain tail that gives the same bits.
#include "core/kernels/floatrows.h"
#include "core/base/bytes.h"
#include "core/base/half.h"
#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/floatrows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Whole vectors only; returns how many elements were done.
template <typename Half>
std::size_t promoteRows(const Half* source, std::size_t count, float* out)
{
    const hn::ScalableTag<float> df;
    const hn::Rebind<Half, decltype(df)> dh;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::PromoteTo(df, hn::LoadU(dh, source + i)), df, out + i);
    return i;
}

std::size_t halfToFloats(const std::uint16_t* source, std::size_t count, float* out)
{
    return promoteRows(reinterpret_cast<const hwy::float16_t*>(source), count, out);
}

std::size_t bfloatToFloats(const std::uint16_t* source, std::size_t count, float* out)
{
    return promoteRows(reinterpret_cast<const hwy::bfloat16_t*>(source), count, out);
}

std::size_t floatsToHalf(const float* source, std::size_t count, std::uint16_t* out)
{
    const hn::ScalableTag<float> df;
    const hn::Rebind<hwy::float16_t, decltype(df)> dh;
    const hn::RebindToSigned<decltype(df)> di;
    const std::size_t lanes = hn::Lanes(df);
    const auto limit = hn::Set(df, largestHalf);
    const auto infinity = hn::BitCast(df, hn::Set(di, 0x7F800000));
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const auto v = hn::LoadU(df, source + i);
        // NaN and infinity compare false and stay as they are.
        const auto tooLarge = hn::And(hn::Gt(hn::Abs(v), limit), hn::Lt(hn::Abs(v), infinity));
        const auto clamped = hn::IfThenElse(tooLarge, hn::CopySign(limit, v), v);
        hn::StoreU(hn::DemoteTo(dh, clamped), dh, reinterpret_cast<hwy::float16_t*>(out + i));
    }
    return i;
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(halfToFloats);
HWY_EXPORT(bfloatToFloats);
HWY_EXPORT(floatsToHalf);

namespace {

/// Unaligned 16-bit data go through a small aligned buffer.
template <typename Convert, typename Scalar>
void promote(const void* source, std::size_t count, float* out, Convert convert, Scalar scalar)
{
    const auto* bytes = static_cast<const std::byte*>(source);
    std::size_t done = 0;
    if (reinterpret_cast<std::uintptr_t>(source) % 2 == 0)
        done = convert(static_cast<const std::uint16_t*>(source), count, out);
    for (std::size_t i = done; i < count; ++i)
        out[i] = scalar(loadLe<std::uint16_t>(bytes + 2 * i));
}

} // namespace

void toFloats(const void* source, DType dtype, std::size_t count, float* out)
{
    switch (dtype) {
    case DType::F16:
        return promote(source, count, out, HWY_DYNAMIC_DISPATCH(halfToFloats), halfToFloat);
    case DType::BF16:
        return promote(source, count, out, HWY_DYNAMIC_DISPATCH(bfloatToFloats), bfloatToFloat);
    case DType::F64:
        for (std::size_t i = 0; i < count; ++i)
            out[i] = static_cast<float>(loadLe<double>(static_cast<const std::byte*>(source) + 8 * i));
        return;
    default:
        std::memcpy(out, source, count * sizeof(float));
        return;
    }
}

void fromFloats(const float* source, DType dtype, std::size_t count, void* out)
{
    if (dtype == DType::F16) {
        auto* half = static_cast<std::uint16_t*>(out);
        for (std::size_t i = HWY_DYNAMIC_DISPATCH(floatsToHalf)(source, count, half); i < count; ++i)
            half[i] = floatToHalf(source[i]);
    } else if (dtype == DType::BF16) {
        auto* bfloat = static_cast<std::uint16_t*>(out);
        for (std::size_t i = 0; i < count; ++i)
            bfloat[i] = floatToBfloat(source[i]);
    } else if (dtype == DType::F64) {
        std::copy_n(source, count, static_cast<double*>(out));
    } else {
        std::memcpy(out, source, count * sizeof(float));
    }
}

} // namespace pikv
#endif
