// SPDX-License-Identifier: GPL-3.0-or-later
// The search for the step at which a figure has the value that is asked for.
#include "core/codec/methods/fisher/steptarget.h"
#include "core/base/error.h"
#include "core/codec/paramspec.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace pikv {
namespace {

constexpr int mostTries = 16;
constexpr double narrowest = 1.002; ///< bracket in which a figure jumps over the target

std::string shortNumber(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

struct Tried {
    double step, figure;
    /// How far above the target, in octaves.
    double above(double target) const { return std::log2(std::max(figure, 1e-300) / target); }
};

/// Step where a straight line in both logarithms meets the target; the middle where that is near an end.
double between(const Tried& a, const Tried& b, double target)
{
    const double low = std::log2(a.step), high = std::log2(b.step), fa = a.above(target), fb = b.above(target);
    const double share = std::clamp(fa / (fa - fb), 0.05, 0.95);
    return std::exp2(low + share * (high - low));
}

} // namespace

double stepFor(const StepTarget& target, double least, double most, double start)
{
    const auto tryStep = [&](double step) { return Tried { step, target.figureAt(step) }; };
    const auto reached = [&](const Tried& t) { return std::abs(t.figure / target.value - 1) <= target.tolerance; };
    const Tried first = tryStep(start);
    Tried nearest = first;
    std::optional<Tried> beyond; // on the other side of the target than `nearest`
    // Away from the start until the target lies between two steps: first where figures fall with the step, and the
    // other way where that leads away from the target.
    double factor = first.above(target.value) > 0 ? 4 : 0.25;
    for (int turn = 0; turn < 2 && !beyond && !reached(nearest); ++turn, factor = 1 / factor) {
        bool leadsAway = false;
        while (!beyond && !leadsAway && !reached(nearest) && nearest.step * factor >= least / 4
            && nearest.step * factor <= most * 4) {
            const double step = std::clamp(nearest.step * factor, least, most);
            if (step == nearest.step)
                break;
            try {
                const Tried next = tryStep(step);
                const double before = nearest.above(target.value), now = next.above(target.value);
                // By less than the tolerance a figure may rise where it falls on the whole.
                leadsAway
                    = std::abs(now) > std::abs(before) + std::log2(1 + target.tolerance) && (before > 0) == (now > 0);
                if (leadsAway)
                    break;
                if ((before > 0) != (now > 0))
                    beyond = next;
                else
                    nearest = next;
            } catch (const Error& e) {
                if (e.kind() != ErrorKind::Usage)
                    throw;
                break; // too fine: nothing beyond
            }
        }
        if (!leadsAway)
            break;
    }
    if (reached(nearest))
        return nearest.step;
    if (!beyond)
        throw usageError("fisher: " + target.name + "=" + printParam(target.value)
            + " is not reached: step=" + printParam(nearest.step) + " gives " + shortNumber(nearest.figure));
    Tried low = nearest, high = *beyond;
    for (int i = 0; i < mostTries && !reached(high) && std::max(high.step / low.step, low.step / high.step) > narrowest;
         ++i) {
        const Tried middle = tryStep(between(low, high, target.value));
        if (reached(middle))
            return middle.step;
        ((middle.above(target.value) > 0) == (low.above(target.value) > 0) ? low : high) = middle;
    }
    return std::abs(low.above(target.value)) < std::abs(high.above(target.value)) ? low.step : high.step;
}

} // namespace pikv
