// SPDX-License-Identifier: GPL-3.0-or-later
// Means of a test over positions and texts, with standard errors that are clustered by text.
#include "core/eval/nexttoken.h"
#include "core/eval/statistics.h"
#include <algorithm>
#include <cmath>
#include <map>

namespace pikv {
namespace {

using Value = double (*)(const NextTokenPosition&);

double meanOf(const std::vector<NextTokenPosition>& positions, Value value)
{
    double sum = 0;
    for (const NextTokenPosition& p : positions)
        sum += value(p);
    return sum / static_cast<double>(positions.size());
}

/// Standard error of a mean over clusters of unequal size (linearised ratio estimator); positions are the clusters when
/// there is one text only.
double errorOf(const std::vector<NextTokenPosition>& positions, Value value, double mean)
{
    std::map<std::pair<int, std::int64_t>, double> residuals;
    const bool single = std::all_of(
        positions.begin(), positions.end(), [&](const auto& p) { return p.text == positions.front().text; });
    for (const NextTokenPosition& p : positions)
        residuals[{ p.text, single ? p.position : 0 }] += value(p) - mean;
    const auto clusters = static_cast<double>(residuals.size()), count = static_cast<double>(positions.size());
    if (clusters < 2)
        return kNoValue;
    double squares = 0;
    for (const auto& [cluster, residual] : residuals)
        squares += residual * residual;
    return std::sqrt(clusters / (clusters - 1) * squares) / count;
}

/// Of the means of each text.
MeanInterval overTexts(const std::vector<NextTokenPosition>& positions, Value value)
{
    std::map<int, std::pair<double, std::int64_t>> sums;
    for (const NextTokenPosition& p : positions) {
        sums[p.text].first += value(p);
        ++sums[p.text].second;
    }
    std::vector<double> means;
    for (const auto& [text, sum] : sums)
        means.push_back(sum.first / static_cast<double>(sum.second));
    return bootstrapMean(means, 0);
}

} // namespace

NextTokenSummary summarise(const std::vector<NextTokenPosition>& positions)
{
    NextTokenSummary s;
    if (positions.empty())
        return s;
    s.positions = static_cast<std::int64_t>(positions.size());
    for (const MetricInfo* metric : nextTokenMetrics(false)) {
        if (!metric->position)
            continue;
        const double mean = meanOf(positions, metric->position);
        s.mean.*metric->nextToken = mean;
        s.standardError.*metric->nextToken = errorOf(positions, metric->position, mean);
        const MeanInterval interval = overTexts(positions, metric->position);
        s.low.*metric->nextToken = interval.low;
        s.high.*metric->nextToken = interval.high;
    }
    s.mean.perplexity = std::exp(s.mean.loss);
    s.standardError.perplexity = s.mean.perplexity * s.standardError.loss; // delta method
    s.low.perplexity = std::exp(s.low.loss);
    s.high.perplexity = std::exp(s.high.loss);
    s.mean.probabilityRms = std::sqrt(meanOf(positions, [](const NextTokenPosition& p) {
        return (p.targetCompressed - p.targetOriginal) * (p.targetCompressed - p.targetOriginal);
    }));
    std::vector<double> kl;
    std::map<int, int> texts;
    for (const NextTokenPosition& p : positions) {
        kl.push_back(p.kl);
        ++texts[p.text];
    }
    s.texts = static_cast<int>(texts.size());
    if (std::isnan(s.mean.kl))
        return s; // NaN has no order
    std::sort(kl.begin(), kl.end());
    s.mean.klMedian = quantile(kl, 0.5);
    s.mean.kl99 = quantile(kl, 0.99);
    s.mean.kl999 = quantile(kl, 0.999);
    s.mean.klMax = kl.back();
    return s;
}

EvaluationResult toEvaluation(const NextTokenResult& result, const std::string& device)
{
    EvaluationResult row;
    row.control = result.control;
    row.method = result.request.method;
    row.importance = result.request.importance;
    row.device = device;
    row.seed = result.request.seed;
    row.preview = result.preview;
    row.tokens = result.tokens;
    row.originalBytes = result.originalBytes;
    row.storedBytes = result.storedBytes;
    row.ledger = result.ledger;
    row.sharedBytes = result.sharedBytes;
    row.compressSeconds = result.compressSeconds;
    row.decompressSeconds = result.decompressSeconds;
    row.nextToken = result.summary.mean;
    row.warnings = result.warnings;
    return row;
}

} // namespace pikv
