// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the results back from JSON, layers and heads included.
#include "core/eval/resultrow.h"
#include "core/eval/resultsio.h"
#include <fstream>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;

/// Texts, numbers and nulls of an object; what is nested is read apart.
ResultRow rowOf(const Json& result)
{
    ResultRow row;
    for (const auto& [name, value] : result.items())
        if (value.is_string())
            row[name] = value.get<std::string>();
        else if (value.is_number())
            row[name] = value.dump();
        else if (value.is_null())
            row[name] = {};
    return row;
}

QualityMetrics qualityOf(const Json& object)
{
    QualityMetrics quality;
    for (const MetricInfo& metric : metrics())
        if (const auto at = object.find(std::string(metric.name));
            metric.quality && at != object.end() && at->is_number())
            quality.*metric.quality = at->get<double>();
    return quality;
}

std::vector<LayerQuality> layersOf(const Json& list)
{
    std::vector<LayerQuality> layers;
    for (const Json& object : list) {
        LayerQuality layer;
        layer.layer = object.at("layer").get<int>();
        layer.storedBytes = object.at("stored_bytes").get<std::uint64_t>();
        layer.quality = qualityOf(object);
        for (const Json& head : object.at("heads"))
            layer.heads.push_back(qualityOf(head));
        layers.push_back(std::move(layer));
    }
    return layers;
}

EvaluationResult readResult(const Json& object, const ResultPlace& place)
{
    if (!object.is_object())
        throw place.error("is not an object");
    EvaluationResult result = resultOf(rowOf(object), place);
    try {
        const Json breakdown = object.value("stored_breakdown", Json::object()); // items() refers to it
        for (const auto& [name, bytes] : breakdown.items())
            result.breakdown.emplace_back(name, bytes.get<std::uint64_t>());
        result.clamped = object.value("clamped_elements", std::int64_t(0));
        result.largestClamped = object.value("largest_clamped", 0.0);
        for (const Json& warning : object.value("warnings", Json::array()))
            result.warnings.push_back(warning.get<std::string>());
        result.layers = layersOf(object.value("layers", Json::array()));
    } catch (const Json::exception&) {
        throw place.error("its sections, warnings or layers are not in the form that results are written in");
    }
    return result;
}

} // namespace

std::vector<EvaluationResult> resultsFromJson(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        throw inputError(path + ": cannot be opened for reading");
    const Json json = Json::parse(file, nullptr, false);
    if (!json.is_object() || !json.contains("results") || !json["results"].is_array())
        throw inputError(path + ": not a results file: it is no JSON object with an array \"results\"");
    std::vector<EvaluationResult> results;
    for (std::size_t i = 0; i < json["results"].size(); ++i)
        if (const Json& result = json["results"][i]; !result.is_object() || isMeasurement(rowOf(result)))
            results.push_back(readResult(result, { path + ", result " + std::to_string(i + 1) }));
    return results;
}

EvaluationResult resultFromJson(const std::string& text, const std::string& place)
{
    return readResult(Json::parse(text, nullptr, false), { place });
}

} // namespace pikv
