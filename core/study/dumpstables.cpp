// SPDX-License-Identifier: GPL-3.0-or-later
// What was measured on several dumps, and the means over them, as CSV and JSON.
#include "core/study/dumpstables.h"
#include "core/base/text.h"
#include "core/eval/resultsio.h"
#include <cmath>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;

Json numberOrNull(double value) { return std::isnan(value) ? Json() : Json(value); }

/// A row of resultsToCsv() with something behind it in place of the line end.
std::string with(std::string row, const std::string& fields)
{
    row.pop_back();
    return row + fields + "\n";
}

std::string meanRow(const DumpsMean& mean, const char* statistic, double MeanInterval::*bound)
{
    EvaluationResult setting = mean.setting;
    setting.warnings.clear(); // of one dump
    setting.measured.clear();
    return with(resultCsvRow(setting, [&](const MetricInfo& metric) { return mean.of(metric).*bound; }),
        "," + countText(mean.dumps, "dump") + "," + statistic);
}

Json meanJson(const DumpsMean& mean)
{
    const EvaluationResult& r = mean.setting;
    Json json { { "compressor", r.control ? controlName : r.method.id },
        { "params", r.control ? std::string() : printParams(r.method) }, { "device", r.device },
        { "importance", printImportance(r.importance) }, { "seed", r.seed }, { "dumps", mean.dumps },
        { "tokens", r.tokens ? Json(r.tokens) : Json() } };
    for (const MetricInfo& metric : metrics()) {
        const MeanInterval& figure = mean.of(metric);
        if (figure.count > 0)
            json[std::string(metric.name)] = { { "mean", figure.mean }, { "low", numberOrNull(figure.low) },
                { "high", numberOrNull(figure.high) }, { "dumps", figure.count } };
    }
    return json;
}

} // namespace

std::string dumpsToCsv(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means)
{
    std::string csv = with(resultsToCsv({}), ",dump,statistic");
    for (const DumpResults& dump : dumps)
        for (const EvaluationResult& result : dump.results)
            csv += with(resultCsvRow(result, [&](const MetricInfo& metric) { return metric.value(result); }),
                "," + csvField(cacheInfo(*dump.dump).path) + ",value");
    for (const DumpsMean& mean : means)
        csv += meanRow(mean, "mean", &MeanInterval::mean) + meanRow(mean, "low", &MeanInterval::low)
            + meanRow(mean, "high", &MeanInterval::high);
    return csv;
}

std::string dumpsToJson(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means, std::uint64_t seed)
{
    Json json { { "dumps", Json::array() }, { "results", Json::array() }, { "means", Json::array() },
        { "interval",
            { { "of", "the mean over dumps" }, { "level", 0.95 }, { "method", "percentile bootstrap" },
                { "resamples", bootstrapResamples }, { "seed", seed } } } };
    for (const DumpResults& dump : dumps) {
        const CacheInfo& info = cacheInfo(*dump.dump);
        Json one = Json::parse(resultsToJson(info, dump.results, false));
        json["dumps"].push_back(std::move(one["dump"]));
        for (Json& result : one["results"]) {
            result["dump"] = info.path;
            json["results"].push_back(std::move(result));
        }
    }
    for (const DumpsMean& mean : means)
        json["means"].push_back(meanJson(mean));
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace pikv
