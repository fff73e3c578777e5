// SPDX-License-Identifier: GPL-3.0-or-later
// Asymmetric uniform quantisation of groups (KIVI, arXiv 2402.02750, eq. 1): scale = (max - min) / (2^bits - 1), code =
// round((x - min) / scale). Scale and minimum are rounded to f16 first and the rounded ones are used, so that decode
// sees what encode saw. A group of equal values has scale 0 and code 0. NaN and infinity do not count for the range:
// the group's other values stay as good as without them; NaN gets code 0, an infinity the end it points to.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// One group a channel over `tokens` rows of `dim` channels (KIVI's keys). `scales` and `minima` have dim entries,
/// `codes` tokens * dim.
void quantiseChannels(const float* rows, std::size_t tokens, std::size_t dim, int bits, std::uint16_t* scales,
    std::uint16_t* minima, std::uint8_t* codes);
void dequantiseChannels(const std::uint8_t* codes, std::size_t tokens, std::size_t dim, const std::uint16_t* scales,
    const std::uint16_t* minima, float* rows);

/// One group of `count` values in a row (KIVI's values: channels of one token).
void quantiseGroup(const float* values, std::size_t count, int bits, std::uint16_t& scale, std::uint16_t& minimum,
    std::uint8_t* codes);
void dequantiseGroup(
    const std::uint8_t* codes, std::size_t count, std::uint16_t scale, std::uint16_t minimum, float* values);

} // namespace pikv
