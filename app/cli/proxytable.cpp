// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/proxytable.h"
#include "app/cli/output.h"
#include "app/cli/session.h"

namespace pikv::cli {

std::vector<ProxyRow> proxyRows(
    const EvaluationRequest& request, const std::vector<EvaluationResult>& results, Session& session)
{
    std::vector<ProxyRow> rows;
    for (const EvaluationResult& result : results) {
        ProxyRequest proxy;
        proxy.cache = request.cache;
        proxy.method = result.method;
        proxy.importance = result.importance;
        proxy.device = request.device;
        proxy.seed = request.seed;
        const std::string place = std::to_string(rows.size() + 1) + "/" + std::to_string(results.size());
        rows.push_back({ result.method, result.importance, runProxy(proxy, session.job("Next-token proxy " + place)) });
    }
    return rows;
}

std::string proxyCsv(const std::vector<ProxyRow>& rows)
{
    std::string csv = "compressor,params,importance,predictor,positions,agreement,agreement_se,kl,kl_se\n";
    for (const ProxyRow& row : rows) {
        const NextTokenSummary& s = row.proxy.summary;
        csv += row.method.id + ",\"" + printParams(row.method) + "\"," + printImportance(row.importance) + ",\""
            + row.proxy.label + "\"," + std::to_string(s.positions) + "," + figureText(s.mean.agreement) + ","
            + figureText(s.standardError.agreement) + "," + figureText(s.mean.kl) + "," + figureText(s.standardError.kl)
            + "\n";
    }
    return csv;
}

std::string proxySection(const std::vector<ProxyRow>& rows)
{
    if (rows.empty())
        return {};
    std::string text = "\n## Next tokens, by proxy\n\nNo model was given (`--model`), so a stand-in predicts ("
        + rows.front().proxy.label
        + "). Agreement and KL are against its own output from the uncompressed cache.\n\n"
          "| method | importance | agreement | KL |\n| --- | --- | --- | --- |\n";
    for (const ProxyRow& row : rows) {
        const NextTokenSummary& s = row.proxy.summary;
        text += "| `" + printSpec(row.method) + "` | " + printImportance(row.importance) + " | "
            + figureText(s.mean.agreement) + " ± " + figureText(s.standardError.agreement) + " | "
            + figureText(s.mean.kl) + " ± " + figureText(s.standardError.kl) + " |\n";
    }
    return text;
}

} // namespace pikv::cli
