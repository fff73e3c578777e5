// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <bit>
#include <cstdint>

namespace pikv {

/// IEEE 754 binary16 to float, exact, subnormals, infinities and NaN included.
inline float halfToFloat(std::uint16_t half)
{
    constexpr std::uint32_t exponentMask = 0x7C00U << 13;
    std::uint32_t bits = (half & 0x7FFFU) << 13;
    const std::uint32_t exponent = bits & exponentMask;
    bits += (127U - 15U) << 23;
    if (exponent == exponentMask) {
        bits += (128U - 16U) << 23;
    } else if (exponent == 0) { // zero or subnormal: let the subtraction normalise it
        bits += 1U << 23;
        bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits) - std::bit_cast<float>(113U << 23));
    }
    return std::bit_cast<float>(bits | (half & 0x8000U) << 16);
}

/// bfloat16 to float: the upper half of its bits.
inline float bfloatToFloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t { bits } << 16); }

} // namespace pikv
