// SPDX-License-Identifier: GPL-3.0-or-later
// The proxy's figures of every result of a sweep, as CSV and as a section of the analysis.
#include "core/study/proxyrows.h"
#include "core/base/text.h"
#include "core/eval/figuretext.h"
#include "core/study/studyof.h"

namespace pikv {
namespace {

/// What can be said without knowing the text's next token.
std::vector<const MetricInfo*> proxyMetrics()
{
    std::vector<const MetricInfo*> found = nextTokenMetrics(false);
    std::erase_if(found, [](const MetricInfo* metric) { return metric->withoutError || metric->needsTarget; });
    return found;
}

} // namespace

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
    const std::vector<const MetricInfo*> figures = proxyMetrics();
    std::string csv = "compressor,params,importance,predictor,positions";
    for (const MetricInfo* metric : figures)
        csv += "," + std::string(metric->shortName()) + "," + std::string(metric->shortName()) + "_se";
    csv += "\n";
    for (const ProxyRow& row : rows) {
        const NextTokenSummary& s = row.proxy.summary;
        csv += row.method.id + "," + csvField(printParams(row.method)) + "," + printImportance(row.importance) + ","
            + csvField(row.proxy.label) + "," + std::to_string(s.positions);
        for (const MetricInfo* metric : figures)
            csv += "," + figureText(metric->score(s)) + "," + figureText(metric->scoreError(s));
        csv += "\n";
    }
    return csv;
}

std::string proxySection(const std::vector<ProxyRow>& rows)
{
    if (rows.empty())
        return {};
    std::string text = "\n## Next tokens, by proxy\n\nNo model was given (`--model`), so a stand-in predicts ("
        + rows.front().proxy.label
        + "). Agreement and KL are against its own output from the uncompressed cache.\n\n| method | importance |";
    std::string rule = "| --- | --- |";
    for (const MetricInfo* metric : proxyMetrics()) {
        text += " " + std::string(metric->shortLabel) + " |";
        rule += " --- |";
    }
    text += "\n" + rule + "\n";
    for (const ProxyRow& row : rows) {
        text += "| `" + printSpec(row.method) + "` | " + printImportance(row.importance) + " |";
        for (const MetricInfo* metric : proxyMetrics())
            text += " " + figureText(metric->score(row.proxy.summary)) + " ± "
                + figureText(metric->scoreError(row.proxy.summary)) + " |";
        text += "\n";
    }
    return text;
}

} // namespace pikv
