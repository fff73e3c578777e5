// SPDX-License-Identifier: GPL-3.0-or-later
// Results, dumps and the registry as JSON.
#include "core/cache/crossattention.h"
#include "core/codec/registry.h"
#include "core/eval/resultsio.h"
#include <cmath>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;

Json numberOrNull(double value) { return std::isnan(value) ? Json() : Json(value); }

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json qualityJson(const QualityMetrics& quality)
{
    Json json = Json::object();
    for (const MetricInfo& metric : metrics())
        if (metric.quality)
            json[std::string(metric.name)] = numberOrNull(quality.*metric.quality);
    return json;
}

Json layersJson(const EvaluationResult& r)
{
    Json layers = Json::array();
    for (const LayerQuality& layer : r.layers) {
        Json json { { "layer", layer.layer }, { "stored_bytes", layer.storedBytes } };
        json.update(qualityJson(layer.quality));
        json["heads"] = Json::array();
        for (const QualityMetrics& head : layer.heads)
            json["heads"].push_back(qualityJson(head));
        layers.push_back(std::move(json));
    }
    return layers;
}

Json resultJson(const EvaluationResult& r, bool perLayer)
{
    Json json { { "compressor", r.control ? controlName : r.method.id },
        { "params", r.control ? std::string() : printParams(r.method) }, { "device", r.device },
        { "importance", printImportance(r.importance) }, { "seed", r.seed } };
    for (const MetricInfo& metric : metrics()) {
        const double value = metric.value(r);
        json[std::string(metric.name)] = metric.countsBytes() && !std::isnan(value)
            ? Json(static_cast<std::uint64_t>(value))
            : numberOrNull(value);
    }
    json["attention_queries"] = r.attentionQueries;
    json["shared_caches"] = r.sharedCaches;
    for (const auto& [name, bytes] : r.breakdown)
        json["stored_breakdown"][name] = bytes;
    if (r.clamped > 0)
        json.update({ { "clamped_elements", r.clamped }, { "largest_clamped", r.largestClamped } });
    if (!r.warnings.empty())
        json["warnings"] = r.warnings;
    if (!r.measured.empty())
        json["measured"] = r.measured;
    json["timings"] = r.timings;
    json["tokens"] = r.tokens;
    if (perLayer)
        json["layers"] = layersJson(r);
    return json;
}

Json ropeJson(const RopeInfo& rope)
{
    static constexpr const char* states[] = { "unknown", "post", "pre" };
    static constexpr const char* layouts[] = { "unknown", "half", "interleaved" };
    Json json { { "key_rope", states[static_cast<int>(rope.state)] },
        { "rope_layout", layouts[static_cast<int>(rope.layout)] } };
    json["rope_theta"] = rope.theta ? Json(*rope.theta) : Json();
    json["rope_scaling"] = rope.scaling.empty() ? "none" : rope.scaling;
    json["rope_dim"] = rope.dim;
    json["rope_undone"] = rope.invertible();
    return json;
}

/// One object a layer: its number in the model and its own shape.
Json shapesJson(const CacheInfo& info)
{
    Json list = Json::array();
    for (std::size_t i = 0; i < info.layers.size(); ++i) {
        const LayerShape& l = info.layers[i];
        list.push_back({ { "layer", info.layerNumber(i) }, { "kv_heads", l.kvHeads }, { "seq", l.seq },
            { "first_token", l.firstToken }, { "key_dim", l.keyDim }, { "value_dim", l.valueDim },
            { "key_dtype", dtypeName(l.keyDtype) }, { "value_dtype", dtypeName(l.valueDtype) } });
    }
    return list;
}

Json cacheJson(const CacheInfo& info)
{
    Json json { { "path", info.path }, { "format", info.format }, { "model", info.model },
        { "file_bytes", info.fileBytes }, { "reference_bytes", info.referenceBytes() }, { "elements", info.elements() },
        { "layers", info.layers.size() }, { "batch", info.batch() }, { "seq", info.seq() } };
    if (!info.layers.empty()) {
        const LayerShape& l = info.layers.front();
        json.update({ { "kv_heads", l.kvHeads }, { "key_dim", l.keyDim }, { "value_dim", l.valueDim },
            { "key_dtype", dtypeName(l.keyDtype) }, { "value_dtype", dtypeName(l.valueDtype) },
            { "query_heads", l.queryHeads }, { "queries", l.queryCount } });
    }
    json["uniform_layers"] = info.uniform();
    json["layer_shapes"] = shapesJson(info);
    json["attention"] = isCross(info) ? "cross" : "self";
    json.update(ropeJson(info.rope));
    for (const RopeInfo& rope : info.layerRopes)
        json["layer_ropes"].push_back(ropeJson(rope));
    if (info.hasPadding())
        json["tokens_of_sequences"] = tokenCounts(info);
    if (!info.positions.empty())
        json.update({ { "first_position", info.positions.front() }, { "last_position", info.positions.back() } });
    if (!info.notes.empty())
        json["notes"] = info.notes;
    if (!info.told.empty())
        json["told_by_user"] = info.told;
    for (const DumpPart& part : info.parts)
        json["parts"].push_back({ { "id", part.id }, { "label", part.label }, { "read", part.id == info.part } });
    json["token_ids"] = info.tokenIds.size();
    json["has_text"] = !info.text.empty();
    json["has_importance"] = info.hasImportance;
    return json;
}

const char* typeName(ParamType type)
{
    static constexpr const char* names[] = { "int", "real", "bool", "choice", "int list", "real list", "file" };
    return names[static_cast<int>(type)];
}

Json paramJson(const ParamSpec& spec)
{
    Json json { { "name", spec.name }, { "label", spec.label }, { "type", typeName(spec.type) },
        { "default", printParam(spec.defaultValue) }, { "help", spec.help } };
    if (!spec.choices.empty())
        json["choices"] = spec.choices;
    else if (spec.maximum > spec.minimum)
        json.update({ { "minimum", spec.minimum }, { "maximum", spec.maximum }, { "step", spec.step },
            { "scale", spec.scale == ParamScale::Log ? "log" : "linear" } });
    if (!spec.unit.empty())
        json["unit"] = spec.unit;
    return json;
}

} // namespace

std::string resultsToJson(const CacheInfo& dump, const std::vector<EvaluationResult>& results, bool perLayer)
{
    Json json { { "dump", cacheJson(dump) }, { "results", Json::array() } };
    for (const EvaluationResult& r : results)
        json["results"].push_back(resultJson(r, perLayer));
    return dumped(json);
}

std::string resultToJson(const EvaluationResult& result)
{
    return resultJson(result, false).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string cacheInfoToJson(const CacheInfo& info) { return dumped(cacheJson(info)); }

std::string registryToJson()
{
    Json list = Json::array();
    for (const MethodInfo& method : Registry::instance().methods()) {
        Json json { { "id", method.id }, { "label", method.label }, { "family", method.family },
            { "sentence", method.sentence }, { "reference", method.reference }, { "params", Json::array() } };
        for (const ParamSpec& spec : method.params)
            json["params"].push_back(paramJson(spec));
        list.push_back(std::move(json));
    }
    return dumped(list);
}

} // namespace pikv
