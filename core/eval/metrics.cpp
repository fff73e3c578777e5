// SPDX-License-Identifier: GPL-3.0-or-later
// Lookups in the one table of metrics.
#include "core/eval/metrics.h"
#include "core/eval/evaluator.h"
#include "core/eval/metricentries.h"
#include "core/eval/nexttoken.h"
#include <algorithm>

namespace pikv {

double MetricInfo::value(const EvaluationResult& result) const
{
    if (bytes)
        return static_cast<double>(result.*bytes);
    if (part)
        return result.ledger.total() > 0 ? static_cast<double>(result.ledger[*part]) : kNoValue;
    if (seconds)
        return result.*seconds;
    if (quality)
        return result.quality.*quality;
    if (nextToken)
        return result.nextToken.*nextToken;
    return derived ? derived(result) : kNoValue;
}

void MetricInfo::set(EvaluationResult& result, double value) const
{
    if (bytes)
        result.*bytes = static_cast<std::uint64_t>(value);
    else if (part)
        result.ledger[*part] = value > 0 ? static_cast<std::uint64_t>(value) : 0;
    else if (seconds)
        result.*seconds = value;
    else if (quality)
        result.quality.*quality = value;
    else if (nextToken)
        result.nextToken.*nextToken = value;
}

double MetricInfo::score(const NextTokenSummary& summary) const
{
    return nextToken ? summary.mean.*nextToken : kNoValue;
}

double MetricInfo::scoreError(const NextTokenSummary& summary) const
{
    return nextToken ? summary.standardError.*nextToken : kNoValue;
}

std::pair<double, double> MetricInfo::scoreInterval(const NextTokenSummary& summary) const
{
    return nextToken ? std::pair(summary.low.*nextToken, summary.high.*nextToken) : std::pair(kNoValue, kNoValue);
}

std::string_view MetricInfo::shortName() const
{
    constexpr std::string_view prefix = "next_token_";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::span<const MetricInfo> metrics()
{
    static const std::vector<MetricInfo> table = metricEntries();
    return table;
}

const MetricInfo* findMetric(std::string_view name)
{
    const auto list = metrics();
    const auto at = std::find_if(list.begin(), list.end(), [&](const MetricInfo& m) { return m.name == name; });
    return at == list.end() ? nullptr : &*at;
}

std::vector<const MetricInfo*> ledgerMetrics(bool shared)
{
    std::vector<const MetricInfo*> found;
    for (const LedgerPartInfo& part : ledgerParts())
        found.push_back(findMetric(part.name));
    for (const char* name : { "stored_bytes", "compression_ratio", "published_ratio", "kept_share" })
        found.push_back(findMetric(name));
    for (const char* name : { "shared_bytes", "shared_bytes_each" })
        if (shared)
            found.push_back(findMetric(name));
    return found;
}

std::vector<const MetricInfo*> nextTokenMetrics(bool byRank)
{
    std::vector<const MetricInfo*> found;
    for (const MetricInfo& metric : metrics())
        if (metric.group == MetricGroup::NextToken)
            found.push_back(&metric);
    if (byRank)
        std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->rank < b->rank; });
    return found;
}

bool hasKlShares(const NextTokenMetrics& figures) { return !std::isnan(figures.klKeys); }

bool hasNextToken(const NextTokenMetrics& figures)
{
    return std::ranges::any_of(
        metrics(), [&](const MetricInfo& m) { return m.nextToken && !std::isnan(figures.*m.nextToken); });
}

} // namespace pikv
