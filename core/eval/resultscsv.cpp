// SPDX-License-Identifier: GPL-3.0-or-later
// The results table as CSV, one row a result, or a layer and a head.
#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/codec/methodspec.h"
#include "core/eval/resultsio.h"
#include <charconv>
#include <cmath>

namespace pikv {
namespace {

/// Shortest text that reads back as the same double, in the C locale whatever the process has; empty for NaN.
std::string number(double value)
{
    if (std::isnan(value))
        return {};
    char buffer[40];
    return { buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr };
}

std::string identityFields(const EvaluationResult& r)
{
    return r.control ? controlName + std::string(",") : r.method.id + "," + csvField(printParams(r.method));
}

std::string joined(const std::vector<std::string>& texts, const char* between)
{
    std::string all;
    for (const std::string& text : texts)
        all += (all.empty() ? "" : between) + text;
    return all;
}

std::string settingsFields(const EvaluationResult& r)
{
    return r.device + "," + printImportance(r.importance) + "," + std::to_string(r.seed);
}

} // namespace

std::string resultsToCsv(const std::vector<EvaluationResult>& results)
{
    std::string csv = "compressor,params,device,importance,seed";
    for (const MetricInfo& metric : metrics())
        csv += "," + std::string(metric.name);
    csv += ",attention_queries,shared_caches,warnings,measured,timings,tokens\n";
    for (const EvaluationResult& r : results)
        csv += resultCsvRow(r, [&](const MetricInfo& metric) { return metric.value(r); });
    return csv;
}

std::string resultCsvRow(const EvaluationResult& r, const std::function<double(const MetricInfo&)>& figure)
{
    std::string csv = identityFields(r) + "," + settingsFields(r);
    for (const MetricInfo& metric : metrics())
        csv += "," + number(figure(metric));
    return csv + "," + r.attentionQueries + "," + std::to_string(r.sharedCaches) + ","
        + csvField(joined(r.warnings, "; ")) + "," + csvField(r.measured) + "," + std::to_string(r.timings) + ","
        + (r.tokens > 0 ? std::to_string(r.tokens) : std::string()) + "\n";
}

std::string layersToCsv(const std::vector<EvaluationResult>& results)
{
    std::string csv = "compressor,params,layer,head,device,importance,seed,stored_bytes";
    for (const MetricInfo& metric : metrics())
        if (metric.quality)
            csv += "," + std::string(metric.name);
    csv += "\n";
    const auto row = [&](const EvaluationResult& r, int layer, const std::string& head, const std::string& bytes,
                         const QualityMetrics& quality) {
        csv += identityFields(r) + "," + std::to_string(layer) + "," + head + "," + settingsFields(r) + "," + bytes;
        for (const MetricInfo& metric : metrics())
            if (metric.quality)
                csv += "," + number(quality.*metric.quality);
        csv += "\n";
    };
    for (const EvaluationResult& r : results)
        for (const LayerQuality& layer : r.layers) {
            row(r, layer.layer, "all", std::to_string(layer.storedBytes), layer.quality);
            for (std::size_t h = 0; h < layer.heads.size(); ++h)
                row(r, layer.layer, std::to_string(h), "", layer.heads[h]);
        }
    return csv;
}

} // namespace pikv
