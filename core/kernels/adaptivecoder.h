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
        : m_state(std::clamp(zero, least, most) | static_cast<std::uint32_t>(std::min(seen, window - 1)) << 16)
    {
    }
    std::uint32_t zero() const { return m_state & 0xFFFF; } ///< in units of 2^-15, within [32, 2^15 - 32]
    [[gnu::always_inline]] void learn(bool bit)
    {
        // Integers only: the same on every machine.
        const Lesson& lesson = lessons[m_state >> 16];
        const std::uint32_t was = zero();
        m_state += lesson.seen;
        m_state = bit ? m_state - ((was - least) * lesson.rate >> 16) : m_state + ((most - was) * lesson.rate >> 16);
    }

private:
    static constexpr int window = 160;
    static constexpr std::uint32_t least = 32, most = (1U << precision) - 32;
    /// How far a bit moves the probability, in units of 2^-16, and what it adds to the state.
    struct Lesson {
        std::uint32_t rate, seen;
    };
    static constexpr std::array<Lesson, window> lessons = [] {
        std::array<Lesson, window> values {};
        for (std::uint32_t seen = 0; seen < window; ++seen) // 65536 / (seen + 1.6)
            values[seen] = { 655360 / (10 * seen + 16), seen + 1 < window ? 1U << 16 : 0U };
        return values;
    }();
    std::uint32_t m_state = 1U << (precision - 1); ///< above the probability's 16 bits: how many bits were seen
};

/// By how many bits, in whole bytes, a range of at least 2^8 is moved to be at least 2^24 again. By comparisons: x86's
/// bsr waits for what its target held before, which would chain all that is coded.
inline int bitsToMove(std::uint32_t range) { return 8 * ((range < 1U << 24) + (range < 1U << 16)); }

/// Appends bits to `out`, which is whole after finish() only.
class AdaptiveEncoder {
public:
    explicit AdaptiveEncoder(Bytes& out)
        : m_out(&out)
        , m_used(out.size())
        , m_room(out.size())
    {
    }
    /// With the mean of two models' probabilities; both learn.
    [[gnu::always_inline]] void put(bool bit, BitModel& a, BitModel& b)
    {
        split(bit, (a.zero() + b.zero()) / 2);
        a.learn(bit);
        b.learn(bit);
    }
    [[gnu::always_inline]] void put(bool bit, BitModel& a)
    {
        split(bit, a.zero());
        a.learn(bit);
    }
    /// `count` bits of `value`, the highest first, at one bit each.
    [[gnu::always_inline]] void putPlain(std::uint32_t value, int count)
    {
        for (int i = count - 1; i >= 0; --i)
            split((value >> i) & 1, 1U << (BitModel::precision - 1));
    }
    /// Writes what is pending; nothing may follow.
    void finish();

private:
    [[gnu::always_inline]] void split(bool bit, std::uint32_t zero)
    {
        const std::uint32_t bound = (m_range >> BitModel::precision) * zero, one = bit ? ~0U : 0U;
        m_low += bound & one;
        m_range = (bound & ~one) | ((m_range - bound) & one);
        const int bits = bitsToMove(m_range);
        m_range <<= bits;
        m_low <<= bits;
        m_pending += bits;
        if (m_pending >= mostPending)
            move();
    }
    /// Writes the pending bytes.
    [[gnu::always_inline]] void move()
    {
        if (m_used + sizeof(std::uint32_t) > m_room)
            m_room = grow(*m_out, m_used);
        std::byte* at = m_out->data() + m_used;
        const std::uint64_t low = m_low >> activeBits;
        if (low >> m_pending)
            carry(at);
        // The pending bytes first, and behind them what the next ones overwrite.
        const auto bytes = static_cast<std::uint32_t>(low << (activeBits - m_pending));
        for (int i = 0; i < 4; ++i)
            at[i] = static_cast<std::byte>(bytes >> (24 - 8 * i));
        m_used += static_cast<std::size_t>(m_pending / 8);
        m_low &= (std::uint64_t { 1 } << activeBits) - 1;
        m_pending = 0;
    }
    // Not of an object, so that one may be in registers.
    static std::size_t grow(Bytes& out, std::size_t used);
    static void carry(std::byte* end);

