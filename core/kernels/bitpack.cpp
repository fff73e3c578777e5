// SPDX-License-Identifier: GPL-3.0-or-later
// Codes of 1 to 8 bits in an LSB-first stream: eight codes of a 64-bit word become `bits` bytes, by PEXT and PDEP where
// the processor has them, else by shifts; the bytes are the same.
#include "core/kernels/bitpack.h"
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pikv {
namespace {

/// Eight codes in the bytes of a word make exactly `bits` bytes of the stream, whatever the width.
constexpr std::uint64_t lanes = 0x0101010101010101u;
std::uint64_t laneMask(int bits) { return lanes * ((std::uint64_t(1) << bits) - 1); }

std::uint64_t gatherPlain(std::uint64_t codes, int bits)
{
    std::uint64_t packed = 0;
    const std::uint64_t mask = (std::uint64_t(1) << bits) - 1;
    for (int i = 0; i < 8; ++i)
        packed |= (codes >> (8 * i) & mask) << (bits * i);
    return packed;
}

std::uint64_t scatterPlain(std::uint64_t packed, int bits)
{
    std::uint64_t codes = 0;
    const std::uint64_t mask = (std::uint64_t(1) << bits) - 1;
    for (int i = 0; i < 8; ++i)
        codes |= (packed >> (bits * i) & mask) << (8 * i);
    return codes;
}

void packPlain(const std::uint8_t* codes, std::size_t blocks, int bits, std::byte* out)
{
    for (std::size_t i = 0; i < blocks; ++i) {
        std::uint64_t word;
        std::memcpy(&word, codes + 8 * i, 8);
        word = gatherPlain(word, bits);
        std::memcpy(out + i * static_cast<std::size_t>(bits), &word, static_cast<std::size_t>(bits));
    }
}

void unpackPlain(const std::byte* packed, std::size_t blocks, int bits, std::uint8_t* codes)
{
    for (std::size_t i = 0; i < blocks; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, packed + i * static_cast<std::size_t>(bits), static_cast<std::size_t>(bits));
        word = scatterPlain(word, bits);
        std::memcpy(codes + 8 * i, &word, 8);
    }
}

#if defined(__x86_64__)
template <int bits>
[[gnu::target("bmi2")]] void packWords(const std::uint8_t* codes, std::size_t blocks, std::byte* out)
{
    const std::uint64_t mask = laneMask(bits);
    for (std::size_t i = 0; i < blocks; ++i) {
        std::uint64_t word;
        std::memcpy(&word, codes + 8 * i, 8);
        word = _pext_u64(word, mask);
        std::memcpy(out + i * bits, &word, bits);
    }
}

template <int bits>
[[gnu::target("bmi2")]] void unpackWords(const std::byte* packed, std::size_t blocks, std::uint8_t* codes)
{
    const std::uint64_t mask = laneMask(bits);
    // One load of eight bytes, of which the deposit takes the lowest, as long as it stays within the stream.
    const std::size_t whole = blocks * bits < 8 ? 0 : (blocks * bits - 8) / bits + 1;
    std::size_t i = 0;
    for (; i < whole; ++i) {
        std::uint64_t word;
        std::memcpy(&word, packed + i * bits, 8);
        word = _pdep_u64(word, mask);
        std::memcpy(codes + 8 * i, &word, 8);
    }
    for (; i < blocks; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, packed + i * bits, bits);
        word = _pdep_u64(word, mask);
        std::memcpy(codes + 8 * i, &word, 8);
    }
}

using PackFunction = void (*)(const std::uint8_t*, std::size_t, std::byte*);
using UnpackFunction = void (*)(const std::byte*, std::size_t, std::uint8_t*);
constexpr PackFunction packTable[] = { nullptr, packWords<1>, packWords<2>, packWords<3>, packWords<4>, packWords<5>,
    packWords<6>, packWords<7>, packWords<8> };
constexpr UnpackFunction unpackTable[] = { nullptr, unpackWords<1>, unpackWords<2>, unpackWords<3>, unpackWords<4>,
    unpackWords<5>, unpackWords<6>, unpackWords<7>, unpackWords<8> };

bool hasBmi2()
{
    static const bool has = __builtin_cpu_supports("bmi2");
    return has;
}
#endif

void packBlocks(const std::uint8_t* codes, std::size_t blocks, int bits, std::byte* out)
{
#if defined(__x86_64__)
    if (hasBmi2())
        return packTable[bits](codes, blocks, out);
#endif
    packPlain(codes, blocks, bits, out);
}

void unpackBlocks(const std::byte* packed, std::size_t blocks, int bits, std::uint8_t* codes)
{
#if defined(__x86_64__)
    if (hasBmi2())
        return unpackTable[bits](packed, blocks, codes);
#endif
    unpackPlain(packed, blocks, bits, codes);
}

} // namespace

void packBits(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> out)
{
    const std::size_t blocks = codes.size() / 8, rest = codes.size() % 8;
    packBlocks(codes.data(), blocks, bits, out.data());
    if (rest == 0)
        return;
    std::uint64_t word = 0;
    std::memcpy(&word, codes.data() + 8 * blocks, rest);
    word = gatherPlain(word, bits);
    std::memcpy(out.data() + blocks * static_cast<std::size_t>(bits), &word, packedBytes(rest, bits));
}

void unpackBits(std::span<const std::byte> packed, int bits, std::span<std::uint8_t> codes)
{
    const std::size_t blocks = codes.size() / 8, rest = codes.size() % 8;
    unpackBlocks(packed.data(), blocks, bits, codes.data());
    if (rest == 0)
        return;
    std::uint64_t word = 0;
    std::memcpy(&word, packed.data() + blocks * static_cast<std::size_t>(bits), packedBytes(rest, bits));
    word = scatterPlain(word, bits);
    std::memcpy(codes.data() + 8 * blocks, &word, rest);
}

} // namespace pikv
