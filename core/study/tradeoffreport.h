// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <string>
#include <vector>

namespace pikv {

/// The trade-off analysis of a sweep as Markdown: the best result of every metric, Pareto fronts of size against each
/// measured error, families side by side, and how size and quality correlate. Metrics that no result has are left out.
std::string tradeoffReport(const CacheInfo& dump, const std::vector<EvaluationResult>& results);

/// Pearson's correlation of two metrics over the results that have both; NaN for fewer than three or where one does not
/// vary.
double correlation(const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y);

} // namespace pikv
