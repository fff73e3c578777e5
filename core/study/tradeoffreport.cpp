// SPDX-License-Identifier: GPL-3.0-or-later
// Each section of the analysis is one function from the results to its Markdown.
#include "core/study/tradeoffreport.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/eval/figuretext.h"
#include "core/eval/pareto.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

using Results = std::vector<EvaluationResult>;

/// What a front sets against the bits per element, where it was measured.
constexpr const char* kErrors[] = { "attention_error", "mse", "next_token_kl", "next_token_accuracy" };

std::string row(const std::vector<std::string>& cells)
{
    std::string text = "|";
    for (const std::string& cell : cells)
        text += " " + cell + " |";
    return text + "\n";
}

std::string tableHead(const std::vector<std::string>& titles)
{
    return "\n" + row(titles) + row(std::vector<std::string>(titles.size(), "---"));
}

std::string nameOf(const EvaluationResult& r) { return "`" + printSpec(r.method) + "`"; }

std::string importanceOf(const EvaluationResult& r) { return printImportance(r.importance); }

bool measured(const Results& results, const MetricInfo& metric)
{
    return std::any_of(results.begin(), results.end(), [&](const auto& r) { return !std::isnan(metric.value(r)); });
}

/// The result with the best value; null where none has one.
const EvaluationResult* bestOf(const Results& results, const MetricInfo& metric)
{
    const EvaluationResult* best = nullptr;
    for (const EvaluationResult& r : results) {
        const double value = metric.value(r);
        if (std::isnan(value))
            continue;
        const double held = best ? metric.value(*best) : kNoValue;
        if (!best || (metric.better == Better::Lower ? value < held : value > held))
            best = &r;
    }
    return best;
}

/// Ratios with shared bytes repeat the plain one where nothing is shared.
bool worthTelling(const Results& results, const MetricInfo& metric)
{
    return metric.better != Better::Neither
        && (!metric.aboutShared || std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) {
               return r.sharedBytes > 0;
           }));
}

std::string bestOfEachMetric(const Results& results)
{
    std::string text
        = "\n## Best of each metric\n" + tableHead({ "metric", "better", "method", "importance", "value" });
    for (const MetricInfo& metric : metrics())
        if (const EvaluationResult* best = worthTelling(results, metric) ? bestOf(results, metric) : nullptr)
            text += row({ std::string(metric.name), metric.better == Better::Lower ? "lower" : "higher", nameOf(*best),
                importanceOf(*best), figureText(metric.value(*best)) });
    return text;
}

std::string fronts(const Results& results)
{
    const MetricInfo& size = *findMetric("bits_per_element");
    std::string text = "\n## Pareto fronts\n\nNo other result is both smaller and better.\n";
    for (const char* name : kErrors) {
        const MetricInfo& metric = *findMetric(name);
        if (!measured(results, metric))
            continue;
        text += "\n### Bits per element against " + std::string(metric.name) + "\n"
            + tableHead({ "method", "importance", "bits per element", std::string(metric.name) });
        for (std::size_t i : paretoFront(results, size, metric))
            text += row({ nameOf(results[i]), importanceOf(results[i]), figureText(size.value(results[i])),
                figureText(metric.value(results[i])) });
    }
    return text;
}

std::string families(const Results& results)
{
    const MetricInfo &ratio = *findMetric("compression_ratio"), &error = *findMetric("attention_error");
    const auto front = paretoFront(results, *findMetric("bits_per_element"), error);
    std::string text = "\n## Families\n"
        + tableHead({ "family", "results", "on the attention-error front", "smallest ratio", "mean ratio",
            "least attention error", "mean attention error" });
    for (const std::string& family : methodFamilies()) {
        Results members;
        const auto isMember
            = [&](const EvaluationResult& r) { return Registry::instance().get(r.method.id).family == family; };
        std::copy_if(results.begin(), results.end(), std::back_inserter(members), isMember);
        if (members.empty())
            continue;
        const auto mean = [&](const MetricInfo& metric) {
            double sum = 0;
            for (const EvaluationResult& r : members)
                sum += metric.value(r);
            return figureText(sum / double(members.size()));
        };
        const auto best = [&](const MetricInfo& metric) {
            const EvaluationResult* result = bestOf(members, metric);
            return result ? figureText(metric.value(*result)) + " (" + nameOf(*result) + ")" : "-";
        };
        const auto onFront
            = std::count_if(front.begin(), front.end(), [&](std::size_t i) { return isMember(results[i]); });
        text += row({ family, std::to_string(members.size()), std::to_string(onFront), best(ratio), mean(ratio),
            best(error), mean(error) });
    }
    return text;
}

std::string correlations(const Results& results)
{
    const MetricInfo& ratio = *findMetric("compression_ratio");
    std::string text;
    for (const char* name : { "attention_error", "mse", "cosine", "next_token_accuracy", "next_token_kl" })
        if (const double r = correlation(results, ratio, *findMetric(name)); !std::isnan(r))
            text += row({ name, figureText(r) });
    if (text.empty())
        return text;
    return "\n## Size and quality\n\nPearson's correlation of the compression ratio with a metric, over all results.\n"
        + tableHead({ "metric", "correlation" }) + text;
}

} // namespace

double correlation(const Results& results, const MetricInfo& x, const MetricInfo& y)
{
    std::vector<std::pair<double, double>> points;
    for (const EvaluationResult& r : results)
        if (std::isfinite(x.value(r)) && std::isfinite(y.value(r)))
            points.emplace_back(x.value(r), y.value(r));
    if (points.size() < 3)
        return kNoValue;
    double meanX = 0, meanY = 0, xx = 0, yy = 0, xy = 0;
    for (const auto& [a, b] : points) {
        meanX += a / double(points.size());
        meanY += b / double(points.size());
    }
    for (const auto& [a, b] : points) {
        xx += (a - meanX) * (a - meanX);
        yy += (b - meanY) * (b - meanY);
        xy += (a - meanX) * (b - meanY);
    }
    return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : kNoValue;
}

std::string tradeoffReport(const CacheInfo& dump, const Results& results)
{
    std::string text = "# Trade-off analysis\n\n" + countText(results.size(), "result") + " on " + inQuotes(dump.path)
        + ": " + dump.shapeText() + ", " + std::to_string(dump.referenceBytes())
        + " bytes at 16 bits. Sizes are those of the saved files; errors are of what comes back from them.\n";
    if (results.empty())
        return text;
    const auto isUniform
        = [](const EvaluationResult& r) { return r.importance.source == ImportanceSpec::Source::Uniform; };
    if (std::any_of(results.begin(), results.end(), isUniform))
        text += "\nA uniform importance gives every token the same weight. Results that differ in its level alone "
                "differ "
                "only where a method holds importance against a threshold.\n";
    return text + bestOfEachMetric(results) + fronts(results) + families(results) + correlations(results);
}

} // namespace pikv
