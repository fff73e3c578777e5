// SPDX-License-Identifier: GPL-3.0-or-later
// Asymmetric numeral systems of static models (rANS, Duda 2013, arXiv:1311.2540): four interleaved states, 16-bit
// words, and the frequency tables that both sides derive alike.
#include "core/kernels/rangecoder.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

namespace pikv {
namespace {

/// A state stays in [lowest, lowest * 2^16): one word moves at most a symbol.
constexpr std::uint32_t lowest = 1U << 15;
constexpr std::size_t lanes = 4, wordBytes = 2;

Error endsEarly() { return inputError("an entropy-coded section ends too early"); }

std::vector<std::uint32_t> shared(std::span<const double> weights)
{
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<std::uint32_t> frequencies;
    std::uint32_t given = 0;
    for (double weight : weights) {
        const auto f = static_cast<std::uint32_t>(weight / sum * FrequencyTable::total + 0.5);
        frequencies.push_back(weight > 0 ? std::max(1U, f) : 0U);
        given += frequencies.back();
    }
    // The most frequent symbol bears the rounding best; of equals the first.
    const auto largest = [&]() -> std::uint32_t& { return *std::max_element(frequencies.begin(), frequencies.end()); };
    if (given < FrequencyTable::total)
        largest() += FrequencyTable::total - given;
    while (given > FrequencyTable::total) {
        const std::uint32_t less = std::min(given - FrequencyTable::total, std::max(1U, largest() / 2));
        largest() -= less;
        given -= less;
    }
    return frequencies;
}

} // namespace

FrequencyTable::FrequencyTable(std::span<const double> weights)
{
    std::uint32_t begin = 0;
    for (const std::uint32_t f : shared(weights)) {
        const std::size_t s = m_bits.size();
        Step step { f << (31 - precision), ~0U, begin + total - 1, static_cast<std::uint16_t>(total - f), 0 };
        if (f >= 2) {
            std::uint32_t shift = 0;
            while (f > (1U << shift))
                ++shift;
            step.reciprocal = static_cast<std::uint32_t>(((std::uint64_t { 1 } << (shift + 31)) + f - 1) / f);
            step.shift = static_cast<std::uint16_t>(shift - 1);
            step.bias = begin;
        }
        m_steps[s] = step;
        m_slots[s] = f | begin << 16;
        m_bits.push_back(
            f ? static_cast<float>(precision - std::log2(double(f))) : std::numeric_limits<float>::infinity());
        std::fill_n(m_symbolAt.begin() + begin, f, static_cast<std::uint8_t>(s));
        begin += f;
    }
}

void rangeEncode(std::span<const SymbolRun> runs, Bytes& out)
{
    std::size_t count = 0;
    for (const SymbolRun& run : runs)
        count += run.symbols.size();
    // A symbol moves at most one word.
    const auto words = std::make_unique_for_overwrite<std::uint16_t[]>(count + 2 * lanes);
    std::uint16_t* const end = words.get() + count + 2 * lanes;
    std::uint16_t* top = end;
    std::uint32_t states[lanes] = { lowest, lowest, lowest, lowest };
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        const std::uint8_t* symbols = run->symbols.data();
        const FrequencyTable::Step* fixed = run->tables[0]->m_steps.data();
        for (std::size_t i = run->symbols.size(); i-- > 0;) {
            const FrequencyTable::Step* steps = run->contexts ? run->tables[run->contexts[i]]->m_steps.data() : fixed;
            const FrequencyTable::Step& step = steps[symbols[i]];
            std::uint32_t x = states[i % lanes];
            const bool full = x >= step.limit;
            top[-1] = static_cast<std::uint16_t>(x);
            top -= full;
            x = full ? x >> 16 : x;
            const auto quotient
                = static_cast<std::uint32_t>((std::uint64_t { x } * step.reciprocal) >> 32) >> step.shift;
            states[i % lanes] = x + step.bias + quotient * step.complement;
        }
    }
    for (std::size_t lane = lanes; lane-- > 0;) {
        *--top = static_cast<std::uint16_t>(states[lane] >> 16);
        *--top = static_cast<std::uint16_t>(states[lane]);
    }
    const ByteSpan bytes = asBytes(top, static_cast<std::size_t>(end - top) * wordBytes);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

RangeDecoder::RangeDecoder(ByteSpan bytes)
    : m_at(bytes.data())
    , m_end(bytes.data() + bytes.size())
{
    if (bytes.size() < lanes * 4)
        throw endsEarly();
    for (std::uint32_t& state : m_states) {
        state = loadLe<std::uint32_t>(m_at);
        m_at += 4;
        if (state < lowest || state >= lowest << 16)
            throw inputError("an entropy-coded section begins with a state that does not exist");
    }
}

template <typename TableOf>
void RangeDecoder::run(std::span<std::uint8_t> symbols, TableOf tableOf)
{
    constexpr std::uint32_t mask = FrequencyTable::total - 1;
    std::array<std::uint32_t, lanes> states = m_states;
    const std::byte* at = m_at;
    const auto step = [&](std::size_t i, std::uint32_t& x) {
        const FrequencyTable& table = tableOf(i);
        const std::uint32_t low = x & mask;
        const std::uint8_t symbol = table.m_symbolAt[low];
        const std::uint32_t slot = table.m_slots[symbol];
        symbols[i] = symbol;
        x = (slot & 0xFFFF) * (x >> FrequencyTable::precision) + low - (slot >> 16);
    };
    std::size_t i = 0;
    for (; i + lanes <= symbols.size() && static_cast<std::size_t>(m_end - at) >= lanes * wordBytes; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            std::uint32_t x = states[lane];
            step(i + lane, x);
            const std::uint32_t filled = x << 16 | loadLe<std::uint16_t>(at);
            const bool empty = x < lowest;
            states[lane] = empty ? filled : x;
            at += empty ? wordBytes : 0;
        }
    for (; i < symbols.size(); ++i) {
        std::uint32_t& x = states[i % lanes];
        step(i, x);
        if (x >= lowest)
            continue;
        if (static_cast<std::size_t>(m_end - at) < wordBytes)
            throw endsEarly();
        x = x << 16 | loadLe<std::uint16_t>(at);
        at += wordBytes;
    }
    m_states = states;
    m_at = at;
}

void RangeDecoder::decode(
    std::span<std::uint8_t> symbols, std::span<const FrequencyTable* const> tables, const std::uint8_t* contexts)
{
    if (contexts)
        run(symbols, [&](std::size_t i) -> const FrequencyTable& { return *tables[contexts[i]]; });
    else
        run(symbols, [&table = *tables[0]](std::size_t) -> const FrequencyTable& { return table; });
}

void RangeDecoder::finish() const
{
    const bool whole = std::all_of(m_states.begin(), m_states.end(), [](std::uint32_t x) { return x == lowest; });
    if (m_at != m_end || !whole)
        throw inputError("an entropy-coded section does not end where it should");
}

} // namespace pikv
