// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/nexttokenjson.h"
#include "core/eval/resultsio.h"
#include <cmath>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;

Json numberOrNull(double value) { return std::isnan(value) ? Json() : Json(value); }

Json positionsJson(const NextTokenResult& result, const NextTokenSetup& setup)
{
    Json list = Json::array();
    for (const NextTokenPosition& p : result.positions)
        list.push_back({ { "text", setup.texts.at(static_cast<std::size_t>(p.text)).name }, { "position", p.position },
            { "target", p.target }, { "loss", numberOrNull(p.loss) }, { "kl", numberOrNull(p.kl) },
            { "top_original", p.topOriginal }, { "top_compressed", p.topCompressed },
            { "p_original", numberOrNull(p.targetOriginal) }, { "p_compressed", numberOrNull(p.targetCompressed) } });
    return list;
}

Json detailJson(const NextTokenResult& result, const NextTokenSetup& setup)
{
    const NextTokenSummary& s = result.summary;
    const NextTokenMetrics& e = s.standardError;
    return { { "model", modelInfo(*setup.model).name }, { "texts", s.texts }, { "positions", s.positions },
        { "context", setup.texts.front().context }, { "compress_continuation", result.compressContinuation },
        { "standard_errors", s.texts > 1 ? "clustered by text" : "positions taken for independent" },
        { "loss_se", numberOrNull(e.loss) }, { "perplexity_se", numberOrNull(e.perplexity) },
        { "accuracy_se", numberOrNull(e.accuracy) }, { "agreement_se", numberOrNull(e.agreement) },
        { "kl_se", numberOrNull(e.kl) }, { "kl_median", numberOrNull(s.klMedian) }, { "kl_p99", numberOrNull(s.kl99) },
        { "kl_max", numberOrNull(s.klMax) }, { "probability_rms", numberOrNull(s.probabilityRms) },
        { "score_seconds", result.scoreSeconds }, { "per_position", positionsJson(result, setup) } };
}

} // namespace

std::string nextTokenToJson(
    const NextTokenSession& session, const std::vector<NextTokenResult>& results, const std::string& device)
{
    std::vector<EvaluationResult> rows;
    for (const NextTokenResult& result : results)
        rows.push_back(toEvaluation(result, device));
    Json json = Json::parse(resultsToJson(cacheInfo(*session.contextCache(0)), rows, false));
    for (std::size_t i = 0; i < results.size(); ++i)
        json["results"][i]["next_token"] = detailJson(results[i], session.setup());
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace pikv
