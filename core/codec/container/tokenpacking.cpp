// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/container/tokenpacking.h"
#include "core/base/error.h"
#include <algorithm>
#include <bit>

namespace pikv {

Bytes packTokens(const std::vector<std::int64_t>& values)
{
    std::int64_t largest = 0;
    for (const std::int64_t value : values) {
        if (value < 0 || value > std::int64_t(0xffffffff))
            throw usageError("token " + std::to_string(value) + " is outside 0 to 4294967295");
        largest = std::max(largest, value);
    }
    const int bits = std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest))));
    Bytes out(1 + (values.size() * static_cast<std::size_t>(bits) + 7) / 8);
    out[0] = static_cast<std::byte>(bits);
    std::uint64_t held = 0; // bits that wait for a whole byte; at most 7 + 32
    int count = 0;
    std::size_t at = 1;
    for (const std::int64_t value : values) {
        held |= static_cast<std::uint64_t>(value) << count;
        for (count += bits; count >= 8; count -= 8, held >>= 8)
            out[at++] = static_cast<std::byte>(held & 0xff);
    }
    if (count > 0)
        out[at] = static_cast<std::byte>(held & 0xff);
    return out;
}

std::vector<std::int64_t> unpackTokens(ByteSpan section, std::int64_t count)
{
    const int bits = section.empty() ? 0 : static_cast<int>(section[0]);
    const auto needed
        = [&] { return 1 + (static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(bits) + 7) / 8; };
    if (bits < 1 || bits > 32 || count < 0 || count > (std::int64_t(1) << 40) || section.size() != needed())
        throw inputError("a section of packed numbers has " + std::to_string(section.size())
            + " bytes, which does not fit " + std::to_string(count) + " numbers of " + std::to_string(bits) + " bits");
    std::vector<std::int64_t> values;
    values.reserve(static_cast<std::size_t>(count));
    std::uint64_t held = 0;
    int have = 0;
    std::size_t at = 1;
    for (std::int64_t i = 0; i < count; ++i) {
        for (; have < bits; have += 8)
            held |= static_cast<std::uint64_t>(section[at++]) << have;
        values.push_back(static_cast<std::int64_t>(held & ((std::uint64_t(1) << bits) - 1)));
        held >>= bits;
        have -= bits;
    }
    return values;
}

} // namespace pikv
