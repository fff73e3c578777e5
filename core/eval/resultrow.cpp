// SPDX-License-Identifier: GPL-3.0-or-later
// A result's fields that are no metrics, as they stand in tables: one list for writers and readers.
#include "core/eval/resultrow.h"
#include "core/codec/methodspec.h"
#include <algorithm>
#include <charconv>
#include <limits>

namespace pikv {
namespace {

std::string textOf(const ResultRow& row, const std::string& name)
{
    const auto at = row.find(name);
    return at == row.end() ? std::string() : at->second;
}

double numberOf(const ResultRow& row, const std::string& name, const ResultPlace& place)
{
    const std::string text = textOf(row, name);
    if (text.empty())
        return kNoValue;
    double value = 0;
    const char *begin = text.data(), *end = begin + text.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end)
        throw place.error("column " + name + " holds '" + text + "', not a number");
    return value;
}

std::uint64_t bytesOf(const ResultRow& row, const std::string& name, const ResultPlace& place)
{
    const double value = numberOf(row, name, place);
    if (!(value >= 0 && value < 9e18))
        throw place.error("column " + name + " is missing or not a size in bytes");
    return static_cast<std::uint64_t>(value);
}

void readFigure(const MetricInfo& metric, const ResultRow& row, const ResultPlace& place, EvaluationResult& result)
{
    const std::string name(metric.name);
    if (!metric.bytes)
        return metric.set(result, numberOf(row, name, place));
    if (row.contains(name) || !metric.aboutShared) // tables from before calibrations were shared lack these alone
        result.*metric.bytes = bytesOf(row, name, place);
}

} // namespace

bool isMeasurement(const ResultRow& row)
{
    const std::string statistic = textOf(row, "statistic");
    return textOf(row, "compressor") != controlName && (statistic.empty() || statistic == "value");
}

EvaluationResult resultOf(const ResultRow& row, const ResultPlace& place)
{
    EvaluationResult result;
    try {
        result.method = parseSpec(textOf(row, "compressor") + ":" + textOf(row, "params"));
        if (const std::string importance = textOf(row, "importance"); !importance.empty())
            result.importance = parseImportance(importance);
    } catch (const Error& e) {
        throw place.error(e.what());
    }
    result.device = textOf(row, "device");
    result.attentionQueries = textOf(row, "attention_queries");
    result.measured = textOf(row, "measured");
    if (const std::string warnings = textOf(row, "warnings"); !warnings.empty())
        result.warnings.push_back(warnings);
    result.seed = row.contains("seed") ? bytesOf(row, "seed", place) : 0;
    if (row.contains("timings"))
        result.timings = static_cast<int>(
            std::clamp<std::uint64_t>(bytesOf(row, "timings", place), 1, std::numeric_limits<int>::max()));
    if (row.contains("tokens") && !textOf(row, "tokens").empty())
        result.tokens = static_cast<std::int64_t>(bytesOf(row, "tokens", place));
    if (row.contains("shared_caches"))
        result.sharedCaches
            = static_cast<std::int64_t>(std::max<std::uint64_t>(1, bytesOf(row, "shared_caches", place)));
    for (const MetricInfo& metric : metrics())
        readFigure(metric, row, place, result);
    return result;
}

} // namespace pikv
