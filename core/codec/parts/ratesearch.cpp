// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/ratesearch.h"
#include <algorithm>
#include <cmath>
#include <optional>

namespace pikv {
namespace {

constexpr double finest = -20, coarsest = 8;
constexpr int evaluations = 14;

} // namespace

RatePoint searchRate(
    const std::function<double(double)>& bitsAt, double target, double elements, double start, double tolerance)
{
    std::optional<RatePoint> over, under; // finer steps with more bits, coarser ones with fewer
    RatePoint best;
    double octaves = std::clamp(start, finest, coarsest);
    for (int i = 0; i < evaluations; ++i) {
        RatePoint now { octaves, bitsAt(octaves), 0 };
        // An octave is worth a bit to every element that has some.
        now.slope = -elements * std::clamp(now.bits / elements, 0.05, 1.0);
        (now.bits > target ? over : under) = now;
        if (over && under && under->octaves > over->octaves && over->bits > under->bits)
            now.slope = (under->bits - over->bits) / (under->octaves - over->octaves);
        if (i == 0 || std::abs(now.bits - target) < std::abs(best.bits - target))
            best = now;
        if (std::abs(best.bits - target) <= tolerance * std::abs(target))
            break;
        double next = octaves + (target - now.bits) / now.slope;
        if (over && under) {
            // Where the secant hugs one end, the middle makes progress.
            const double width = under->octaves - over->octaves;
            if (i > 6 || next <= over->octaves || next >= under->octaves)
                next = over->octaves + width / 2;
            if (width < 1e-4)
                break;
        }
        next = std::clamp(next, finest, coarsest);
        if (next == octaves)
            break;
        octaves = next;
    }
    return best;
}

} // namespace pikv
