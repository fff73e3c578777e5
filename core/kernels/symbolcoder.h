// SPDX-License-Identifier: GPL-3.0-or-later
// Entropy coding of symbols whose probabilities change with every one: asymmetric numeral systems (rANS, Duda 2013,
// arXiv:1311.2540) with 15 bits of probability, a 32-bit state and 16-bit words. They decode forwards and encode
// backwards, so that a block's symbols are gathered first. Bits that are as likely 0 as 1 stand apart, from the
// stream's end on backwards: they cost no arithmetic. Of probabilities that stay, see rangecoder.h.
#pragma once
#include "core/base/bytes.h"
#include <cstdint>
#include <memory>
#include <vector>

namespace pikv {

/// Where a symbol lies in [0, 2^15), and how much of it it has.
struct SymbolSpan {
    std::uint16_t start, width;
};

namespace symbolstate {
inline constexpr int precision = 15, wordBits = 16;
/// A state stays in [lowest, lowest * 2^16): one word moves at most a symbol.
inline constexpr std::uint32_t lowest = 1U << 16;
}

/// Appends to `out`, which is whole after finish() only.
class SymbolEncoder {
public:
    SymbolEncoder(Bytes& out, std::size_t mostInBlock)
        : m_out(out)
        , m_spans(std::make_unique_for_overwrite<SymbolSpan[]>(mostInBlock))
    {
    }
    void put(SymbolSpan span) { m_spans[m_count++] = span; }
    /// The lowest `count` bits, at most 31; there are no others.
    void putRaw(std::uint32_t value, int count)
    {
        m_bits = m_bits << count | value;
        m_bitCount += count;
        while (m_bitCount >= 8)
            m_raw.push_back(static_cast<std::byte>(m_bits >> (m_bitCount -= 8)));
    }
    void endBlock();
    void finish();

private:
    Bytes& m_out;
    std::unique_ptr<SymbolSpan[]> m_spans;
    std::size_t m_count = 0;
    Bytes m_raw;
    std::vector<std::uint16_t> m_words;
    std::uint64_t m_bits = 0;
    int m_bitCount = 0;
};

/// Where a decoder stands. Reads beyond the end are SymbolSource's to find.
struct SymbolReader {
    const std::byte *at, *end;
    std::int64_t rawBits = 0; ///< that were read, from `end` on backwards
    std::uint32_t state = 0;

    std::uint32_t slot() const { return state & ((1U << symbolstate::precision) - 1); }
    /// Takes the symbol that the slot, `into` it, lies in.
    [[gnu::always_inline]] void take(std::uint32_t width, std::uint32_t into)
    {
        const std::uint32_t x = width * (state >> symbolstate::precision) + into;
        const std::uint32_t filled = x << symbolstate::wordBits | loadLe<std::uint16_t>(at);
        const bool isEmpty = x < symbolstate::lowest;
        state = isEmpty ? filled : x;
        at += isEmpty ? symbolstate::wordBits / 8 : 0;
    }
    /// The next raw bits, the first one highest; at least 57 of them.
    [[gnu::always_inline]] std::uint64_t raw() const
    {
        return loadLe<std::uint64_t>(end - 8 - (rawBits >> 3)) << (rawBits & 7);
    }
};

/// The bytes that a SymbolReader reads, and whether they were there.
class SymbolSource {
public:
    /// Between two calls of check() at most `most` symbols are taken, with 47 raw bits each.
    SymbolSource(ByteSpan bytes, std::size_t most);
    SymbolReader reader() const { return { m_begin, m_begin + m_size }; }
    /// Throws Error{Input} unless the state there is one, or a block ends too early.
    void beginBlock(SymbolReader& reader) const;
    /// Throws Error{Input} where more was read than there is.
    void check(const SymbolReader& reader) const;
    /// Throws Error{Input} unless the state is that which an encoder begins with.
    void endBlock(const SymbolReader& reader) const;
    /// Throws Error{Input} where there is more than what was read.
    void finish(const SymbolReader& reader) const;

private:
    Bytes m_padded;
    const std::byte* m_begin;
    std::size_t m_size;
};

} // namespace pikv
