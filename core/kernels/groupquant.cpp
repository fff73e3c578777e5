// SPDX-License-Identifier: GPL-3.0-or-later
// Asymmetric quantisation in groups, as KIVI (arXiv:2402.02750) and most others have it: minimum and step of a group at
// 16 bits, codes of 1 to 8 bits, packed; per token or per channel.
#include "core/kernels/groupquant.h"
#include "core/base/half.h"
#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/groupquant.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

/// Rounds (x - minimum) * inverse to the nearest code in 0 … top. NaN compares false and becomes code 0 on every
/// target; clamping before the conversion keeps it in an integer's range.
template <typename ByteTag>
HWY_INLINE void storeCodes(Vec x, Vec minimum, Vec inverse, int top, ByteTag db, std::uint8_t* codes)
{
    const Tag df;
    const auto level = hn::Mul(hn::Sub(x, minimum), inverse);
    const auto clamped = hn::Min(hn::IfThenElseZero(hn::Gt(level, hn::Zero(df)), level), hn::Set(df, float(top)));
    hn::StoreU(hn::DemoteTo(db, hn::NearestInt(clamped)), db, codes);
}

/// Widens the range by the finite ones of `v`: targets disagree on the least of a NaN and a number.
HWY_INLINE void widen(Vec v, Vec& least, Vec& most)
{
    const Tag df;
    const auto finite = hn::Le(hn::Abs(v), hn::Set(df, std::numeric_limits<float>::max()));
    least = hn::IfThenElse(finite, hn::Min(least, v), least);
    most = hn::IfThenElse(finite, hn::Max(most, v), most);
}

/// Channel ranges of whole vectors; returns how many channels were done.
std::size_t channelRanges(
    const float* rows, std::size_t tokens, std::size_t stride, std::size_t width, float* low, float* high)
{
    const Tag df;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t c = 0;
    for (; c + lanes <= width; c += lanes) {
        auto least = hn::Set(df, std::numeric_limits<float>::max()), most = hn::Neg(least);
        for (std::size_t t = 0; t < tokens; ++t)
            widen(hn::LoadU(df, rows + t * stride + c), least, most);
        hn::StoreU(least, df, low + c);
        hn::StoreU(most, df, high + c);
    }
    return c;
}

std::size_t channelCodes(const float* rows, std::size_t tokens, std::size_t stride, std::size_t width, int top,
    const float* minima, const float* inverses, std::uint8_t* codes)
{
    const Tag df;
    const hn::Rebind<std::uint8_t, Tag> db;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t c = 0;
    for (; c + lanes <= width; c += lanes) {
        const auto minimum = hn::LoadU(df, minima + c), inverse = hn::LoadU(df, inverses + c);
        for (std::size_t t = 0; t < tokens; ++t)
            storeCodes(hn::LoadU(df, rows + t * stride + c), minimum, inverse, top, db, codes + t * stride + c);
    }
    return c;
}

std::size_t channelValues(const std::uint8_t* codes, std::size_t tokens, std::size_t stride, std::size_t width,
    const float* minima, const float* scales, float* rows)
{
    const Tag df;
    const hn::RebindToSigned<Tag> di;
    const hn::Rebind<std::uint8_t, Tag> db;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t c = 0;
    for (; c + lanes <= width; c += lanes) {
        const auto minimum = hn::LoadU(df, minima + c), scale = hn::LoadU(df, scales + c);
        for (std::size_t t = 0; t < tokens; ++t) {
            const auto code = hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(db, codes + t * stride + c)));
            // Two roundings on every target: a fused multiply-add would give other bytes on other machines.
            hn::StoreU(hn::Add(hn::Mul(code, scale), minimum), df, rows + t * stride + c);
        }
    }
    return c;
}

std::size_t groupRange(const float* values, std::size_t count, float& low, float& high)
{
    const Tag df;
    const std::size_t lanes = hn::Lanes(df);
    if (count < lanes)
        return 0;
    auto least = hn::Set(df, std::numeric_limits<float>::max()), most = hn::Neg(least);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        widen(hn::LoadU(df, values + i), least, most);
    low = hn::GetLane(hn::MinOfLanes(df, least));
    high = hn::GetLane(hn::MaxOfLanes(df, most));
    return i;
}

std::size_t groupCodes(
    const float* values, std::size_t count, int top, float minimum, float inverse, std::uint8_t* codes)
{
    const Tag df;
    const hn::Rebind<std::uint8_t, Tag> db;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        storeCodes(hn::LoadU(df, values + i), hn::Set(df, minimum), hn::Set(df, inverse), top, db, codes + i);
    return i;
}

std::size_t groupValues(const std::uint8_t* codes, std::size_t count, float minimum, float scale, float* values)
{
    const Tag df;
    const hn::RebindToSigned<Tag> di;
    const hn::Rebind<std::uint8_t, Tag> db;
    const std::size_t lanes = hn::Lanes(df);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const auto code = hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(db, codes + i)));
        hn::StoreU(hn::Add(hn::Mul(code, hn::Set(df, scale)), hn::Set(df, minimum)), df, values + i);
    }
    return i;
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(channelRanges);
HWY_EXPORT(channelCodes);
HWY_EXPORT(channelValues);
HWY_EXPORT(groupRange);
HWY_EXPORT(groupCodes);
HWY_EXPORT(groupValues);

