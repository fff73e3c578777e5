// SPDX-License-Identifier: GPL-3.0-or-later
// The one walk over all levels, the same for both directions, compiled for several kinds of processors.
#include "core/kernels/levelstream.h"
#include "core/kernels/levelmodels.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <memory>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/levelstream.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef PIKV_LEVELSTREAM_ONCE
#define PIKV_LEVELSTREAM_ONCE
namespace pikv {
namespace {

constexpr std::size_t pollTokens = 64;
/// Logarithms in quarters lie below; the difference of two is within ± this.
constexpr int farthest = 256;

/// By the difference of two logarithms, from -farthest on: by how much it moves a context, plus mostSurprise / 2.
constexpr std::array<std::uint8_t, 2 * farthest> moves = [] {
    std::array<std::uint8_t, 2 * farthest> values {};
    for (int surprise = -farthest; surprise < farthest; ++surprise)
        values[static_cast<std::size_t>(surprise + farthest)]
            = static_cast<std::uint8_t>(std::clamp(surprise, -mostSurprise, mostSurprise) / 2 + mostSurprise / 2);
    return values;
}();

/// What a level is coded with.
struct alignas(32) LevelContext {
    BitModel *above, *zero; ///< LevelModels' of its size, and of its band
    int plainBits;
};

/// By LevelExpectations::own() and `moves`.
class LevelContexts {
public:
    explicit LevelContexts(LevelModels& models)
    {
        constexpr int around = 2 * (mostSurprise / 2); // ends are reached from so far beyond, by either
        for (int i = 0; i < static_cast<int>(m_contexts.size()); ++i) {
            const int q = std::clamp(i - around, 0, LevelModels::contexts - 1);
            m_contexts[static_cast<std::size_t>(i)] = { models.above[static_cast<std::size_t>(q)].data(),
                models.zero[static_cast<std::size_t>(q) / 4].data(), LevelModels::plainBitsOf(q + lowestContext) };
        }
    }
    const LevelContext& operator[](std::size_t i) const { return m_contexts[i]; }

private:
    std::array<LevelContext, LevelModels::contexts + 4 * (mostSurprise / 2)> m_contexts;
};

} // namespace
} // namespace pikv
#endif

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {

/// log2 of a size of at least 4, in quarters, as levelcontext.cpp has it.
HWY_INLINE std::uint32_t quartersOf(LevelSize size)
{
#if defined(__x86_64__) && defined(__GNUC__)
    // Into a register that is zero: bsr waits for what its target held before, which compilers do not think of and
    // which would chain one component to the next.
    std::uint64_t high = 0;
    __asm__("bsr %1, %0" : "+r"(high) : "r"(size) : "cc");
#else
    const auto high = static_cast<std::uint64_t>(std::bit_width(size) - 1);
#endif
    return static_cast<std::uint32_t>(4 * high + (size >> (high - 2)) - 4);
}

/// Puts or gets one token's levels by `coder`.
template <typename Coder>
void walkToken(Coder& state, const LevelContexts& contexts, const LevelExpectations& expected, std::size_t components)
{
    Coder coder = state; // in registers: what models and levels write cannot change it
    LevelSize seen = 0; // of the stronger components, nearer ones count more
    std::uint32_t left = 0, neighbours = 0; // the one before, at most 2; and both before
    for (std::size_t j = 0; j < components; ++j) {
        const std::uint32_t surprise = quartersOf(seen + surpriseDoubt) - expected.sum(j) + farthest;
        const LevelContext& context = contexts[expected.own(j) + moves[surprise]];
        BitModel& zero = context.zero[expected.before(j) + neighbours];
        seen -= seen >> levelMemory;
        neighbours = 3 * left;
        left = 0;
        const bool isAbove = coder.isAbove(j, context.above[0], zero, context.plainBits);
        if (!isAbove && context.plainBits == 0)
            continue;
        const std::uint32_t size = coder.rest(j, context.above, context.plainBits, isAbove);
        seen += LevelSize { size } << levelOne;
        left = std::min(size, 2U);
        neighbours += 9 * left;
    }
    state = coder;
}

struct Writer {
    AdaptiveEncoder coder;
    const std::int16_t* levels;

    /// Whether anything of a level is left above its plain bits.
    HWY_INLINE bool isAbove(std::size_t j, BitModel& above, BitModel& zero, int plainBits)
    {
        const bool bit = std::abs(levels[j]) >> plainBits > 0;
        if (bit)
            coder.put(true, above, zero); // a branch comes anyway: what is coded is known in it
        else
            coder.put(false, above, zero);
        return bit;
    }
    /// What comes behind. Returns |level|.
    HWY_INLINE std::uint32_t rest(std::size_t j, BitModel* above, int plainBits, bool isAbove)
    {
        const auto size = static_cast<std::uint32_t>(std::abs(levels[j])), upper = size >> plainBits;
        std::uint32_t reached = isAbove;
        for (; reached > 0 && reached <= LevelModels::unary; ++reached) {
            if (upper <= reached) {
                coder.put(false, above[reached]);
                break;
            }
            coder.put(true, above[reached]);
        }
        if (upper > LevelModels::unary)
            coder.putPlain(upper, LevelModels::escapeBits);
        coder.putPlain(size & ((1U << plainBits) - 1), plainBits);
        if (size > 0)
            coder.putPlain(levels[j] < 0, 1);
        return size;
    }
};

struct Reader {
    AdaptiveDecoder coder;
    std::int16_t* levels;

    HWY_INLINE bool isAbove(std::size_t j, BitModel& above, BitModel& zero, int)
    {
        levels[j] = 0;
        return coder.get(above, zero);
    }
    HWY_INLINE std::uint32_t rest(std::size_t j, BitModel* above, int plainBits, bool isAbove)
    {
        std::uint32_t upper = isAbove;
        while (upper > 0 && upper <= LevelModels::unary && coder.get(above[upper]))
            ++upper;
        if (upper > LevelModels::unary)
            upper = coder.getPlain(LevelModels::escapeBits);
        const std::uint32_t size = std::min(upper << plainBits | coder.getPlain(plainBits), 32767U);
        if (size > 0) {
            const int negative = -static_cast<int>(coder.getPlain(1)); // without a branch: as likely as not
            levels[j] = static_cast<std::int16_t>((static_cast<int>(size) ^ negative) - negative);
        }
        return size;
    }
};

template <typename Coder>
void walk(Coder& coder, const LevelLayout& layout, const JobControl& job)
{
    const auto models = std::make_unique<LevelModels>();
    const LevelContexts contexts(*models);
    LevelExpectations expected(layout.sizes.first(layout.components));
    for (std::size_t t = 0; t < layout.stepClasses.size(); ++t, coder.levels += layout.components) {
        if (t % pollTokens == 0)
            job.checkpoint();
        expected.expect(layout.stepClasses[t]);
        walkToken(coder, contexts, expected, layout.components);
        expected.learn(coder.levels);
    }
    coder.coder.finish();
}

void writeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job)
{
    Writer writer { AdaptiveEncoder(out), levels };
    walk(writer, layout, job);
}

void readLevels(const LevelLayout& layout, ByteSpan bytes, std::int16_t* levels, const JobControl& job)
{
    Reader reader { AdaptiveDecoder(bytes), levels };
    walk(reader, layout, job);
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(writeLevels);
HWY_EXPORT(readLevels);

void encodeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job)
{
    HWY_DYNAMIC_DISPATCH(writeLevels)(layout, levels, out, job);
}

void decodeLevels(const LevelLayout& layout, ByteSpan bytes, std::int16_t* levels, const JobControl& job)
{
    HWY_DYNAMIC_DISPATCH(readLevels)(layout, bytes, levels, job);
}

} // namespace pikv
#endif
