// SPDX-License-Identifier: GPL-3.0-or-later
// What decode must know beside the codes: transform, means, widths, and each token's level.
#include "core/codec/methods/pyramid/pyramidside.h"
#include "core/base/error.h"
#include "core/codec/parts/bitallocation.h"
#include "core/kernels/bitpack.h"
#include <bit>
#include <span>

namespace pikv {
namespace {

constexpr int halfNibble = 9; ///< stands for half precision

int mapBits(int levels) { return std::bit_width(static_cast<unsigned>(levels - 1)); }

} // namespace

ByteSpan PyramidSide::take(std::size_t count)
{
    if (count > bytes.size() - at)
        throw inputError("the section 'side' ends too early");
    at += count;
    return bytes.subspan(at - count, count);
}

std::size_t levelMapBytes(int levels, std::int64_t rows)
{
    const int width = mapBits(levels);
    return width ? packedBytes(static_cast<std::size_t>(rows), width) : 0;
}

void appendLevelMap(const TokenTiers& tiers, Bytes& out)
{
    const std::size_t from = out.size(),
                      size = levelMapBytes(tiers.levels, static_cast<std::int64_t>(tiers.level.size()));
    out.resize(from + size);
    if (size)
        packBits(tiers.level, mapBits(tiers.levels), std::span(out).subspan(from));
}

TokenTiers readLevelMap(PyramidSide& side, int levels, std::int64_t rows)
{
    TokenTiers tiers { levels, std::vector<std::uint8_t>(static_cast<std::size_t>(rows), 0) };
    if (const int width = mapBits(levels); width > 0)
        unpackBits(side.take(levelMapBytes(levels, rows)), width, tiers.level);
    for (std::uint8_t level : tiers.level)
        if (level >= levels)
            throw inputError("the section 'side' names a level that does not exist");
    return tiers;
}

void appendWidths(const std::vector<int>& bits, Bytes& out)
{
    const std::size_t from = out.size();
    out.resize(from + (bits.size() + 1) / 2);
    for (std::size_t i = 0; i < bits.size(); ++i)
        out[from + i / 2] |= std::byte((bits[i] == halfBits ? halfNibble : bits[i]) << (i % 2 * 4));
}

std::vector<int> readWidths(PyramidSide& side, std::size_t count)
{
    const ByteSpan bytes = side.take((count + 1) / 2);
    std::vector<int> bits(count);
    for (std::size_t i = 0; i < count; ++i) {
        const int nibble = std::to_integer<int>(bytes[i / 2]) >> (i % 2 * 4) & 15;
        if (nibble > halfNibble)
            throw inputError("the section 'side' names a code width that does not exist");
        bits[i] = nibble == halfNibble ? halfBits : nibble;
    }
    return bits;
}

} // namespace pikv
