// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/metrics.h"
#include "core/eval/evaluator.h"
#include <algorithm>

namespace pikv {
namespace {

using R = EvaluationResult;
using Q = QualityMetrics;

#define PIKV_QUALITY(field) [](const R& r) { return r.quality.field; }, [](const Q& q) { return q.field; }

std::vector<MetricInfo> makeMetrics()
{
    using enum MetricGroup;
    using enum Better;
    return {
        { "original_bytes", "Original size", "bytes", "16-bit reference size: element count x 2 bytes", Size, Neither,
            false, [](const R& r) { return double(r.originalBytes); }, nullptr },
        { "stored_bytes", "Stored size", "bytes", "Size of the saved .pikv file: everything that decode gets", Size,
            Lower, true, [](const R& r) { return double(r.storedBytes); }, nullptr },
        { "shared_bytes", "Shared size", "bytes", "Size of a calibration learned on another cache and shared by many",
            Size, Lower, false, [](const R& r) { return double(r.sharedBytes); }, nullptr },
        { "compression_ratio", "Compression ratio", "", "Stored / original bytes; smaller is better", Size, Lower, true,
            [](const R& r) { return r.compressionRatio(); }, nullptr },
        { "compression_factor", "Compression factor", "x", "Original / stored bytes; larger is better", Size, Higher,
            true, [](const R& r) { return r.compressionFactor(); }, nullptr },
        { "memory_reduction", "Memory reduction", "", "1 - compression ratio", Size, Higher, false,
            [](const R& r) { return r.memoryReduction(); }, nullptr },
        { "bits_per_element", "Bits per element", "bits", "Stored bits for each key or value element", Size, Lower,
            true, [](const R& r) { return r.bitsPerElement(); }, nullptr },
        { "total_ratio", "Ratio with shared", "",
            "(Stored + shared) / original bytes: one cache pays for the whole calibration", Size, Lower, true,
            [](const R& r) { return r.amortisedRatio(1); }, nullptr },
        { "amortised_ratio", "Amortised ratio", "",
            "(Stored + shared / N) / original bytes: N caches share the calibration's bytes", Size, Lower, true,
            [](const R& r) { return r.amortisedRatio(r.sharedCaches); }, nullptr },
        { "compress_seconds", "Compress time", "s", "Wall time of encode, training included", Speed, Lower, true,
            [](const R& r) { return r.compressSeconds; }, nullptr },
        { "decompress_seconds", "Decompress time", "s", "Wall time of decode", Speed, Lower, true,
            [](const R& r) { return r.decompressSeconds; }, nullptr },
        { "key_mse", "Key MSE", "", "Mean squared error of key elements", Quality, Lower, true, PIKV_QUALITY(keyMse) },
        { "value_mse", "Value MSE", "", "Mean squared error of value elements", Quality, Lower, true,
            PIKV_QUALITY(valueMse) },
        { "mse", "MSE", "", "Mean of key and value MSE", Quality, Lower, true, PIKV_QUALITY(mse) },
        { "key_nmse", "Key NMSE", "", "Key error energy / key signal energy", Quality, Lower, true,
            PIKV_QUALITY(keyNmse) },
        { "value_nmse", "Value NMSE", "", "Value error energy / value signal energy", Quality, Lower, true,
            PIKV_QUALITY(valueNmse) },
        { "key_cosine", "Key cosine", "", "Mean cosine similarity of key head vectors", Quality, Higher, false,
            PIKV_QUALITY(keyCosine) },
        { "value_cosine", "Value cosine", "", "Mean cosine similarity of value head vectors", Quality, Higher, false,
            PIKV_QUALITY(valueCosine) },
        { "cosine", "Cosine", "", "Mean of key and value cosine", Quality, Higher, false, PIKV_QUALITY(cosine) },
        { "attention_error", "Attention error", "",
            "Relative L2 error of softmax(qK^T/sqrt d)V against the original cache's", Quality, Lower, true,
            PIKV_QUALITY(attentionError) },
        { "next_token_loss", "Next-token loss", "nats", "Mean negative log likelihood of the continuation's tokens",
            NextToken, Lower, false, [](const R& r) { return r.nextToken.loss; }, nullptr },
        { "next_token_perplexity", "Next-token perplexity", "", "exp(loss)", NextToken, Lower, true,
            [](const R& r) { return r.nextToken.perplexity; }, nullptr },
        { "next_token_accuracy", "Next-token accuracy", "", "Share of positions whose top-1 token equals the text",
            NextToken, Higher, false, [](const R& r) { return r.nextToken.accuracy; }, nullptr },
        { "next_token_agreement", "Next-token agreement", "",
            "Share of positions whose top-1 token equals the uncompressed model's", NextToken, Higher, false,
            [](const R& r) { return r.nextToken.agreement; }, nullptr },
        { "next_token_kl", "Next-token KL", "nats", "Mean KL divergence of the compressed from the original prediction",
            NextToken, Lower, true, [](const R& r) { return r.nextToken.kl; }, nullptr },
    };
}

#undef PIKV_QUALITY

} // namespace

const std::vector<MetricInfo>& metrics()
{
    static const std::vector<MetricInfo> list = makeMetrics();
    return list;
}

const MetricInfo* findMetric(std::string_view name)
{
    const auto& list = metrics();
    const auto at = std::find_if(list.begin(), list.end(), [&](const MetricInfo& m) { return m.name == name; });
    return at == list.end() ? nullptr : &*at;
}

} // namespace pikv
