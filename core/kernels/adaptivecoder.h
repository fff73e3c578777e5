// SPDX-License-Identifier: GPL-3.0-or-later
// Adaptive binary entropy coding: a range coder with carry (Martin 1979, in the form of Pavlov's LZMA) whose
// probabilities are learned from the bits themselves. No frequency table needs to be stored.
#pragma once
#include "core/base/bytes.h"
#include <algorithm>
#include <array>
#include <cstdint>

namespace pikv {

/// The probability that a bit is 0, learned from the bits seen: fast at first, then over a window of about 160.
class BitModel {
public:
    static constexpr int precision = 15;
    BitModel() = default;
    /// Begins with a guess, in units of 2^-15, that is worth as much as `seen` bits.
    BitModel(std::uint32_t zero, int seen)
        : m_zero(static_cast<std::uint16_t>(std::clamp(zero, 32U, (1U << precision) - 32)))
        , m_seen(static_cast<std::uint8_t>(std::min(seen, window - 1)))
    {
    }
    std::uint32_t zero() const { return m_zero; } ///< in units of 2^-15, within [32, 2^15 - 32]
    void learn(bool bit)
    {
        // Integers only: the same on every machine.
        const std::int32_t target = bit ? 32 : (1 << precision) - 32;
        const std::int32_t miss = target - static_cast<std::int32_t>(m_zero);
        m_zero = static_cast<std::uint16_t>(m_zero + miss * rates[m_seen] / 65536);
        m_seen = static_cast<std::uint8_t>(m_seen + (m_seen + 1U < rates.size()));
    }

private:
    static constexpr int window = 160;
    static const std::array<std::int32_t, window> rates; ///< 65536 / (seen + 1.6)
    std::uint16_t m_zero = 1 << (precision - 1);
    std::uint8_t m_seen = 0;
};

/// Appends bits to `out`.
class AdaptiveEncoder {
public:
    explicit AdaptiveEncoder(Bytes& out)
        : m_out(out)
    {
    }
    /// With the mean of two models' probabilities; both learn.
    void put(bool bit, BitModel& a, BitModel& b)
    {
        split(bit, (a.zero() + b.zero()) / 2);
        a.learn(bit);
        b.learn(bit);
    }
    void put(bool bit, BitModel& a)
    {
        split(bit, a.zero());
        a.learn(bit);
    }
    /// `count` bits of `value`, the highest first, at one bit each.
    void putPlain(std::uint32_t value, int count);
    /// Writes what is pending; nothing may follow.
    void finish();

private:
    void split(bool bit, std::uint32_t zero)
    {
        const std::uint32_t bound = (m_range >> BitModel::precision) * zero;
        if (bit) {
            m_low += bound;
            m_range -= bound;
        } else {
            m_range = bound;
        }
        while (m_range < (1U << 24)) {
            m_range <<= 8;
            shift();
        }
    }
    void shift();

    Bytes& m_out;
    std::uint64_t m_low = 0;
    std::uint32_t m_range = 0xFFFFFFFF;
    std::uint8_t m_held = 0; ///< the byte that a carry may still change
    std::uint64_t m_ones = 0; ///< bytes of 0xFF behind it
    bool m_any = false; ///< the first byte is none
};

/// Reads what an AdaptiveEncoder wrote. Damaged bytes give other bits; beyond the end come zeros, and finish() throws.
class AdaptiveDecoder {
public:
    explicit AdaptiveDecoder(ByteSpan bytes);
    bool get(BitModel& a, BitModel& b)
    {
        const bool bit = split((a.zero() + b.zero()) / 2);
        a.learn(bit);
        b.learn(bit);
        return bit;
    }
    bool get(BitModel& a)
    {
        const bool bit = split(a.zero());
        a.learn(bit);
        return bit;
    }
    std::uint32_t getPlain(int count);
    /// Throws Error{Input} where the stream was shorter or longer than what was read of it.
    void finish() const;

private:
    std::uint32_t next()
    {
        if (m_at == m_end) {
            ++m_missing;
            return 0;
        }
        return std::to_integer<std::uint32_t>(*m_at++);
    }
    bool split(std::uint32_t zero)
    {
        const std::uint32_t bound = (m_range >> BitModel::precision) * zero;
        const bool bit = m_code >= bound;
        if (bit) {
            m_code -= bound;
            m_range -= bound;
        } else {
            m_range = bound;
        }
        while (m_range < (1U << 24)) {
            m_range <<= 8;
            m_code = m_code << 8 | next();
        }
        return bit;
    }

    const std::byte *m_at, *m_end;
    std::uint32_t m_range = 0xFFFFFFFF, m_code = 0;
    std::uint64_t m_missing = 0;
};

} // namespace pikv
