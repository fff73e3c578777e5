// SPDX-License-Identifier: GPL-3.0-or-later
// The one walk over all levels, the same for both directions, compiled for several kinds of processors. No branch but
// that of rare, large levels depends on what is decoded.
#include "core/kernels/levelstream.h"
#include "core/kernels/levelmodels.h"
#include "core/kernels/symbolcoder.h"
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
/// Levels of a block, which are gathered before they are coded.
constexpr std::size_t blockLevels = std::size_t { 1 } << 18;
constexpr std::uint32_t largest = 32767;
/// The symbol of all that are as great or greater.
constexpr std::uint32_t escape = SymbolModel::symbols - 1;
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

/// What both directions know and learn of a stream.
struct LevelState {
    const LevelLayout layout;
    LevelModels models;
    const LevelContexts contexts { models };
    LevelExpectations expected;
    explicit LevelState(const LevelLayout& of)
        : layout(of)
        , expected(of.sizes.first(of.components))
    {
    }
    LevelState(const LevelState&) = delete; // contexts point into models
    LevelState& operator=(const LevelState&) = delete;
    std::size_t tokens() const { return layout.stepClasses.size(); }
    bool beginsBlock(std::size_t t) const { return t % m_tokensInBlock == 0; }
    bool endsBlock(std::size_t t) const { return beginsBlock(t + 1) || t + 1 == tokens(); }
    std::size_t mostInBlock() const { return std::min(m_tokensInBlock, tokens()) * layout.components; }

private:
    const std::size_t m_tokensInBlock
        = std::max<std::size_t>(1, blockLevels / std::max<std::size_t>(1, layout.components));
};

} // namespace
} // namespace pikv
#endif

HWY_BEFORE_NAMESPACE();
namespace pikv::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
/// A model's eight numbers are one vector where there are such.
using Eight = hn::CappedTag<std::int16_t, SymbolModel::symbols>;

/// log2 of a size of at least 4, in quarters, as levelcontext.cpp has it.
HWY_INLINE std::uint32_t quartersOf(LevelSize size)
{
#if defined(__x86_64__) && defined(__GNUC__)
    // Into a register that is zero: bsr waits for what its target held before, which compilers do not think of and
    // which would chain one component to the next.
    std::uint32_t high = 0;
    __asm__("bsr %1, %0" : "+r"(high) : "r"(size) : "cc");
#else
    const auto high = static_cast<std::uint32_t>(std::bit_width(size) - 1);
#endif
    return 4 * high + (size >> (high - 2)) - 4;
}

/// Where symbols begin by the mean of two models: [symbol] to [symbol + 1], less 2^14.
class SymbolBounds {
public:
    HWY_INLINE SymbolBounds(const SymbolModel& a, const SymbolModel& b)
    {
        const Eight d;
        const hn::RebindToUnsigned<Eight> du;
        m_bounds[first] = -half;
        for (std::size_t i = 0; i < SymbolModel::symbols; i += hn::Lanes(d)) {
            const auto mean = hn::BitCast(d,
                hn::AverageRound(hn::BitCast(du, hn::Load(d, a.state.data() + i)),
                    hn::BitCast(du, hn::Load(d, b.state.data() + i))));
            hn::Store(hn::Add(hn::And(mean, hn::Load(d, used.data() + i)), hn::Load(d, moved.data() + i)), d,
                m_bounds.data() + first + 1 + i);
        }
    }
    /// `slot` less 2^14, too.
    HWY_INLINE std::size_t symbolAt(std::int16_t slot) const
    {
        const Eight d;
        const auto behind = hn::Set(d, static_cast<std::int16_t>(slot + 1));
        std::size_t below = 0;
        for (std::size_t i = 0; i < SymbolModel::symbols; i += hn::Lanes(d))
            below += hn::CountTrue(d, hn::Lt(hn::Load(d, m_bounds.data() + first + 1 + i), behind));
        return below;
    }
    HWY_INLINE std::int16_t operator[](std::size_t symbol) const { return m_bounds[first + symbol]; }

    static constexpr std::int16_t half = 1 << (SymbolModel::precision - 1);

private:
    static constexpr std::size_t first = SymbolModel::symbols - 1; // so that what follows is aligned
    using Numbers = std::array<std::int16_t, SymbolModel::symbols>;
    alignas(16) static constexpr Numbers used { -1, -1, -1, -1, -1, -1, -1, 0 };
    alignas(16) static constexpr Numbers moved = [] {
        Numbers values {};
        for (int i = 0; i < SymbolModel::symbols; ++i)
            values[static_cast<std::size_t>(i)] = static_cast<std::int16_t>((i + 1) * SymbolModel::least - half);
        values.back() = half;
        return values;
    }();
    alignas(32) std::array<std::int16_t, 2 * SymbolModel::symbols> m_bounds;
};

