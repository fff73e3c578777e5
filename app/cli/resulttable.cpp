// SPDX-License-Identifier: GPL-3.0-or-later
// Results as tables for the eye; columns that nobody has a figure for are left out.
#include "app/cli/resulttable.h"
#include "app/cli/output.h"
#include "app/cli/texttable.h"
#include "core/eval/figuretext.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pikv::cli {
namespace {

std::string fixedText(double value, int decimals)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string milliseconds(double seconds)
{
    return std::isnan(seconds) ? "-" : fixedText(seconds * 1000, seconds < 0.1 ? 2 : 0);
}

/// With the fastest and slowest of several runs, and a star where it was not measured now.
std::string timeText(double seconds, double fastest, double slowest, const EvaluationResult& of)
{
    return milliseconds(seconds)
        + (std::isnan(fastest) ? "" : " (" + milliseconds(fastest) + " to " + milliseconds(slowest) + ")")
        + (of.measured.empty() ? "" : "*");
}

/// Of the next-token test: how sure, how often the same, KL with its tail, and what else was asked for.
std::vector<const MetricInfo*> nextTokenColumns(const std::vector<EvaluationResult>& results)
{
    std::vector<const MetricInfo*> found;
    for (const char* name : { "next_token_perplexity", "next_token_agreement", "next_token_kl", "next_token_kl_median",
             "next_token_kl_p99", "next_token_kl_p999", "next_token_kl_max" })
        found.push_back(findMetric(name));
    for (const MetricInfo* metric : nextTokenMetrics(true))
        if (metric->onRequest && std::any_of(results.begin(), results.end(), [&](const EvaluationResult& r) {
                return !std::isnan(metric->value(r));
            }))
            found.push_back(metric);
    return found;
}

/// Bytes alone: the column's title names the unit.
std::string plainBytes(std::uint64_t bytes)
{
    const std::string text = bytesText(bytes);
    return text.substr(0, text.find(' '));
}

/// `dumps`: what a column names beside each result; empty: there is none.
std::string tableOf(const std::vector<EvaluationResult>& results, const std::vector<std::string>& dumps)
{
    const bool nextToken = std::any_of(
        results.begin(), results.end(), [](const EvaluationResult& r) { return hasNextToken(r.nextToken); });
    const bool shared
        = std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) { return r.sharedBytes > 0; });
    const bool amortised = shared
        && std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) { return r.sharedCaches > 1; });
    const bool kept
        = std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) { return r.keptShare() > 0; });
    const bool importance = std::any_of(results.begin(), results.end(),
        [&](const EvaluationResult& r) { return r.importance != results.front().importance; });
    std::vector<std::string> titles { "method", "stored bytes", "ratio", "bits/element", "attention error", "key NMSE",
        "value NMSE", "cosine", "encode ms", "decode ms" };
    if (kept)
        titles.emplace_back("16-bit share");
    if (shared)
        titles.insert(titles.end(), { "shared bytes", "ratio with shared" });
    if (amortised)
        titles.push_back("amortised ratio");
    if (nextToken)
        for (const MetricInfo* metric : nextTokenColumns(results))
            titles.emplace_back(metric->shortLabel);
    if (importance)
        titles.insert(titles.begin() + 1, "importance");
    if (!dumps.empty())
        titles.insert(titles.begin() + 1, "<dump");
    TextTable table(titles);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const EvaluationResult& r = results[i];
        std::vector<std::string> row { rowName(r), plainBytes(r.storedBytes), figureText(r.compressionRatio()),
            figureText(r.bitsPerElement()), figureText(r.quality.attentionError), figureText(r.quality.keyNmse),
            figureText(r.quality.valueNmse), figureText(r.quality.cosine),
            timeText(r.compressSeconds, r.compressFastest, r.compressSlowest, r),
            timeText(r.decompressSeconds, r.decompressFastest, r.decompressSlowest, r) };
        if (kept)
            row.push_back(figureText(r.keptShare()));
        if (shared)
            row.insert(row.end(), { plainBytes(r.sharedBytes), figureText(r.amortisedRatio(1)) });
        if (amortised)
            row.push_back(figureText(r.amortisedRatio(r.sharedCaches)));
        if (nextToken)
            for (const MetricInfo* metric : nextTokenColumns(results))
                row.push_back(figureText(metric->value(r)));
        if (importance)
            row.insert(row.begin() + 1, printImportance(r.importance));
        if (!dumps.empty())
            row.insert(row.begin() + 1, dumps[i]);
        table.add(std::move(row));
    }
    const bool earlier
        = std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) { return !r.measured.empty(); });
    return table.text() + (earlier ? "* from the history: the time that it took then\n" : "");
}

