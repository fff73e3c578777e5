// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <cstddef>
#include <utility>
#include <vector>

namespace pikv {

/// Indices of the results that no other result beats in both metrics (smaller x; y by its direction), by rising x.
/// Results with NaN in either are left out; equal points are all kept.
std::vector<std::size_t> paretoFront(
    const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y);
/// The same of their values, (x, y) each.
std::vector<std::size_t> paretoFront(const std::vector<std::pair<double, double>>& points, Better x, Better y);

} // namespace pikv