namespace {

constexpr std::size_t maxChunk = 512; ///< channels worked on at a time, so that the tables stay on the stack

/// Of the finite values seen so far; empty at first.
struct Range {
    float low = std::numeric_limits<float>::max(), high = -std::numeric_limits<float>::max();

    void widen(float x)
    {
        if (std::isfinite(x)) {
            low = std::min(low, x);
            high = std::max(high, x);
        }
    }
    Range orZero() const { return low <= high ? *this : Range { 0, 0 }; }
};

struct Step {
    std::uint16_t scale16, minimum16;
    float scale, minimum, inverse;

    /// Adding 0 makes -0 into 0, whichever of the two a target calls the smaller.
    Step(const Range& range, int top)
        : scale16(floatToHalf(std::min(range.high - range.low, std::numeric_limits<float>::max()) / float(top) + 0.0f))
        // Where the range is too small for f16, its middle is the best single value.
        , minimum16(
              floatToHalf((halfToFloat(scale16) > 0 ? range.low : range.low + (range.high - range.low) / 2) + 0.0f))
        , scale(halfToFloat(scale16))
        , minimum(halfToFloat(minimum16))
        , inverse(scale > 0 ? 1.0f / scale : 0.0f)
    {
    }
};

std::uint8_t scalarCode(float x, float minimum, float inverse, int top)
{
    const float level = std::nearbyint((x - minimum) * inverse);
    return static_cast<std::uint8_t>(level > 0 ? std::min(level, float(top)) : 0.0f); // NaN compares false: code 0
}

/// At most maxChunk channels of rows that lie `stride` floats apart.
void encodeChunk(const float* rows, std::size_t tokens, std::size_t stride, std::size_t width, int top,
    std::uint16_t* scales, std::uint16_t* minima, std::uint8_t* codes)
{
    float low[maxChunk], high[maxChunk], inverse[maxChunk];
    for (std::size_t c = HWY_DYNAMIC_DISPATCH(channelRanges)(rows, tokens, stride, width, low, high); c < width; ++c) {
        Range range;
        for (std::size_t t = 0; t < tokens; ++t)
            range.widen(rows[t * stride + c]);
        low[c] = range.low;
        high[c] = range.high;
    }
    for (std::size_t c = 0; c < width; ++c) {
        const Step step(Range { low[c], high[c] }.orZero(), top);
        scales[c] = step.scale16;
        minima[c] = step.minimum16;
        low[c] = step.minimum;
        inverse[c] = step.inverse;
    }
    std::size_t c = HWY_DYNAMIC_DISPATCH(channelCodes)(rows, tokens, stride, width, top, low, inverse, codes);
    for (; c < width; ++c)
        for (std::size_t t = 0; t < tokens; ++t)
            codes[t * stride + c] = scalarCode(rows[t * stride + c], low[c], inverse[c], top);
}

void decodeChunk(const std::uint8_t* codes, std::size_t tokens, std::size_t stride, std::size_t width,
    const std::uint16_t* scales, const std::uint16_t* minima, float* rows)
{
    float scale[maxChunk], minimum[maxChunk];
    for (std::size_t c = 0; c < width; ++c) {
        scale[c] = halfToFloat(scales[c]);
        minimum[c] = halfToFloat(minima[c]);
    }
    std::size_t c = HWY_DYNAMIC_DISPATCH(channelValues)(codes, tokens, stride, width, minimum, scale, rows);
    for (; c < width; ++c)
        for (std::size_t t = 0; t < tokens; ++t)
            rows[t * stride + c] = float(codes[t * stride + c]) * scale[c] + minimum[c];
}

} // namespace

void quantiseChannels(const float* rows, std::size_t tokens, std::size_t dim, int bits, std::uint16_t* scales,
    std::uint16_t* minima, std::uint8_t* codes)
{
    for (std::size_t c = 0; c < dim; c += maxChunk)
        encodeChunk(
            rows + c, tokens, dim, std::min(maxChunk, dim - c), (1 << bits) - 1, scales + c, minima + c, codes + c);
}

void dequantiseChannels(const std::uint8_t* codes, std::size_t tokens, std::size_t dim, const std::uint16_t* scales,
    const std::uint16_t* minima, float* rows)
{
    for (std::size_t c = 0; c < dim; c += maxChunk)
        decodeChunk(codes + c, tokens, dim, std::min(maxChunk, dim - c), scales + c, minima + c, rows + c);
}

void quantiseGroup(
    const float* values, std::size_t count, int bits, std::uint16_t& scale, std::uint16_t& minimum, std::uint8_t* codes)
{
    const int top = (1 << bits) - 1;
    Range range;
    for (std::size_t i = HWY_DYNAMIC_DISPATCH(groupRange)(values, count, range.low, range.high); i < count; ++i)
        range.widen(values[i]);
    const Step step(range.orZero(), top);
    scale = step.scale16;
    minimum = step.minimum16;
    for (std::size_t i = HWY_DYNAMIC_DISPATCH(groupCodes)(values, count, top, step.minimum, step.inverse, codes);
         i < count; ++i)
        codes[i] = scalarCode(values[i], step.minimum, step.inverse, top);
}

void dequantiseGroup(
    const std::uint8_t* codes, std::size_t count, std::uint16_t scale, std::uint16_t minimum, float* values)
{
    const float s = halfToFloat(scale), m = halfToFloat(minimum);
    for (std::size_t i = HWY_DYNAMIC_DISPATCH(groupValues)(codes, count, m, s, values); i < count; ++i)
        values[i] = float(codes[i]) * s + m;
}

} // namespace pikv
#endif
