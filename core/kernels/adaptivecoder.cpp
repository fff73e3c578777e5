// SPDX-License-Identifier: GPL-3.0-or-later
// Carry and flushing of the adaptive range coder.
#include "core/kernels/adaptivecoder.h"
#include "core/base/error.h"

namespace pikv {

const std::array<std::int32_t, BitModel::window> BitModel::rates = [] {
    std::array<std::int32_t, window> rates {};
    for (std::int32_t seen = 0; seen < window; ++seen)
        rates[static_cast<std::size_t>(seen)] = 655360 / (10 * seen + 16);
    return rates;
}();

/// Moves the highest byte out; a carry that came meanwhile goes into the bytes that were held back.
void AdaptiveEncoder::shift()
{
    if (m_low < 0xFF000000U || m_low > 0xFFFFFFFFU) {
        const auto carry = static_cast<std::uint8_t>(m_low >> 32);
        if (m_any)
            m_out.push_back(static_cast<std::byte>(m_held + carry));
        for (; m_ones > 0; --m_ones)
            m_out.push_back(static_cast<std::byte>(0xFF + carry));
        m_held = static_cast<std::uint8_t>(m_low >> 24);
        m_any = true;
    } else {
        ++m_ones;
    }
    m_low = (m_low & 0x00FFFFFF) << 8;
}

void AdaptiveEncoder::putPlain(std::uint32_t value, int count)
{
    for (int i = count - 1; i >= 0; --i)
        split((value >> i) & 1, 1U << (BitModel::precision - 1));
}

void AdaptiveEncoder::finish()
{
    for (int i = 0; i < 5; ++i)
        shift();
}

AdaptiveDecoder::AdaptiveDecoder(ByteSpan bytes)
    : m_at(bytes.data())
    , m_end(bytes.data() + bytes.size())
{
    for (int i = 0; i < 4; ++i)
        m_code = m_code << 8 | next();
}

std::uint32_t AdaptiveDecoder::getPlain(int count)
{
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 1 | static_cast<std::uint32_t>(split(1U << (BitModel::precision - 1)));
    return value;
}

void AdaptiveDecoder::finish() const
{
    if (m_missing > 0 || m_at != m_end)
        throw inputError(m_missing > 0 ? "an entropy-coded stream ends too early"
                                       : "an entropy-coded stream is longer than what it holds");
}

} // namespace pikv
