// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace pikv {

/// What rounded levels miss: the sums of |level| less the size it was rounded from, of levels of ±1 and of greater
/// ones, and how many those are. Sums of so few bits that no order of additions rounds them.
struct LevelMisses {
    std::array<double, 2> sums {}, counts {};
};

/// The largest |value|, NaN apart.
float largestSize(const float* values, std::size_t count);
/// levels = sign(value) * floor(|value| * scale + rounding), for which |value| * scale must be below 32767; of NaN 0.
/// Adds to `misses`.
void roundLevels(
    const float* values, std::size_t count, float scale, float rounding, std::int16_t* levels, LevelMisses& misses);
/// out = sign(level) * (|level| - shrink) * step, `shrinks` of levels of ±1 and of greater ones.
void rebuildLevels(
    const std::int16_t* levels, std::size_t count, const std::array<float, 2>& shrinks, float step, float* out);

} // namespace pikv
