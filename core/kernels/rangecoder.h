// SPDX-License-Identifier: GPL-3.0-or-later
// Entropy coding by rANS (Duda 2013, arXiv 1311.2540) with static frequencies: a range coder that works like a stack.
// Four interleaved states (Giesen 2014, arXiv 1402.3392), 16-bit words.
#pragma once
#include "core/base/bytes.h"
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace pikv {

/// Frequencies of an alphabet of 1 … 256 symbols in units of 2^-13. Coding a symbol takes -log2 of its frequency.
class FrequencyTable {
public:
    static constexpr int precision = 13;
    static constexpr std::uint32_t total = 1U << precision;

    /// Scales `weights` (at least one above 0) to the total; a symbol of positive weight keeps at least one unit, one
    /// of weight 0 cannot be coded. Uses exact arithmetic only: the same on every machine.
    explicit FrequencyTable(std::span<const double> weights);

    std::size_t alphabet() const { return m_bits.size(); }
    std::uint32_t frequency(std::size_t symbol) const { return m_slots[symbol] & 0xFFFF; }
    /// Infinite for a symbol that cannot be coded.
    float bits(std::size_t symbol) const { return m_bits[symbol]; }

private:
    friend class RangeDecoder;
    friend void rangeEncode(std::span<const struct SymbolRun> runs, Bytes& out);
    /// A division by the frequency as a multiplication (Alverson 1991, as in Giesen's ryg_rans).
    struct Step {
        std::uint32_t limit, reciprocal, bias;
        std::uint16_t complement, shift;
    };
    std::vector<float> m_bits;
    std::array<Step, 256> m_steps {};
    std::array<std::uint32_t, 256> m_slots {}; ///< frequency, and where the symbol begins in the upper half
    std::array<std::uint8_t, total> m_symbolAt {};
};

/// Symbols coded one after the other, each with the table that its context names.
struct SymbolRun {
    std::span<const std::uint8_t> symbols;
    std::span<const FrequencyTable* const> tables; ///< by context
    const std::uint8_t* contexts = nullptr; ///< [symbols.size()], each below tables.size(); null: all 0
};

/// Appends one stream that holds the runs in order. Every symbol must have a frequency in its table.
void rangeEncode(std::span<const SymbolRun> runs, Bytes& out);

/// Reads a stream run by run, so that a run's contexts may depend on the runs before it. Damaged bytes give other
/// symbols of the table or Error{Input}; nothing is read beyond the end.
class RangeDecoder {
public:
    explicit RangeDecoder(ByteSpan bytes);
    void decode(std::span<std::uint8_t> symbols, std::span<const FrequencyTable* const> tables,
        const std::uint8_t* contexts = nullptr);
    /// Throws Error{Input} unless all bytes are used up and the states are those the encoder began with.
    void finish() const;

private:
    template <typename TableOf>
    void run(std::span<std::uint8_t> symbols, TableOf tableOf);
    std::array<std::uint32_t, 4> m_states {};
    const std::byte* m_at;
    const std::byte* m_end;
};

} // namespace pikv
