// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients to levels and back by Highway's vectors, with a plain tail that gives the same bits.
#include "core/kernels/roundlevels.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/roundlevels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float largestOf(const float* values, std::size_t count)
{
    const hn::ScalableTag<float> d;
    auto largest = hn::Zero(d);
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
        const auto size = hn::Abs(hn::LoadU(d, values + i));
        largest = hn::IfThenElse(hn::Gt(size, largest), size, largest); // passes over NaN
    }
    float all = hn::GetLane(hn::MaxOfLanes(d, largest));
    for (; i < count; ++i)
        all = std::max(all, std::abs(values[i]));
    return all;
}

/// Whole vectors only, as below; returns how many were done.
std::size_t roundRows(
    const float* values, std::size_t count, float scale, float rounding, std::int16_t* levels, LevelMisses& misses)
{
    const hn::ScalableTag<double> dd;
    const hn::Rebind<float, decltype(dd)> d; // as many as doubles: misses are added up in those
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const auto by = hn::Set(d, scale), more = hn::Set(d, rounding), one = hn::Set(d, 1.0F);
    auto ones = hn::Zero(dd), all = hn::Zero(dd);
    std::size_t i = 0, oneCount = 0, count0 = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
        const auto value = hn::LoadU(d, values + i), size = hn::Mul(hn::Abs(value), by);
        const auto isNumber = hn::RebindMask(di, hn::Eq(size, size));
        const auto whole = hn::IfThenElseZero(isNumber, hn::ConvertTo(di, hn::Add(size, more)));
        const auto level = hn::ConvertTo(d, whole);
        const auto miss = hn::Sub(level, size); // exact: both are multiples of the size's last bit
        const auto isOne = hn::Eq(level, one), isNone = hn::Lt(level, one);
        ones = hn::Add(ones, hn::PromoteTo(dd, hn::IfThenElseZero(isOne, miss)));
        all = hn::Add(all, hn::PromoteTo(dd, hn::IfThenZeroElse(isNone, miss)));
        oneCount += hn::CountTrue(d, isOne);
        count0 += hn::CountTrue(d, isNone);
        const auto isNegative = hn::RebindMask(di, hn::Lt(value, hn::Zero(d)));
        hn::StoreU(hn::DemoteTo(d16, hn::IfThenElse(isNegative, hn::Neg(whole), whole)), d16, levels + i);
    }
    const double onesMiss = hn::GetLane(hn::SumOfLanes(dd, ones)), allMiss = hn::GetLane(hn::SumOfLanes(dd, all));
    misses.sums[0] += onesMiss;
    misses.sums[1] += allMiss - onesMiss;
    misses.counts[0] += static_cast<double>(oneCount);
    misses.counts[1] += static_cast<double>(i - count0 - oneCount);
    return i;
}

std::size_t rebuildRows(const std::int16_t* levels, std::size_t count, const float* shrinks, float step, float* out)
{
    const hn::ScalableTag<float> d;
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const auto by = hn::Set(d, step), one = hn::Set(d, 1.0F);
    const auto ofOne = hn::Set(d, shrinks[0]), ofMore = hn::Set(d, shrinks[1]);
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
        const auto level = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d16, levels + i)));
        const auto size = hn::Abs(level);
        const auto shrink = hn::IfThenElse(hn::Gt(size, one), ofMore, hn::IfThenElseZero(hn::Eq(size, one), ofOne));
        const auto rebuilt = hn::Sub(size, shrink);
        const auto isNegative = hn::Lt(level, hn::Zero(d));
        hn::StoreU(hn::Mul(hn::IfThenElse(isNegative, hn::Neg(rebuilt), rebuilt), by), d, out + i);
    }
    return i;
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(largestOf);
HWY_EXPORT(roundRows);
HWY_EXPORT(rebuildRows);

float largestSize(const float* values, std::size_t count) { return HWY_DYNAMIC_DISPATCH(largestOf)(values, count); }

void roundLevels(
    const float* values, std::size_t count, float scale, float rounding, std::int16_t* levels, LevelMisses& misses)
{
    for (std::size_t i = HWY_DYNAMIC_DISPATCH(roundRows)(values, count, scale, rounding, levels, misses); i < count;
         ++i) {
        const float size = std::abs(values[i]) * scale;
        const auto level = static_cast<std::int16_t>(std::isnan(size) ? 0 : size + rounding);
        levels[i] = values[i] < 0 ? static_cast<std::int16_t>(-level) : level;
        if (level > 0) {
            const std::size_t kind = level > 1;
            misses.sums[kind] += double(level) - double(size);
            ++misses.counts[kind];
        }
    }
}

void rebuildLevels(
    const std::int16_t* levels, std::size_t count, const std::array<float, 2>& shrinks, float step, float* out)
{
    for (std::size_t i = HWY_DYNAMIC_DISPATCH(rebuildRows)(levels, count, shrinks.data(), step, out); i < count; ++i) {
        const int size = std::abs(levels[i]);
        const float rebuilt = static_cast<float>(size) - (size > 1 ? shrinks[1] : size == 1 ? shrinks[0] : 0.0F);
        out[i] = (levels[i] < 0 ? -rebuilt : rebuilt) * step;
    }
}

} // namespace pikv
#endif
