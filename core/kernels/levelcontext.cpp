// SPDX-License-Identifier: GPL-3.0-or-later
// Expected sizes of a token's levels by Highway's vectors. All in integers, so that what one machine wrote another
// reads: 64 bits each, f64 only as the place where an integer's highest bits stand.
#include "core/kernels/levelcontext.h"
#include "core/kernels/levelstream.h"
#include <algorithm>
#include <cstdlib>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/levelcontext.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<std::int64_t>;
using Vector = hn::Vec<Tag>;

/// a * b, both below 2^32.
HWY_INLINE Vector times(Vector a, Vector b)
{
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(Tag(), hn::GetLane(a) * hn::GetLane(b));
#else
    const hn::Repartition<std::uint32_t, Tag> words;
    return hn::BitCast(Tag(), hn::MulEven(hn::BitCast(words, a), hn::BitCast(words, b)));
#endif
}

/// Of numbers that are not negative: AVX2 has no shift that keeps signs.
template <int bits>
HWY_INLINE Vector right(Vector a)
{
    return hn::BitCast(Tag(), hn::ShiftRight<bits>(hn::BitCast(hn::RebindToUnsigned<Tag>(), a)));
}

/// Of sizes from 1 to 2^52 - 1: log2 in quarters, rounded down where the mantissa is taken for the logarithm's rest.
HWY_INLINE Vector quarters(Vector size)
{
    const hn::RebindToFloat<Tag> df;
    const Vector above = hn::Set(Tag(), std::int64_t { 0x433 } << 52); // 2^52, whose last bit is worth 1
    const auto exact = hn::Sub(hn::BitCast(df, hn::Or(size, above)), hn::BitCast(df, above));
    return hn::Sub(right<50>(hn::BitCast(Tag(), exact)), hn::Set(Tag(), 4 * 1023));
}

/// What components of these sizes are expected to have with steps that make them `factor` / 2^16 times as large, and
/// the logarithms of that. `count` is a whole number of vectors, as below.
void expectSizes(const LevelSize* sizes, LevelSize factor, std::size_t count, LevelSize* expected, LevelSize* logs)
{
    const Tag d;
    constexpr std::int64_t floorSize = (std::int64_t { 1 } << levelOne) / 50; // no component is taken for surer
    const Vector by = hn::Set(d, static_cast<std::int64_t>(factor));
    const Vector low = hn::Set(d, 0xFFFF), least = hn::Set(d, 1), floor = hn::Set(d, floorSize);
    const Vector lowest = hn::Set(d, lowestContext - mostSurprise / 2);
    const Vector most = hn::Set(d, highestContext - lowestContext + 2 * (mostSurprise / 2));
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
        const Vector size = hn::LoadU(d, reinterpret_cast<const std::int64_t*>(sizes) + i);
        const Vector scaled = hn::Add(times(right<levelOne>(size), by), right<levelOne>(times(hn::And(size, low), by)));
        const Vector own = hn::Max(scaled, least);
        hn::StoreU(own, d, reinterpret_cast<std::int64_t*>(expected) + i);
        const Vector log = hn::Sub(quarters(hn::Add(own, floor)), lowest);
        hn::StoreU(hn::Min(hn::Max(log, hn::Zero(d)), most), d, reinterpret_cast<std::int64_t*>(logs) + i);
    }
}

/// Adds the logarithms of the sums in the upper halves of `logs`.
void addSums(const LevelSize* sums, std::size_t count, LevelSize* logs)
{
    const Tag d;
    const Vector doubt = hn::Set(d, static_cast<std::int64_t>(surpriseDoubt));
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
        auto* place = reinterpret_cast<std::int64_t*>(logs) + i;
        const Vector sum = hn::LoadU(d, reinterpret_cast<const std::int64_t*>(sums) + i);
        hn::StoreU(hn::Or(hn::LoadU(d, place), hn::ShiftLeft<32>(quarters(hn::Add(sum, doubt)))), d, place);
    }
}

