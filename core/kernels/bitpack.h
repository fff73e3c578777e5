// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace pikv {

/// Bytes of `count` codes of `bits` bits, padded to whole bytes.
constexpr std::size_t packedBytes(std::size_t count, int bits)
{
    return (count * static_cast<std::size_t>(bits) + 7) / 8;
}

/// Packs codes of 1 … 8 bits into one LSB-first bit stream. `out` has packedBytes(codes.size(), bits) bytes. Bits of a
/// code above its width are dropped.
void packBits(std::span<const std::uint8_t> codes, int bits, std::span<std::byte> out);
/// The inverse of packBits(). `packed` has packedBytes(codes.size(), bits) bytes.
void unpackBits(std::span<const std::byte> packed, int bits, std::span<std::uint8_t> codes);

} // namespace pikv
