// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <functional>

namespace pikv {

/// Where a search for a number of bits ended.
struct RatePoint {
    double octaves = 0; ///< log2 of the step
    double bits = 0; ///< at that step
    double slope = 0; ///< bits an octave there, below 0
};

/// Finds the step at which `bitsAt(octaves)`, which falls with the step, is `target`, to `tolerance` of it: secants
/// within a bracket, from `start`. Ends at the bounds of the search, or with the best of 14 evaluations, where the
/// target is out of reach. `elements` is how many bits an octave can be worth at most.
RatePoint searchRate(
    const std::function<double(double)>& bitsAt, double target, double elements, double start, double tolerance);

} // namespace pikv
