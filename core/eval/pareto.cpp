// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/pareto.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

/// Smaller is better for both after the sign.
double directed(const MetricInfo& metric, const EvaluationResult& result)
{
    const double value = metric.value(result);
    return metric.better == Better::Higher ? -value : value;
}

} // namespace

std::vector<std::size_t> paretoFront(
    const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y)
{
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < results.size(); ++i)
        if (!std::isnan(x.value(results[i])) && !std::isnan(y.value(results[i])))
            order.push_back(i);
    const auto key = [&](std::size_t i) { return std::pair(directed(x, results[i]), directed(y, results[i])); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<std::size_t> front;
    for (std::size_t i : order) {
        const bool better = front.empty() || key(i).second < key(front.back()).second;
        if (better || key(i) == key(front.back()))
            front.push_back(i);
    }
    std::stable_sort(front.begin(), front.end(),
        [&](std::size_t a, std::size_t b) { return x.value(results[a]) < x.value(results[b]); });
    return front;
}

} // namespace pikv
