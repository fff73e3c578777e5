// SPDX-License-Identifier: GPL-3.0-or-later
// The figures of a result, and the one table that says what each is called, what it means and where its value is. CSV,
// JSON, their readers, tables, axes, tooltips and the page resources/docs/metrics.md follow from the table: a new
// figure is its computation, the field that holds it and one entry in metricentries.cpp.
#pragma once
#include "core/codec/ledger.h"
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
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
    /// Of the distribution of KL over positions, nats: linear interpolation between order statistics.
    double klMedian = kNoValue, kl99 = kNoValue, kl999 = kNoValue, klMax = kNoValue;
    double probabilityRms = kNoValue; ///< root mean square change of p(target)
    /// Mean KL with one part of the cache decoded and the rest exact, nats: keys, values, thirds of the depth. Where
    /// they were asked for.
    double klKeys = kNoValue, klValues = kNoValue, klFirst = kNoValue, klMiddle = kNoValue, klLast = kNoValue;
};
/// Whether the shares of KL are among them.
bool hasKlShares(const NextTokenMetrics& metrics);

enum class MetricGroup { Size, Speed, Quality, NextToken };
enum class Better { Lower, Higher, Neither };

struct EvaluationResult;
struct NextTokenPosition;
struct NextTokenSummary;

/// One figure: its CSV and JSON name, how tables and charts show it, and where its value is.
struct MetricInfo {
    std::string_view name; ///< "key_mse"
    std::string_view label; ///< "Key MSE"
    std::string_view shortLabel = {}; ///< among next-token figures: "KL"
    std::string_view unit = {}; ///< "bytes", "s", "bits", "nats", "x"; "" for none
    std::string_view help; ///< one sentence: the definition
    MetricGroup group;
    Better better = Better::Lower;
    bool logScale = false; ///< a log axis fits
    bool leads = false; ///< its column of the results table stands before the others
    bool rare = false; ///< its column of the results table is hidden until somebody asks for it
    bool aboutShared = false; ///< tells nothing new where no calibration is shared
    bool isShare = false; ///< a share of positions, 0 to 1
    bool needsTarget = false; ///< needs the text's next token, which a proxy does not know
    bool withoutError = false; ///< a next-token figure that has no standard error, as it is no mean over positions
    bool onRequest = false; ///< costs runs of its own, so it is measured only where somebody asks for it
    /// Place in the lists that begin with the most telling figure, from 1: the size axis and the next-token table. 0:
    /// not in these lists.
    int rank = 0;

    // Where the value of a run is: in one of the fields, or derived from others.
    std::uint64_t EvaluationResult::*bytes = nullptr;
    std::optional<LedgerPart> part = {}; ///< of the stored bytes
    double EvaluationResult::*seconds = nullptr;
    double QualityMetrics::*quality = nullptr; ///< exists per layer and per head, too
    double NextTokenMetrics::*nextToken = nullptr;
    double (*derived)(const EvaluationResult&) = nullptr;
    /// At one position of the next-token test: `nextToken` is its mean. Null: follows from other means.
    double (*position)(const NextTokenPosition&) = nullptr;

    /// Whether values are whole numbers of bytes.
    bool countsBytes() const { return bytes || part; }
    /// Of a run, NaN where not measured.
    double value(const EvaluationResult& result) const;
    /// Puts a value that was read back; does nothing for what is derived.
    void set(EvaluationResult& result, double value) const;
    /// Of a next-token test; NaN where the metric is not of one.
    double score(const NextTokenSummary& summary) const;
    /// NaN where `withoutError`.
    double scoreError(const NextTokenSummary& summary) const;
    /// Lower and upper bound of a mean over texts; NaN where `withoutError`, and with one text.
    std::pair<double, double> scoreInterval(const NextTokenSummary& summary) const;
    /// Without the group's prefix, as in the objects that hold next-token figures alone: "kl".
    std::string_view shortName() const;
};

/// The whole table, in the order of CSV columns.
std::span<const MetricInfo> metrics();
/// Null where there is none of this name.
const MetricInfo* findMetric(std::string_view name);
/// What a table of the byte ledger shows of a result: the parts, the whole file and its ratios, and last, where
/// `shared`, what is aboutShared.
std::vector<const MetricInfo*> ledgerMetrics(bool shared);
/// The figures of the next-token test, in the table's order or by rank.
std::vector<const MetricInfo*> nextTokenMetrics(bool byRank);
/// Whether any figure of the next-token test is there.
bool hasNextToken(const NextTokenMetrics& metrics);

} // namespace pikv
