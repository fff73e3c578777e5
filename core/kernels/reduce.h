// SPDX-License-Identifier: GPL-3.0-or-later
// Sums whose order of additions is fixed, whatever the machine and the compiler, and that still vectorise: a compiler
// may not reorder one running sum, so there are several side by side.
#pragma once
#include <array>
#include <cstddef>

namespace pikv {

/// The sums of term(i) over i = lane, lane + lanes, …; what is left at the end goes into lane 0.
template <std::size_t lanes, typename Term>
std::array<float, lanes> laneSums(std::size_t count, Term term)
{
    std::array<float, lanes> sums {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            sums[lane] += term(i + lane);
    for (; i < count; ++i)
        sums[0] += term(i);
    return sums;
}

/// The lanes added up from the first to the last.
template <std::size_t lanes>
float inOrder(const std::array<float, lanes>& sums)
{
    float total = 0;
    for (const float sum : sums)
        total += sum;
    return total;
}

/// Sum of squares of a short row, in single precision; sumOfSquares() is for long ones.
inline float rowSquares(const float* row, std::size_t count)
{
    return inOrder(laneSums<8>(count, [row](std::size_t i) { return row[i] * row[i]; }));
}

/// Products of two rows, summed in eight lanes.
inline std::array<float, 8> dotLanes(const float* a, const float* b, std::size_t count)
{
    return laneSums<8>(count, [a, b](std::size_t i) { return a[i] * b[i]; });
}

} // namespace pikv
