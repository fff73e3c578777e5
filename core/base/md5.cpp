// SPDX-License-Identifier: GPL-3.0-or-later
// Words of 32 bits, mixed block by block as the RFC says.
#include "core/base/md5.h"
#include <array>
#include <bit>
#include <cmath>

namespace pikv {
namespace {

using State = std::array<std::uint32_t, 4>;
constexpr std::size_t blockBytes = 64;

std::array<std::uint32_t, 64> makeSines()
{
    std::array<std::uint32_t, 64> sines {};
    for (std::size_t i = 0; i < sines.size(); ++i)
        sines[i] = static_cast<std::uint32_t>(std::floor(std::ldexp(std::abs(std::sin(double(i + 1))), 32)));
    return sines;
}

void addBlock(State& state, const std::byte* block)
{
    static const std::array<std::uint32_t, 64> sines = makeSines();
    constexpr int shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
    auto [a, b, c, d] = state;
    for (std::size_t i = 0; i < sines.size(); ++i) {
        const std::size_t round = i / 16;
        const std::uint32_t mixed = round == 0 ? (b & c) | (~b & d)
            : round == 1                       ? (d & b) | (~d & c)
            : round == 2                       ? b ^ c ^ d
                                               : c ^ (b | ~d);
        const std::size_t word = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
        const std::uint32_t sum = a + mixed + sines[i] + loadLe<std::uint32_t>(block + 4 * word);
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, shifts[round][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

} // namespace

std::string md5Of(ByteSpan bytes)
{
    State state { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    const std::size_t whole = bytes.size() / blockBytes * blockBytes;
    for (std::size_t at = 0; at < whole; at += blockBytes)
        addBlock(state, bytes.data() + at);
    Bytes tail(bytes.begin() + std::ptrdiff_t(whole), bytes.end());
    tail.push_back(std::byte(0x80));
    while (tail.size() % blockBytes != blockBytes - 8)
        tail.push_back(std::byte(0));
    appendLe(tail, static_cast<std::uint64_t>(bytes.size()) * 8);
    for (std::size_t at = 0; at < tail.size(); at += blockBytes)
        addBlock(state, tail.data() + at);
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint32_t word : state)
        for (int byte = 0; byte < 4; ++byte) {
            const std::uint32_t value = word >> (8 * byte) & 0xff;
            text += { digits[value >> 4], digits[value & 15] };
        }
    return text;
}

} // namespace pikv
