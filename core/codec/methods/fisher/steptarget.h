// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <functional>
#include <string>

namespace pikv {

/// A figure of a file that depends on the step alone, and what it is to be.
struct StepTarget {
    std::string name; ///< of the parameter, for messages: "compression_ratio"
    double value; ///< > 0
    double tolerance; ///< relative
    std::function<double(double step)> figureAt; ///< throws Error{Usage} where a step is too fine
};

/// The step between `least` and `most` at which the figure is the target's, to the tolerance: secants in both
/// logarithms within a bracket, from `start`. The nearest that was tried where the figure jumps over the target.
/// Throws Error{Usage} that names what the last step gives where no step reaches the target.
double stepFor(const StepTarget& target, double least, double most, double start);

} // namespace pikv
