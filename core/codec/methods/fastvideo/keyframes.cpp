// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methods/fastvideo/keyframes.h"
#include <cstddef>

namespace pikv {
namespace {

/// Sum of f(i)^2 in eight parts: a fixed order of additions that vectorises.
template <typename F>
double sumOfSquares(std::size_t count, F f)
{
    float part[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (std::size_t lane = 0; lane < 8; ++lane)
            part[lane] += f(i + lane) * f(i + lane);
    for (; i < count; ++i)
        part[0] += f(i) * f(i);
    return double((part[0] + part[4]) + (part[1] + part[5])) + double((part[2] + part[6]) + (part[3] + part[7]));
}

} // namespace

double energyOf(const float* values, std::size_t count)
{
    return sumOfSquares(count, [values](std::size_t i) { return values[i]; });
}

bool KeyframePlanner::decide(const float* token, const float* previous, double energy)
{
    bool isKey = isForced();
    if (!isKey) {
        const float* gains = m_gains.data();
        const auto residual = [=](std::size_t c) { return token[c] - gains[c] * previous[c]; };
        isKey = sumOfSquares(m_gains.size(), residual) > m_rule.threshold * energy;
    }
    advance(isKey);
    return isKey;
}

} // namespace pikv
