// SPDX-License-Identifier: GPL-3.0-or-later
// What is done once a block or a token: the encoder's way backwards, and finding that a stream ends too early or late.
#include "core/kernels/symbolcoder.h"
#include "core/base/error.h"
#include <algorithm>

namespace pikv {
namespace {

constexpr std::size_t wordBytes = symbolstate::wordBits / 8, stateBytes = 4;

/// x / width for any x below 2^32 by products, as each state waits for the one before and divisions are slow (Alverson
/// 1991, Integer division using reciprocals); the reciprocal itself waits for nothing.
class Reciprocal {
public:
    explicit Reciprocal(std::uint32_t width)
    {
        // 2^50 / width and a little: its error, at most 1 + 2^-3, times 2^32 is below 2^50 / width.
        const auto value = static_cast<std::uint64_t>(static_cast<double>(std::uint64_t { 1 } << 50) / width) + 1;
        m_high = value >> lowBits;
        m_low = value & ((1U << lowBits) - 1);
    }
    std::uint32_t quotient(std::uint32_t x) const
    {
        return static_cast<std::uint32_t>((x * m_high + (x * m_low >> lowBits)) >> (50 - lowBits));
    }

private:
    static constexpr int lowBits = 18; // so that neither product nor their sum overflows
    std::uint64_t m_high, m_low;
};

Error endsEarly() { return inputError("an entropy-coded stream ends too early"); }
Error endsElsewhere() { return inputError("an entropy-coded stream does not end where it should"); }

} // namespace

void SymbolEncoder::endBlock()
{
    m_words.clear();
    std::uint32_t state = symbolstate::lowest;
    for (std::size_t i = m_count; i-- > 0;) {
        const SymbolSpan span = m_spans[i];
        constexpr int room = 2 * symbolstate::wordBits - symbolstate::precision;
        if (state >= static_cast<std::uint32_t>(span.width) << room) {
            m_words.push_back(static_cast<std::uint16_t>(state));
            state >>= symbolstate::wordBits;
        }
        const std::uint32_t quotient = Reciprocal(span.width).quotient(state);
        state = (quotient << symbolstate::precision) + state - quotient * span.width + span.start;
    }
    m_count = 0;
    appendLe(m_out, state);
    for (std::size_t i = m_words.size(); i-- > 0;)
        appendLe(m_out, m_words[i]);
}

void SymbolEncoder::finish()
{
    if (m_bitCount > 0)
        putRaw(0, 8 - m_bitCount);
    m_out.insert(m_out.end(), m_raw.rbegin(), m_raw.rend());
}

SymbolSource::SymbolSource(ByteSpan bytes, std::size_t most)
    : m_size(bytes.size())
{
    // What is read before it is found to be beyond the end is there, and 0.
    const std::size_t before = 6 * most + 16, after = wordBytes * most + stateBytes + wordBytes;
    m_padded.resize(before + bytes.size() + after);
    std::copy(bytes.begin(), bytes.end(), m_padded.begin() + static_cast<std::ptrdiff_t>(before));
    m_begin = m_padded.data() + before;
}

void SymbolSource::beginBlock(SymbolReader& reader) const
{
    reader.state = loadLe<std::uint32_t>(reader.at);
    reader.at += stateBytes;
    check(reader);
    if (reader.state < symbolstate::lowest)
        throw inputError("an entropy-coded stream begins with a state that does not exist");
}

void SymbolSource::check(const SymbolReader& reader) const
{
    if (reader.at - m_begin + (reader.rawBits + 7) / 8 > static_cast<std::int64_t>(m_size))
        throw endsEarly();
}

void SymbolSource::endBlock(const SymbolReader& reader) const
{
    if (reader.state != symbolstate::lowest)
        throw endsElsewhere();
}

void SymbolSource::finish(const SymbolReader& reader) const
{
    if (reader.at - m_begin + (reader.rawBits + 7) / 8 != static_cast<std::int64_t>(m_size))
        throw endsElsewhere();
}

} // namespace pikv
