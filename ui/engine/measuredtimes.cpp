// SPDX-License-Identifier: GPL-3.0-or-later
// Medians: the first evaluation of a method, and one beside other work, take longer than the others.
#include "ui/engine/measuredtimes.h"
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr std::size_t mostKept = 101; ///< of a method; the first half goes then

void keep(std::vector<double>& values, double value)
{
    if (values.size() == mostKept)
        values.erase(values.begin(), values.begin() + mostKept / 2);
    values.push_back(value);
}

std::optional<double> median(std::vector<double> values)
{
    if (values.empty())
        return {};
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace

void MeasuredTimes::addEvaluation(const std::string& method, double seconds, double coded)
{
    const std::scoped_lock lock(m_mutex);
    keep(m_evaluations[method], seconds);
    if (coded > 0)
        keep(m_factors, seconds / coded);
}

void MeasuredTimes::addScore(const std::string& method, double seconds)
{
    const std::scoped_lock lock(m_mutex);
    keep(m_scores[method], seconds);
}

std::optional<double> MeasuredTimes::evaluation(const std::string& method) const
{
    const std::scoped_lock lock(m_mutex);
    const auto at = m_evaluations.find(method);
    return at == m_evaluations.end() ? std::nullopt : median(at->second);
}

std::optional<double> MeasuredTimes::score(const std::string& method) const
{
    const std::scoped_lock lock(m_mutex);
    const auto at = m_scores.find(method);
    return at == m_scores.end() ? std::nullopt : median(at->second);
}

std::optional<double> MeasuredTimes::scaled(const std::vector<double>& coded) const
{
    const std::scoped_lock lock(m_mutex);
    const auto typical = median(coded), factor = median(m_factors);
    return typical && factor ? std::optional(*typical * *factor) : std::nullopt;
}

} // namespace pikv::ui
