// SPDX-License-Identifier: GPL-3.0-or-later
// Expected sizes of a token's levels by Highway's vectors. What one machine wrote another reads: products, sums and
// comparisons of f32 are the same everywhere, one by one (this library is compiled without contracted ones), and none
// is so small that a processor might take it for 0.
#include "core/kernels/levelcontext.h"
#include "core/kernels/levelstream.h"
#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/levelcontext.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Words = hn::RebindToSigned<Floats>;

/// log2 in quarters, rounded down, where the mantissa is taken for the logarithm's rest. Of positive numbers.
HWY_INLINE hn::Vec<Words> quarters(hn::Vec<Floats> size)
{
    const hn::RebindToUnsigned<Words> bits;
    return hn::Sub(hn::BitCast(Words(), hn::ShiftRight<21>(hn::BitCast(bits, size))), hn::Set(Words(), 4 * 127));
}

HWY_INLINE std::int32_t* words(LevelSize* of) { return reinterpret_cast<std::int32_t*>(of); }

/// What components of these sizes are expected to have with steps that make them `factor` times as large, and the
/// logarithms of that beside what is known of the token before. `count` is a whole number of vectors, as below.
void expectSizes(
    const float* sizes, float factor, std::size_t count, LevelSize* before, LevelSize* expected, LevelSize* context)
{
    const Floats d;
    const Words dw;
    const auto by = hn::Set(d, factor), one = hn::Set(d, 1 << levelOne), largest = hn::Set(d, 32767);
    const auto floor = hn::Set(d, 1.0F / 50); // no component is taken for surer
    const auto lowest = hn::Set(dw, lowestContext - mostSurprise / 2 - 64);
    const auto most = hn::Set(dw, highestContext - lowestContext + 2 * (mostSurprise / 2));
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
        const auto own = hn::Min(hn::Mul(hn::LoadU(d, sizes + i), by), largest);
        hn::StoreU(hn::ConvertTo(dw, hn::Mul(own, one)), dw, words(expected) + i);
        const auto log = hn::Sub(quarters(hn::Add(own, floor)), lowest);
        const auto known = hn::LoadU(dw, words(before) + i);
        hn::StoreU(hn::Or(hn::Min(hn::Max(log, hn::Zero(dw)), most), known), dw, words(context) + i);
    }
}

/// Adds the logarithms of the sums.
void addSums(LevelSize* sums, std::size_t count, LevelSize* context)
{
    const Words d;
    const auto doubt = hn::Set(d, static_cast<std::int32_t>(surpriseDoubt));
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
        const auto log = quarters(hn::ConvertTo(Floats(), hn::Add(hn::LoadU(d, words(sums) + i), doubt)));
        const auto known = hn::LoadU(d, words(context) + i);
        hn::StoreU(hn::Or(known, hn::ShiftLeft<LevelExpectations::Component::sumAt>(log)), d, words(context) + i);
    }
}

/// Moves sizes by a share of the way to those of the levels, which are `factor` times as large at step class 0, and
/// tells the next token of them. One level more than `count` is there.
void learnSizes(
    const std::int16_t* levels, float factor, float share, std::size_t count, float* sizes, LevelSize* before)
{
    const Floats d;
    const Words dw;
    const hn::Rebind<std::int16_t, Words> dl;
    const auto by = hn::Set(d, factor), part = hn::Set(d, share), least = hn::Set(d, 1.0F / 65536);
    const auto few = hn::Set(dw, 2), any = hn::Set(dw, 1);
    const auto sized = [&](const std::int16_t* at) { return hn::Abs(hn::PromoteTo(dw, hn::LoadU(dl, at))); };
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
        const auto level = sized(levels + i);
        const auto plain = hn::Max(hn::Mul(hn::ConvertTo(d, level), by), least);
        const auto size = hn::LoadU(d, sizes + i);
        hn::StoreU(hn::Add(size, hn::Mul(hn::Sub(plain, size), part)), d, sizes + i);
        const auto own = hn::Min(level, few);
        const auto told = hn::Add(hn::Add(hn::ShiftLeft<3>(own), own), hn::Min(sized(levels + i + 1), any));
        hn::StoreU(hn::ShiftLeft<LevelExpectations::Component::beforeAt>(told), dw, words(before) + i);
    }
}

std::size_t lanesOfSizes() { return hn::Lanes(Floats()); }

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(expectSizes);
HWY_EXPORT(addSums);
HWY_EXPORT(learnSizes);
HWY_EXPORT(lanesOfSizes);

namespace {

/// Tokens that sizes are a mean of; what was known before counts as so many at first.
constexpr float firstRemembered = 16, mostRemembered = 96;

} // namespace

float levelSizeOf(int q)
{
    static constexpr float fractions[] = { 1, 1.18920712F, 1.41421356F, 1.68179283F };
    const int octave = q >= 0 ? q / 4 : -((3 - q) / 4);
    return std::ldexp(fractions[q - 4 * octave], octave);
}

LevelExpectations::LevelExpectations(std::span<const std::int16_t> sizes)
    : m_count(sizes.size())
    , m_remembered(firstRemembered)
{
    const std::size_t lanes = HWY_DYNAMIC_DISPATCH(lanesOfSizes)();
    const std::size_t whole = (m_count + lanes - 1) / lanes * lanes;
    m_sizes.assign(whole, 1.0F / 65536);
    for (std::size_t j = 0; j < m_count; ++j)
        m_sizes[j] = levelSizeOf(std::clamp<int>(sizes[j], leastLevelSize, largestLevelSize));
    for (auto* words : { &m_expected, &m_sums, &m_before, &m_context })
        words->resize(whole);
    m_levels.resize(whole + 1);
}

void LevelExpectations::expect(int stepClass)
{
    m_stepClass = stepClass;
    HWY_DYNAMIC_DISPATCH(expectSizes)
    (m_sizes.data(), levelSizeOf(-2 * stepClass), m_sizes.size(), m_before.data(), m_expected.data(), m_context.data());
    LevelSize sum = 0, next = 0; // nearer ones count more
    for (std::size_t j = 0; j < m_sizes.size(); ++j) {
        m_sums[j] = sum;
        sum = next;
        next = next + m_expected[j] - (next >> levelMemory);
    }
    HWY_DYNAMIC_DISPATCH(addSums)(m_sums.data(), m_sizes.size(), m_context.data());
}

void LevelExpectations::learn(const std::int16_t* levels)
{
    std::copy(levels, levels + m_count, m_levels.begin());
    HWY_DYNAMIC_DISPATCH(learnSizes)
    (m_levels.data(), levelSizeOf(2 * m_stepClass), 1 / m_remembered, m_sizes.size(), m_sizes.data(), m_before.data());
    m_remembered = std::min(m_remembered + 1, mostRemembered);
}

} // namespace pikv
#endif
