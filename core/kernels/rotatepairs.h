// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace pikv {

/// Turns the channel pairs of one head vector in place by the angles whose cosine and sine are given (RoPE, Su et al.
/// 2021): pairs (i, i + pairs) with `halves`, else (2i, 2i+1). Direction -1 turns them back.
inline void rotatePairs(
    float* vector, const float* cosine, const float* sine, float direction, std::size_t pairs, bool halves)
{
    const auto turn = [&](std::size_t i, float& first, float& second) {
        const float a = first, b = second, s = direction * sine[i];
        first = a * cosine[i] - b * s;
        second = a * s + b * cosine[i];
    };
    if (halves) { // a loop of its own: unit stride vectorises
        for (std::size_t i = 0; i < pairs; ++i)
            turn(i, vector[i], vector[i + pairs]);
    } else {
        for (std::size_t i = 0; i < pairs; ++i)
            turn(i, vector[2 * i], vector[2 * i + 1]);
    }
}

} // namespace pikv
