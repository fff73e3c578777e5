// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/pareto.h"
#include <algorithm>
#include <cmath>

namespace pikv {

std::vector<std::size_t> paretoFront(const std::vector<std::pair<double, double>>& points, Better x, Better y)
{
    const auto directed = [](double value, Better better) { return better == Better::Higher ? -value : value; };
    const auto key
        = [&](std::size_t i) { return std::pair(directed(points[i].first, x), directed(points[i].second, y)); };
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < points.size(); ++i)
        if (!std::isnan(points[i].first) && !std::isnan(points[i].second))
            order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<std::size_t> front;
    for (std::size_t i : order) {
        const bool better = front.empty() || key(i).second < key(front.back()).second;
        if (better || key(i) == key(front.back()))
            front.push_back(i);
    }
    std::stable_sort(
        front.begin(), front.end(), [&](std::size_t a, std::size_t b) { return points[a].first < points[b].first; });
    return front;
}

std::vector<std::size_t> paretoFront(
    const std::vector<EvaluationResult>& results, const MetricInfo& x, const MetricInfo& y)
{
    std::vector<std::pair<double, double>> points;
    points.reserve(results.size());
    for (const EvaluationResult& result : results)
        points.emplace_back(x.value(result), y.value(result));
    return paretoFront(points, x.better, y.better);
}

} // namespace pikv
