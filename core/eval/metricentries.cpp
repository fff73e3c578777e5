// SPDX-License-Identifier: GPL-3.0-or-later
// Every figure that the program knows, one entry each. CSV columns come in this order.
#include "core/eval/metricentries.h"
#include "core/eval/evaluator.h"
#include "core/eval/nexttoken.h"
#include <algorithm>

namespace pikv {
namespace {

using R = EvaluationResult;
using Q = QualityMetrics;
using N = NextTokenMetrics;
using enum MetricGroup;
using enum Better;

constexpr MetricInfo sizes[] = {
    { .name = "original_bytes",
        .label = "Original size",
        .unit = "bytes",
        .help = "16-bit reference size: element count x 2 bytes",
        .group = Size,
        .better = Neither,
        .rare = true,
        .bytes = &R::originalBytes },
    { .name = "stored_bytes",
        .label = "Stored size",
        .unit = "bytes",
        .help = "Size of the saved .pikv file: everything that decode gets",
        .group = Size,
        .logScale = true,
        .leads = true,
        .rank = 4,
        .bytes = &R::storedBytes },
    { .name = "shared_bytes",
        .label = "Shared size",
        .unit = "bytes",
        .help = "Size of a calibration learned on another cache and shared by many",
        .group = Size,
        .rare = true,
        .aboutShared = true,
        .bytes = &R::sharedBytes },
    { .name = "shared_bytes_each",
        .label = "Shared / N",
        .unit = "bytes",
        .help = "Shared size / N: each of N caches carries a part of the calibration",
        .group = Size,
        .rare = true,
        .aboutShared = true,
        .derived
        = [](const R& r) { return double(r.sharedBytes) / double(std::max<std::int64_t>(1, r.sharedCaches)); } },
    { .name = "compression_ratio",
        .label = "Compression ratio",
        .help = "Stored / original bytes; smaller is better",
        .group = Size,
        .logScale = true,
        .rank = 2,
        .derived = [](const R& r) { return r.compressionRatio(); } },
    { .name = "compression_factor",
        .label = "Compression factor",
        .unit = "x",
        .help = "Original / stored bytes; larger is better",
        .group = Size,
        .better = Higher,
        .logScale = true,
        .rank = 3,
        .derived = [](const R& r) { return r.compressionFactor(); } },
    { .name = "memory_reduction",
        .label = "Memory reduction",
        .help = "1 - compression ratio",
        .group = Size,
        .better = Higher,
        .rare = true,
        .rank = 5,
        .derived = [](const R& r) { return r.memoryReduction(); } },
    { .name = "bits_per_element",
        .label = "Bits per element",
        .unit = "bits",
        .help = "Stored bits for each key or value element",
        .group = Size,
        .logScale = true,
        .leads = true,
        .rank = 1,
        .derived = [](const R& r) { return r.bitsPerElement(); } },
    { .name = "total_ratio",
        .label = "Ratio with shared",
        .help = "(Stored + shared) / original bytes: one cache pays for the whole calibration",
        .group = Size,
        .logScale = true,
        .rare = true,
        .aboutShared = true,
        .rank = 6,
        .derived = [](const R& r) { return r.amortisedRatio(1); } },
    { .name = "amortised_ratio",
        .label = "Amortised ratio",
        .help = "(Stored + shared / N) / original bytes: N caches share the calibration's bytes",
        .group = Size,
        .logScale = true,
        .rare = true,
        .aboutShared = true,
        .rank = 7,
        .derived = [](const R& r) { return r.amortisedRatio(r.sharedCaches); } },
    { .name = "kept_share",
        .label = "16-bit share",
        .help = "16-bit bytes of tokens that the method leaves as they are (sinks, last tokens) / original bytes",
        .group = Size,
        .better = Neither,
        .derived = [](const R& r) { return r.keptShare(); } },
    { .name = "published_ratio",
        .label = "Ratio as published",
        .help = "Stored / original bytes without what the method's authors leave out; see the page of methods",
        .group = Size,
        .logScale = true,
        .rare = true,
        .rank = 8,
        .derived = [](const R& r) { return r.publishedRatio(); } },
};

constexpr MetricInfo ofPart(const LedgerPartInfo& info)
{
    return { .name = info.name,
        .label = info.label,
        .unit = "bytes",
        .help = info.help,
        .group = Size,
        .logScale = true,
        .rare = true,
        .part = info.part };
}

constexpr MetricInfo ofSeveralRuns(
    std::string_view name, std::string_view label, std::string_view help, double R::*seconds)
{
    return { .name = name,
        .label = label,
        .unit = "s",
        .help = help,
        .group = Speed,
        .logScale = true,
        .rare = true,
        .onRequest = true,
        .seconds = seconds };
}

constexpr MetricInfo times[] = {
    { .name = "compress_seconds",
        .label = "Compress time",
        .unit = "s",
        .help = "Wall time of encode, training included; the median where it was timed several times",
        .group = Speed,
        .logScale = true,
        .seconds = &R::compressSeconds },
    ofSeveralRuns("compress_seconds_min", "Compress time, fastest",
        "Fastest of several timed runs; on request (--repeat)", &R::compressFastest),
    ofSeveralRuns("compress_seconds_max", "Compress time, slowest",
        "Slowest of several timed runs; on request (--repeat)", &R::compressSlowest),
    { .name = "decompress_seconds",
        .label = "Decompress time",
        .unit = "s",
        .help = "Wall time of decode; the median where it was timed several times",
        .group = Speed,
        .logScale = true,
        .seconds = &R::decompressSeconds },
    ofSeveralRuns("decompress_seconds_min", "Decompress time, fastest",
        "Fastest of several timed runs; on request (--repeat)", &R::decompressFastest),
    ofSeveralRuns("decompress_seconds_max", "Decompress time, slowest",
        "Slowest of several timed runs; on request (--repeat)", &R::decompressSlowest),
};

constexpr MetricInfo qualities[] = {
    { .name = "key_mse",
        .label = "Key MSE",
        .help = "Mean squared error of key elements",
        .group = Quality,
        .logScale = true,
        .quality = &Q::keyMse },
    { .name = "value_mse",
        .label = "Value MSE",
        .help = "Mean squared error of value elements",
        .group = Quality,
        .logScale = true,
        .quality = &Q::valueMse },
    { .name = "mse",
        .label = "MSE",
        .help = "Mean of key and value MSE",
        .group = Quality,
        .logScale = true,
        .quality = &Q::mse },
    { .name = "key_nmse",
        .label = "Key NMSE",
        .help = "Key error energy / key signal energy; 0 where keys that are all zeros come back as zeros",
        .group = Quality,
        .logScale = true,
        .quality = &Q::keyNmse },
    { .name = "value_nmse",
        .label = "Value NMSE",
        .help = "Value error energy / value signal energy; 0 where values that are all zeros come back as zeros",
        .group = Quality,
        .logScale = true,
        .quality = &Q::valueNmse },
    { .name = "key_cosine",
        .label = "Key cosine",
        .help = "Mean cosine similarity of key head vectors; zero vectors, which have no direction, do not count",
        .group = Quality,
        .better = Higher,
        .rare = true,
        .quality = &Q::keyCosine },
    { .name = "value_cosine",
        .label = "Value cosine",
        .help = "Mean cosine similarity of value head vectors; zero vectors, which have no direction, do not count",
        .group = Quality,
        .better = Higher,
        .rare = true,
        .quality = &Q::valueCosine },
    { .name = "cosine",
        .label = "Cosine",
        .help = "Mean of key and value cosine",
        .group = Quality,
        .better = Higher,
        .quality = &Q::cosine },
    { .name = "attention_error",
        .label = "Attention error",
        .help = "Relative L2 error of softmax(qK^T/sqrt d)V against the original cache's",
        .group = Quality,
        .logScale = true,
        .leads = true,
        .quality = &Q::attentionError },
};

using P = NextTokenPosition;

constexpr double hitsTarget(const P& p) { return p.target < 0 ? kNoValue : p.topCompressed == p.target ? 1.0 : 0.0; }
constexpr double hitsOriginal(const P& p) { return p.topCompressed == p.topOriginal ? 1.0 : 0.0; }

/// Of the distribution of KL over positions.
constexpr MetricInfo klTail(std::string_view name, std::string_view label, std::string_view shortLabel,
    std::string_view help, int rank, double N::*figure)
{
    return { .name = name,
        .label = label,
        .shortLabel = shortLabel,
        .unit = "nats",
        .help = help,
        .group = NextToken,
        .logScale = true,
        .rare = true,
        .withoutError = true,
        .rank = rank,
        .nextToken = figure };
}

/// Of a part of the cache.
constexpr MetricInfo klShare(
    std::string_view name, std::string_view label, std::string_view shortLabel, int rank, double N::*figure)
{
    MetricInfo metric = klTail(name, label, shortLabel,
        "Mean KL divergence with these alone decoded and the rest exact (thirds: of the layers); on request. Its share "
        "is this over next_token_kl, and the shares need not add up to 1",
        rank, figure);
    metric.onRequest = true;
    return metric;
}

constexpr MetricInfo scores[] = {
    { .name = "next_token_loss",
        .label = "Next-token loss",
        .shortLabel = "loss",
        .unit = "nats",
        .help = "Mean negative log likelihood of the continuation's tokens",
        .group = NextToken,
        .rare = true,
        .needsTarget = true,
        .rank = 8,
        .nextToken = &N::loss,
        .position = [](const P& p) { return p.loss; } },
    { .name = "next_token_perplexity",
        .label = "Next-token perplexity",
        .shortLabel = "perplexity",
        .help = "exp(loss)",
        .group = NextToken,
        .logScale = true,
        .rare = true,
        .needsTarget = true,
        .rank = 9,
        .nextToken = &N::perplexity },
    { .name = "next_token_accuracy",
        .label = "Next-token accuracy",
        .shortLabel = "accuracy",
        .help = "Share of positions whose top-1 token equals the text",
        .group = NextToken,
        .better = Higher,
        .rare = true,
        .isShare = true,
        .needsTarget = true,
        .rank = 7,
        .nextToken = &N::accuracy,
        .position = hitsTarget },
    { .name = "next_token_agreement",
        .label = "Next-token agreement",
        .shortLabel = "agreement",
        .help = "Share of positions whose top-1 token equals the uncompressed model's",
        .group = NextToken,
        .better = Higher,
        .rare = true,
        .isShare = true,
        .rank = 6,
        .nextToken = &N::agreement,
        .position = hitsOriginal },
    { .name = "next_token_kl",
        .label = "Next-token KL",
        .shortLabel = "KL",
        .unit = "nats",
        .help = "Mean KL divergence of the compressed from the original prediction",
        .group = NextToken,
        .logScale = true,
        .leads = true,
        .rare = true,
        .rank = 1,
        .nextToken = &N::kl,
        .position = [](const P& p) { return p.kl; } },
    klTail("next_token_kl_median", "Next-token KL, median", "KL median",
        "Median of the KL divergences of all positions; linear interpolation between order statistics", 2,
        &N::klMedian),
    klTail("next_token_kl_p99", "Next-token KL, 99 %", "KL 99 %",
        "99th percentile of the KL divergences of all positions; linear interpolation between order statistics", 3,
        &N::kl99),
    klTail("next_token_kl_p999", "Next-token KL, 99.9 %", "KL 99.9 %",
        "99.9th percentile of the KL divergences of all positions; with 1,000 positions or fewer it lies between the "
        "two largest",
        4, &N::kl999),
    klTail(
        "next_token_kl_max", "Next-token KL, worst", "KL max", "Largest KL divergence of all positions", 5, &N::klMax),
    { .name = "next_token_probability_rms",
        .label = "Next-token RMS Δp",
        .shortLabel = "RMS Δp",
        .help = "Root mean square change of the probability of the text's token",
        .group = NextToken,
        .rare = true,
        .needsTarget = true,
        .withoutError = true,
        .rank = 10,
        .nextToken = &N::probabilityRms },
    klShare("next_token_kl_keys", "Next-token KL, keys alone", "KL keys", 11, &N::klKeys),
    klShare("next_token_kl_values", "Next-token KL, values alone", "KL values", 12, &N::klValues),
    klShare("next_token_kl_first_third", "Next-token KL, first third alone", "KL first third", 13, &N::klFirst),
    klShare("next_token_kl_middle_third", "Next-token KL, middle third alone", "KL middle third", 14, &N::klMiddle),
    klShare("next_token_kl_last_third", "Next-token KL, last third alone", "KL last third", 15, &N::klLast),
};

} // namespace

std::vector<MetricInfo> metricEntries()
{
    std::vector<MetricInfo> all;
    const auto add = [&](std::span<const MetricInfo> group) { all.insert(all.end(), group.begin(), group.end()); };
    add(sizes);
    for (const LedgerPartInfo& part : ledgerParts())
        all.push_back(ofPart(part));
    add(times);
    add(qualities);
    add(scores);
    return all;
}

} // namespace pikv