std::string intervalText(const MeanInterval& figure)
{
    const std::string mean = figureText(figure.mean);
    return std::isnan(figure.low) ? mean : mean + " [" + figureText(figure.low) + ", " + figureText(figure.high) + "]";
}

/// The figures that tell most; columns that nobody has a figure for are left out.
std::string meansTable(const std::vector<DumpsMean>& means)
{
    std::vector<const MetricInfo*> columns;
    for (const char* name : { "compression_ratio", "bits_per_element", "attention_error", "next_token_kl",
             "next_token_kl_p99", "next_token_agreement" })
        if (const MetricInfo* metric = findMetric(name);
            std::any_of(means.begin(), means.end(), [&](const DumpsMean& mean) { return mean.of(*metric).count > 0; }))
            columns.push_back(metric);
    std::vector<std::string> titles { "method", "<importance", "dumps" };
    const bool lengths = tellsLengths(means);
    if (lengths)
        titles.emplace_back("tokens");
    for (const MetricInfo* metric : columns)
        titles.emplace_back(metric->label);
    TextTable table(titles);
    for (const DumpsMean& mean : means) {
        std::vector<std::string> row { rowName(mean.setting), printImportance(mean.setting.importance),
            std::to_string(mean.dumps) };
        if (lengths)
            row.push_back(mean.setting.tokens ? std::to_string(mean.setting.tokens) : "");
        for (const MetricInfo* metric : columns)
            row.push_back(intervalText(mean.of(*metric)));
        table.add(std::move(row));
    }
    return table.text();
}

} // namespace

std::string resultTable(const std::vector<EvaluationResult>& results) { return tableOf(results, {}); }

std::string resultTable(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means)
{
    std::vector<EvaluationResult> results;
    std::vector<std::string> names;
    for (const DumpResults& dump : dumps)
        for (const EvaluationResult& result : dump.results) {
            results.push_back(result);
            names.push_back(dump.name);
        }
    return tableOf(results, names) + "\nmeans over dumps [95 % percentile bootstrap of the mean, "
        + std::to_string(bootstrapResamples) + " resamples]\n" + meansTable(means);
}

std::string layerTable(const EvaluationResult& result)
{
    TextTable table(
        { "layer", "stored bytes", "attention error", "key NMSE", "value NMSE", "key cosine", "value cosine" });
    for (const LayerQuality& layer : result.layers) {
        const QualityMetrics& q = layer.quality;
        table.add({ std::to_string(layer.layer), plainBytes(layer.storedBytes), figureText(q.attentionError),
            figureText(q.keyNmse), figureText(q.valueNmse), figureText(q.keyCosine), figureText(q.valueCosine) });
    }
    return table.text("  ");
}

std::string ledgerTable(const std::vector<EvaluationResult>& results)
{
    const auto columns = ledgerMetrics(
        std::any_of(results.begin(), results.end(), [](const EvaluationResult& r) { return r.sharedBytes > 0; }));
    std::vector<std::string> titles { "method" };
    for (const MetricInfo* metric : columns)
        titles.emplace_back(metric->label);
    TextTable table(titles);
    for (const EvaluationResult& r : results) {
        std::vector<std::string> row { rowName(r) };
        for (const MetricInfo* metric : columns) {
            const double value = metric->value(r);
            row.push_back(metric->unit == "bytes" && !std::isnan(value) ? plainBytes(static_cast<std::uint64_t>(value))
                                                                        : figureText(value));
        }
        if (r.ledger.total() > 0)
            table.add(std::move(row));
    }
    return table.text();
}

std::string breakdownTable(const std::vector<std::pair<std::string, std::uint64_t>>& breakdown)
{
    std::uint64_t total = 0;
    for (const auto& [name, bytes] : breakdown)
        total += bytes;
    TextTable table({ "section", "bytes", "share" });
    for (const auto& [name, bytes] : breakdown)
        table.add({ name, plainBytes(bytes), fixedText(total ? 100.0 * double(bytes) / double(total) : 0, 2) + " %" });
    return table.text("  ");
}

} // namespace pikv::cli