    static constexpr int activeBits = 32;
    static constexpr int mostPending = 16; ///< two bytes more may come before they are looked at, and a carry
    Bytes* m_out;
    std::size_t m_used, m_room;
    std::uint64_t m_low = 0; ///< 32 bits, above them the pending ones
    std::uint32_t m_range = 0xFFFFFFFF;
    int m_pending = 0; ///< bits that are not written yet, whole bytes
};

/// Reads what an AdaptiveEncoder wrote. Damaged bytes give other bits; beyond the end come zeros, and finish() throws.
class AdaptiveDecoder {
public:
    explicit AdaptiveDecoder(ByteSpan bytes)
        : m_at(bytes.data())
        , m_end(bytes.data() + bytes.size())
    {
        for (int i = 0; i < 3; ++i) {
            m_window = m_window << 16 | next();
        }
        m_window <<= 16;
    }
    [[gnu::always_inline]] bool get(BitModel& a, BitModel& b)
    {
        const bool bit = split((a.zero() + b.zero()) / 2);
        a.learn(bit);
        b.learn(bit);
        return bit;
    }
    [[gnu::always_inline]] bool get(BitModel& a)
    {
        const bool bit = split(a.zero());
        a.learn(bit);
        return bit;
    }
    /// `count` bits, the highest first. No branch depends on them: they are as likely 0 as 1.
    [[gnu::always_inline]] std::uint32_t getPlain(int count)
    {
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i) {
            const std::uint32_t bound = m_range >> BitModel::precision << (BitModel::precision - 1);
            const auto past = static_cast<std::int64_t>(m_window >> activeBits) - std::int64_t { bound };
            const auto one = static_cast<std::uint32_t>(~(past >> 63)); // all ones, or none
            m_window -= std::uint64_t { bound & one } << activeBits;
            m_range = bound + ((m_range - 2 * bound) & one);
            value = value << 1 | (one & 1);
            normalise();
        }
        return value;
    }
    /// Throws Error{Input} where the stream was shorter or longer than what was read of it.
    void finish() const;

private:
    [[gnu::always_inline]] std::uint64_t next()
    {
        if (m_end - m_at < 2)
            return nextAtEnd();
        const std::uint64_t two
            = std::to_integer<std::uint64_t>(m_at[0]) << 8 | std::to_integer<std::uint64_t>(m_at[1]);
        m_at += 2;
        return two;
    }
    std::uint64_t nextAtEnd()
    {
        m_missing += 2 - (m_end - m_at);
        const std::uint64_t last = m_at == m_end ? 0 : std::to_integer<std::uint64_t>(*m_at) << 8;
        m_at = m_end;
        return last;
    }
    [[gnu::always_inline]] bool split(std::uint32_t zero)
    {
        const std::uint32_t bound = (m_range >> BitModel::precision) * zero;
        if (m_window >> activeBits < bound) {
            m_range = bound;
            normalise();
            return false;
        }
        m_window -= std::uint64_t { bound } << activeBits;
        m_range -= bound;
        normalise();
        return true;
    }
    [[gnu::always_inline]] void normalise()
    {
        const int bits = bitsToMove(m_range);
        m_range <<= bits;
        m_window <<= bits;
        m_ahead -= bits;
        if (m_ahead < 16) {
            m_window |= next() << (16 - m_ahead);
            m_ahead += 16;
        }
    }

    static constexpr int activeBits = 32;
    const std::byte *m_at, *m_end;
    std::uint64_t m_window = 0; ///< 32 bits that are compared, below them m_ahead bits that follow
    std::int64_t m_missing = 0; ///< bytes beyond the end that are in the window or were
    std::uint32_t m_range = 0xFFFFFFFF;
    int m_ahead = 16;
};

} // namespace pikv
