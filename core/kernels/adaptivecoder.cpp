// SPDX-License-Identifier: GPL-3.0-or-later
// The rare ways of the adaptive range coder: carry, more room, and the end.
#include "core/kernels/adaptivecoder.h"
#include "core/base/error.h"

namespace pikv {

/// Returns how large `out` is then.
std::size_t AdaptiveEncoder::grow(Bytes& out, std::size_t used)
{
    out.resize(used + std::max<std::size_t>(1024, used));
    return out.size();
}

/// Into the bytes before the pending ones. There are such: what is coded is less than 1.
void AdaptiveEncoder::carry(std::byte* end)
{
    do
        --end;
    while ((*end = static_cast<std::byte>(std::to_integer<int>(*end) + 1)) == std::byte(0));
}

void AdaptiveEncoder::finish()
{
    for (int i = 0; i < 2; ++i) {
        m_low <<= 16;
        m_pending += 16;
        move();
    }
    m_out->resize(m_used);
}

void AdaptiveDecoder::finish() const
{
    // What was read ahead counts as not read.
    const std::int64_t beyond = m_missing - m_ahead / 8;
    if (beyond > 0 || m_at != m_end || beyond < 0)
        throw inputError(beyond > 0 ? "an entropy-coded stream ends too early"
                                    : "an entropy-coded stream is longer than what it holds");
}

} // namespace pikv
