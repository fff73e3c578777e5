// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace pikv {

/// The largest finite E4M3.
inline constexpr float largestE4M3 = 448;

/// OCP FP8 (arXiv:2209.05433) to float, exact: E4M3 has no infinity, its all-ones pattern is NaN.
inline float fromE4M3(std::uint8_t code)
{
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    const float magnitude = (code & 0x7F) == 0x7F ? std::numeric_limits<float>::quiet_NaN()
        : exponent == 0                           ? std::ldexp(float(mantissa), -9)
                                                  : std::ldexp(float(8 + mantissa), exponent - 10);
    return code & 0x80 ? -magnitude : magnitude;
}

/// Float to the nearest E4M3, ties to even. What is beyond its reach becomes ±448; NaN stays NaN.
inline std::uint8_t toE4M3(float value)
{
    if (std::isnan(value))
        return 0x7F;
    const float magnitude = std::min(std::abs(value), largestE4M3);
    const auto sign = static_cast<std::uint8_t>(std::signbit(value) ? 0x80 : 0);
    if (magnitude < 0x1p-6F) // subnormal: multiples of 2^-9; the eighth of them is the least normal one
        return sign | static_cast<std::uint8_t>(std::nearbyint(magnitude * 0x1p9F));
    const auto bits = std::bit_cast<std::uint32_t>(magnitude);
    const std::uint32_t rounded = bits + 0x7FFFFU + (bits >> 20 & 1U);
    return sign | static_cast<std::uint8_t>((rounded >> 20) - (120U << 3));
}

} // namespace pikv
