// SPDX-License-Identifier: GPL-3.0-or-later
// What nextTokenToJson() adds to a result: standard errors, the tail of KL, every position.
#include "core/eval/nexttokenjson.h"
#include "core/eval/resultsio.h"
#include <cmath>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;

Json numberOrNull(double value) { return std::isnan(value) ? Json() : Json(value); }

Json positionJson(const NextTokenPosition& p, const NextTokenSetup& setup)
{
    Json json { { "text", setup.texts.at(static_cast<std::size_t>(p.text)).name }, { "position", p.position },
        { "target", p.target } };
    for (const MetricInfo* metric : nextTokenMetrics(false))
        if (metric->position)
            json[std::string(metric->shortName())] = numberOrNull(metric->position(p));
    json.update({ { "top_original", p.topOriginal }, { "top_compressed", p.topCompressed },
        { "p_original", numberOrNull(p.targetOriginal) }, { "p_compressed", numberOrNull(p.targetCompressed) } });
    return json;
}

Json detailJson(const NextTokenResult& result, const NextTokenSetup& setup)
{
    const NextTokenSummary& s = result.summary;
    Json json { { "model", modelInfo(*setup.model).name }, { "texts", s.texts }, { "positions", s.positions },
        { "context", setup.texts.front().context }, { "compress_continuation", result.compressContinuation },
        { "standard_errors", s.texts > 1 ? "clustered by text" : "positions taken for independent" } };
    for (const MetricInfo* metric : nextTokenMetrics(false)) {
        const std::string name(metric->shortName());
        if (metric->onRequest && std::isnan(metric->score(s)))
            continue;
        if (metric->withoutError)
            json[name] = numberOrNull(metric->score(s));
        else
            json[name + "_se"] = numberOrNull(metric->scoreError(s));
        if (const auto [low, high] = metric->scoreInterval(s); !std::isnan(low))
            json.update({ { name + "_low", low }, { name + "_high", high } });
    }
    json["score_seconds"] = result.scoreSeconds;
    json["per_position"] = Json::array();
    for (const NextTokenPosition& position : result.positions)
        json["per_position"].push_back(positionJson(position, setup));
    return json;
}

} // namespace

void NextTokenJson::add(
    const NextTokenSession& session, const std::vector<NextTokenResult>& results, const std::string& device)
{
    std::vector<EvaluationResult> rows;
    for (const NextTokenResult& result : results)
        rows.push_back(toEvaluation(result, device));
    Json json = Json::parse(resultsToJson(cacheInfo(*session.contextCache(0)), rows, false));
    for (std::size_t i = 0; i < results.size(); ++i)
        json["results"][i]["next_token"] = detailJson(results[i], session.setup());
    if (m_json->empty())
        *m_json = std::move(json);
    else
        for (Json& result : json["results"])
            (*m_json)["results"].push_back(std::move(result));
}

NextTokenJson::NextTokenJson()
    : m_json(std::make_unique<nlohmann::ordered_json>(Json::object()))
{
}

NextTokenJson::~NextTokenJson() = default;

std::string NextTokenJson::text() const { return m_json->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

} // namespace pikv