/// Makes the symbol that was seen likelier.
HWY_INLINE void learn(SymbolModel& model, std::size_t symbol)
{
    const Eight d;
    const std::int16_t* rate = symbolLessons.rates[static_cast<std::size_t>(model.state.back())].data();
    const std::int16_t* target = symbolLessons.targets[symbol].data();
    for (std::size_t i = 0; i < SymbolModel::symbols; i += hn::Lanes(d)) {
        const auto state = hn::Load(d, model.state.data() + i);
        const auto missing = hn::Sub(hn::Load(d, target + i), state);
        hn::Store(hn::Add(state, hn::MulFixedPoint15(missing, hn::Load(d, rate + i))), d, model.state.data() + i);
    }
}

/// Writes levels.
struct Writer {
    SymbolEncoder* coder;
    const std::int16_t* levels;

    HWY_INLINE std::uint32_t code(std::size_t j, SymbolModel& a, SymbolModel& b, int plainBits)
    {
        const auto size = static_cast<std::uint32_t>(std::abs(levels[j])), upper = size >> plainBits;
        const std::uint32_t symbol = std::min(upper, escape);
        const SymbolBounds bounds(a, b);
        coder->put({ static_cast<std::uint16_t>(bounds[symbol] + SymbolBounds::half),
            static_cast<std::uint16_t>(bounds[symbol + 1] - bounds[symbol]) });
        learn(a, symbol);
        learn(b, symbol);
        if (symbol == escape) {
            // Elias' gamma code.
            const std::uint32_t more = upper - escape + 1;
            coder->putRaw(more, 2 * static_cast<int>(std::bit_width(more)) - 1);
        }
        coder->putRaw(size & ((1U << plainBits) - 1), plainBits);
        return size;
    }
    /// Behind the sizes of a token.
    void signs(std::size_t count)
    {
        for (std::size_t j = 0; j < count; ++j)
            coder->putRaw(levels[j] < 0, levels[j] != 0);
    }
};

/// The inverse: symbols as the writer learned them.
struct Reader {
    SymbolReader coder;
    std::int16_t* levels;

    HWY_INLINE std::uint32_t code(std::size_t j, SymbolModel& a, SymbolModel& b, int plainBits)
    {
        const SymbolBounds bounds(a, b);
        const auto slot = static_cast<std::int16_t>(coder.slot() - SymbolBounds::half);
        const std::size_t symbol = bounds.symbolAt(slot);
        const int start = bounds[symbol];
        coder.take(static_cast<std::uint32_t>(bounds[symbol + 1] - start), static_cast<std::uint32_t>(slot - start));
        learn(a, symbol);
        learn(b, symbol);
        auto size = static_cast<std::uint32_t>(symbol);
        if (HWY_UNLIKELY(symbol == escape || plainBits > 0))
            size = rest(size, plainBits);
        levels[j] = static_cast<std::int16_t>(size);
        return size;
    }
    /// Gives the sizes of a token their signs.
    void signs(std::size_t count)
    {
        constexpr std::size_t atOnce = 56; // raw() has more
        for (std::size_t first = 0; first < count; first += atOnce) {
            std::uint64_t raw = coder.raw();
            for (std::size_t j = first; j < std::min(count, first + atOnce); ++j) {
                // Without a branch: as likely as not.
                const int isThere = levels[j] != 0, negative = -(static_cast<int>(raw >> 63) & isThere);
                raw <<= isThere;
                coder.rawBits += isThere;
                levels[j] = static_cast<std::int16_t>((levels[j] ^ negative) - negative);
            }
        }
    }

private:
    /// The size of which a symbol tells the upper bits, or that they are many.
    std::uint32_t rest(std::uint32_t upper, int plainBits)
    {
        std::uint64_t raw = coder.raw();
        if (upper == escape) {
            const int zeros = std::min(std::countl_zero(raw), 15);
            upper += static_cast<std::uint32_t>(raw >> (63 - 2 * zeros)) - 1;
            raw <<= 2 * zeros + 1;
            coder.rawBits += 2 * zeros + 1;
        }
        coder.rawBits += plainBits;
        return std::min(upper << plainBits | static_cast<std::uint32_t>(raw >> 1 >> (63 - plainBits)), largest);
    }
};

/// Codes a token's levels one after the other.
template <typename Coder>
struct TokenWalk {
    Coder coder;
    const LevelContexts& contexts;
    const LevelExpectations& expected;
    /// Sums over the stronger components, nearer ones count more: without the last one, which a level would wait for
    /// while all that leads from a sum to a model is looked up; and with it.
    LevelSize seenBefore = 0, seen = 0;
    std::uint32_t left = 0, beforeLeft = 0; ///< the last one, at most 2, and the one before it, at most 1

