// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// Reconstruction quality of a cache, a layer or a head. NaN: not measured.
struct QualityMetrics {
    double keyMse = kNoValue, valueMse = kNoValue, mse = kNoValue; ///< mse: mean of key and value
    double keyNmse = kNoValue, valueNmse = kNoValue; ///< error energy / signal energy
    double keyCosine = kNoValue, valueCosine = kNoValue, cosine = kNoValue; ///< mean cosine of head vectors
    double attentionError = kNoValue; ///< relative L2 error of softmax(qK^T/sqrt d)V
};

/// Next-token figures (needs a model); NaN where not run.
struct NextTokenMetrics {
    double loss = kNoValue, perplexity = kNoValue, accuracy = kNoValue, agreement = kNoValue, kl = kNoValue;
};

enum class MetricGroup { Size, Speed, Quality, NextToken };
enum class Better { Lower, Higher, Neither };

struct EvaluationResult;

/// One numeric column of results: its CSV/JSON name, how charts show it and where its value is.
struct MetricInfo {
    std::string_view name; ///< "key_mse"
    std::string_view label; ///< "Key MSE"
    std::string_view unit; ///< "bytes", "s", "bits"; "" for none
    std::string_view help; ///< one sentence: the definition
    MetricGroup group;
    Better better;
    bool logScale; ///< a log axis fits
    double (*value)(const EvaluationResult&);
    double (*quality)(const QualityMetrics&); ///< for metrics that exist per layer and per head; else nullptr
};
/// All metrics in CSV column order.
const std::vector<MetricInfo>& metrics();
const MetricInfo* findMetric(std::string_view name);

} // namespace pikv