/// Moves sizes towards those of the levels, which are `factor` / 2^16 times as large at step class 0. Returns how many
/// were done: whole vectors only.
std::size_t learnSizes(
    const std::int16_t* levels, LevelSize factor, LevelSize least, std::size_t count, LevelSize* sizes)
{
    const Tag d;
    const hn::Rebind<std::int32_t, Tag> d32;
    const hn::Rebind<std::int16_t, Tag> d16;
    constexpr int tokenMemory = 5; // so many tokens, 32, are remembered
    const Vector by = hn::Set(d, static_cast<std::int64_t>(factor));
    const Vector floor = hn::Set(d, static_cast<std::int64_t>(least));
    const Vector most = hn::Set(d, static_cast<std::int64_t>(largestLevelMean));
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
        const Vector level = hn::PromoteTo(d, hn::Abs(hn::PromoteTo(d32, hn::LoadU(d16, levels + i))));
        const Vector plain = hn::Min(hn::Max(times(level, by), floor), most);
        auto* place = reinterpret_cast<std::int64_t*>(sizes) + i;
        const Vector size = hn::LoadU(d, place), miss = hn::Sub(plain, size);
        const auto isLess = hn::Lt(miss, hn::Zero(d));
        const Vector part = right<tokenMemory>(hn::IfThenElse(isLess, hn::Neg(miss), miss));
        hn::StoreU(hn::IfThenElse(isLess, hn::Sub(size, part), hn::Add(size, part)), d, place);
    }
    return i;
}

/// |level| of each component and of the next, both at most 2, as one number.
void rememberLevels(const std::int16_t* levels, std::size_t count, std::uint8_t* before)
{
    const auto few = [&](std::size_t i) { return std::min(std::abs(static_cast<int>(levels[i])), 2); };
    for (std::size_t i = 0; i + 1 < count; ++i)
        before[i] = static_cast<std::uint8_t>(27 * few(i) + few(i + 1));
    if (count > 0)
        before[count - 1] = static_cast<std::uint8_t>(27 * few(count - 1));
}

std::size_t lanesOfSizes() { return hn::Lanes(Tag()); }

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(expectSizes);
HWY_EXPORT(addSums);
HWY_EXPORT(learnSizes);
HWY_EXPORT(rememberLevels);
HWY_EXPORT(lanesOfSizes);

LevelSize levelSizeOf(int q)
{
    static constexpr LevelSize fractions[] = { 65536, 77936, 92682, 110218 };
    const int octave = q >= 0 ? q / 4 : -((3 - q) / 4);
    const LevelSize fraction = fractions[q - 4 * octave];
    return octave >= 0 ? fraction << octave : std::max<LevelSize>(1, fraction >> -octave);
}

LevelExpectations::LevelExpectations(std::span<const std::int16_t> sizes)
    : m_count(sizes.size())
{
    const std::size_t lanes = HWY_DYNAMIC_DISPATCH(lanesOfSizes)();
    const std::size_t whole = (m_count + lanes - 1) / lanes * lanes;
    m_sizes.resize(whole, 1);
    for (std::size_t j = 0; j < m_count; ++j)
        m_sizes[j]
            = std::min(largestLevelMean, levelSizeOf(std::clamp<int>(sizes[j], leastLevelSize, largestLevelSize)));
    m_expected.resize(whole);
    m_sums.resize(whole);
    m_context.resize(whole);
    m_before.resize(m_count);
}

void LevelExpectations::expect(int stepClass)
{
    m_stepClass = stepClass;
    HWY_DYNAMIC_DISPATCH(expectSizes)
    (m_sizes.data(), levelSizeOf(-2 * stepClass), m_sizes.size(), m_expected.data(), m_context.data());
    LevelSize sum = 0; // nearer ones count more
    for (std::size_t j = 0; j < m_sizes.size(); ++j) {
        m_sums[j] = sum;
        sum = sum + m_expected[j] - (sum >> levelMemory);
    }
    HWY_DYNAMIC_DISPATCH(addSums)(m_sums.data(), m_sizes.size(), m_context.data());
}

void LevelExpectations::learn(const std::int16_t* levels)
{
    // At step class 0 a size may be 0, which nothing else rounds to.
    const LevelSize factor = levelSizeOf(2 * m_stepClass), least = m_stepClass == 0 ? 0 : 1;
    std::int16_t rest[64] = {};
    const std::size_t done = HWY_DYNAMIC_DISPATCH(learnSizes)(levels, factor, least, m_count, m_sizes.data());
    if (done < m_count) {
        std::copy(levels + done, levels + m_count, rest);
        HWY_DYNAMIC_DISPATCH(learnSizes)(rest, factor, least, m_sizes.size() - done, m_sizes.data() + done);
    }
    HWY_DYNAMIC_DISPATCH(rememberLevels)(levels, m_count, m_before.data());
}

} // namespace pikv
#endif
