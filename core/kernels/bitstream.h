// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of any width in an LSB-first stream of bits, written and read one after the other.
#pragma once
#include "core/base/bytes.h"
#include "core/base/error.h"
#include <cstdint>

namespace pikv {

/// Appends fields of 0 … 32 bits to `out`, LSB first; finish() pads the last byte with zeros.
class BitWriter {
public:
    explicit BitWriter(Bytes& out)
        : m_out(&out)
    {
    }
    void put(std::uint32_t value, int bits)
    {
        m_pending |= std::uint64_t { value } << m_count;
        m_count += bits;
        if (m_count >= 32) {
            appendLe(*m_out, static_cast<std::uint32_t>(m_pending));
            m_pending >>= 32;
            m_count -= 32;
        }
    }
    void finish()
    {
        for (; m_count > 0; m_count -= 8, m_pending >>= 8)
            m_out->push_back(static_cast<std::byte>(m_pending & 0xFF));
        m_count = 0;
    }

private:
    Bytes* m_out;
    std::uint64_t m_pending = 0;
    int m_count = 0;
};

/// Reads what a BitWriter wrote.
class BitReader {
public:
    explicit BitReader(ByteSpan bytes)
        : m_at(bytes.data())
        , m_end(bytes.data() + bytes.size())
    {
    }
    /// Throws Error{Input} past the end.
    std::uint32_t get(int bits)
    {
        while (m_count < bits) {
            if (m_end - m_at >= 4) {
                m_pending |= std::uint64_t { loadLe<std::uint32_t>(m_at) } << m_count;
                m_at += 4;
                m_count += 32;
            } else {
                if (m_at == m_end)
                    throw inputError("a section of bit fields ends too early");
                m_pending |= std::uint64_t { std::to_integer<std::uint64_t>(*m_at++) } << m_count;
                m_count += 8;
            }
        }
        const auto value = static_cast<std::uint32_t>(m_pending & ((std::uint64_t { 1 } << bits) - 1));
        m_pending >>= bits;
        m_count -= bits;
        return value;
    }
    /// Throws Error{Input} unless only the padding of the last byte is left.
    void finish() const
    {
        if (m_at != m_end || m_count >= 8 || m_pending != 0)
            throw inputError("a section of bit fields does not end where it should");
    }

private:
    const std::byte* m_at;
    const std::byte* m_end;
    std::uint64_t m_pending = 0;
    int m_count = 0;
};

} // namespace pikv