    TokenWalk(const Coder& at, const LevelState& state)
        : coder(at)
        , contexts(state.contexts)
        , expected(state.expected)
    {
    }
    HWY_INLINE void step(std::size_t j)
    {
        const LevelExpectations::Component known = expected.of(j);
        const std::uint32_t surprise = quartersOf(seenBefore + surpriseDoubt) - known.sum() + farthest;
        const LevelContext& context = contexts[known.own() + moves[surprise]];
        const std::uint32_t size = coder.code(
            j, *context.bySize, context.byNeighbours[known.before() + 3 * left + beforeLeft], context.plainBits);
        seenBefore = seen;
        seen += (size << levelOne) - (seen >> levelMemory);
        beforeLeft = left > 0;
        left = std::min(size, 2U);
    }
};

void writeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job)
{
    const auto state = std::make_unique<LevelState>(layout);
    SymbolEncoder encoder(out, state->mostInBlock());
    for (std::size_t t = 0; t < state->tokens(); ++t, levels += layout.components) {
        if (t % pollTokens == 0)
            job.checkpoint();
        state->expected.expect(layout.stepClasses[t]);
        TokenWalk<Writer> walk({ &encoder, levels }, *state);
        for (std::size_t j = 0; j < layout.components; ++j)
            walk.step(j);
        walk.coder.signs(layout.components);
        state->expected.learn(levels);
        if (state->endsBlock(t))
            encoder.endBlock();
    }
    encoder.finish();
}

/// A stream that is read token by token.
class LevelReading {
public:
    explicit LevelReading(const StoredLevels& stored)
        : m_state(stored.layout)
        , m_source(stored.bytes, stored.layout.components)
        , m_reader { m_source.reader(), stored.levels }
    {
    }
    std::size_t tokens() const { return m_state.tokens(); }
    std::size_t components() const { return m_state.layout.components; }
    TokenWalk<Reader> begin(std::size_t t)
    {
        if (m_state.beginsBlock(t))
            m_source.beginBlock(m_reader.coder);
        m_state.expected.expect(m_state.layout.stepClasses[t]);
        return { m_reader, m_state };
    }
    void end(std::size_t t, const TokenWalk<Reader>& walk)
    {
        m_reader.coder = walk.coder.coder;
        m_reader.signs(components());
        m_source.check(m_reader.coder);
        m_state.expected.learn(m_reader.levels);
        m_reader.levels += components();
        if (m_state.endsBlock(t))
            m_source.endBlock(m_reader.coder);
    }
    void finish() const { m_source.finish(m_reader.coder); }

private:
    LevelState m_state;
    const SymbolSource m_source;
    Reader m_reader;
};

void readAlone(LevelReading& reading, std::size_t first, const JobControl& job)
{
    for (std::size_t t = first; t < reading.tokens(); ++t) {
        if (t % pollTokens == 0)
            job.checkpoint();
        TokenWalk<Reader> walk = reading.begin(t);
        for (std::size_t j = 0; j < reading.components(); ++j)
            walk.step(j);
        reading.end(t, walk);
    }
    reading.finish();
}

void readLevels(const StoredLevels& stored, const JobControl& job)
{
    readAlone(*std::make_unique<LevelReading>(stored), 0, job);
}

void readBothLevels(const StoredLevels& one, const StoredLevels& other, const JobControl& job)
{
    const auto a = std::make_unique<LevelReading>(one), b = std::make_unique<LevelReading>(other);
    const std::size_t tokens = std::min(a->tokens(), b->tokens()),
                      components = std::min(a->components(), b->components());
    for (std::size_t t = 0; t < tokens; ++t) {
        if (t % pollTokens == 0)
            job.checkpoint();
        TokenWalk<Reader> first = a->begin(t), second = b->begin(t);
        for (std::size_t j = 0; j < components; ++j) {
            first.step(j);
            second.step(j);
        }
        for (std::size_t j = components; j < a->components(); ++j)
            first.step(j);
        for (std::size_t j = components; j < b->components(); ++j)
            second.step(j);
        a->end(t, first);
        b->end(t, second);
    }
    readAlone(*a, tokens, job);
    readAlone(*b, tokens, job);
}

} // namespace pikv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pikv {
HWY_EXPORT(writeLevels);
HWY_EXPORT(readLevels);
HWY_EXPORT(readBothLevels);

void encodeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job)
{
    HWY_DYNAMIC_DISPATCH(writeLevels)(layout, levels, out, job);
}

void decodeLevels(const StoredLevels& stored, const JobControl& job) { HWY_DYNAMIC_DISPATCH(readLevels)(stored, job); }

void decodeLevels(const StoredLevels& one, const StoredLevels& other, const JobControl& job)
{
    HWY_DYNAMIC_DISPATCH(readBothLevels)(one, other, job);
}

} // namespace pikv
#endif
