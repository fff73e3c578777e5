// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <bit>
#include <cstdint>

namespace pikv {

/// The largest finite binary16.
inline constexpr float largestHalf = 65504;

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

/// Float to the nearest IEEE 754 binary16, ties to even. Finite values beyond its reach become ±65504; NaN stays NaN.
inline std::uint16_t floatToHalf(float value)
{
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), magnitude = bits & 0x7FFFFFFFU;
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    if (magnitude > 0x7F800000U)
        return sign | 0x7E00U;
    if (magnitude == 0x7F800000U)
        return sign | 0x7C00U;
    if (magnitude >= 0x477FE000U) // 65504 and above
        return sign | 0x7BFFU;
    if (magnitude < 0x38800000U) { // subnormal: an addition shifts the bits into place and rounds them
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
    }
    const std::uint32_t rounded = magnitude + 0xFFFU + (magnitude >> 13 & 1U);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

/// Float to the nearest bfloat16, ties to even; NaN stays NaN.
inline std::uint16_t floatToBfloat(float value)
{
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U)
        return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

/// bfloat16 to float: the upper half of its bits.
inline float bfloatToFloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t { bits } << 16); }

} // namespace pikv
