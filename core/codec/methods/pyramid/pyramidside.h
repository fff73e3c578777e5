// SPDX-License-Identifier: GPL-3.0-or-later
// The small parts of a layer's section `side`: the level map and the code widths.
#pragma once
#include "core/base/bytes.h"
#include "core/codec/parts/tokentiers.h"
#include <cstdint>
#include <vector>

namespace pikv {

/// A cursor over the section `side`.
struct PyramidSide {
    ByteSpan bytes;
    std::size_t at = 0;

    /// Throws Error{Input} past the end.
    ByteSpan take(std::size_t count);
};

/// Bytes of the map of `rows` tokens' levels; none for one level.
std::size_t levelMapBytes(int levels, std::int64_t rows);
void appendLevelMap(const TokenTiers& tiers, Bytes& out);
/// Throws Error{Input} where it names a level that does not exist.
TokenTiers readLevelMap(PyramidSide& side, int levels, std::int64_t rows);

/// Code widths (0 … 8 bits, or halfBits) as nibbles, the last half byte padded.
void appendWidths(const std::vector<int>& bits, Bytes& out);
/// Throws Error{Input} where a width does not exist.
std::vector<int> readWidths(PyramidSide& side, std::size_t count);

} // namespace pikv
