// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/proxyrows.h"
#include "core/base/text.h"
#include "core/eval/figuretext.h"
#include "core/study/studyof.h"

namespace pikv {

std::vector<ProxyRow> proxyRows(const CachePtr& cache, const StudySettings& settings,
    const std::vector<EvaluationResult>& results, const JobControl& job)
{
    StudyOfImportance studies(cache, settings);
    std::vector<ProxyRow> rows;
    for (const EvaluationResult& result : results) {
        const std::string place = std::to_string(rows.size() + 1) + "/" + std::to_string(results.size());
        const JobControl named(job.stopToken(), [&](Progress progress) {
            progress.stage = "Next-token proxy " + place + ": " + progress.stage;
            job.report(progress);
        });
        rows.push_back({ result.method, result.importance, studies.of(result.importance).proxy(result.method, named) });
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

} // namespace pikv
