// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token test: what compressing a cache does to a real model's predictions. Torch-free.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include "core/eval/evaluator.h"
#include "core/eval/metrics.h"
#include "core/model/model.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// Token ids split into a context, whose cache is compressed, and a continuation, which is predicted from it. Input
/// tokens context … size - 2 each predict the next one: size - context - 1 positions.
struct NextTokenText {
    std::string name;
    std::vector<std::int64_t> tokens;
    std::int64_t context = 0;
    /// The context's cache as somebody dumped it, with at least `context` rows of this very text; null: the model
    /// prefills the context.
    CachePtr dump;
};

struct NextTokenSetup {
    ModelPtr model;
    std::vector<NextTokenText> texts;
    std::int64_t queries = 32; ///< of the last context tokens, kept for methods and importance that need them
    DType dtype = DType::F16; ///< of the prefilled cache
    /// Off: the continuation's own keys and values stay as the model computes them. On: context and continuation are
    /// prefilled and compressed together, and the continuation reads its own rows, too, from the decoded cache.
    bool compressContinuation = false;
};

/// Splits a text: `context` tokens and `predict` positions. Throws Error{Input} when it is empty or has fewer than
/// context + predict + 1 tokens.
NextTokenText splitText(
    const LanguageModel& model, std::string name, std::string_view text, std::int64_t context, std::int64_t predict);
/// The dump's own tokens: its first rows are the context, its last `predict` ones are predicted. Throws Error{Input}
/// when it has no token ids, too few, or was made by another model (says why).
NextTokenText splitDump(const LanguageModel& model, CachePtr dump, std::int64_t predict);

/// One token's probability under both caches.
struct TokenProbability {
    std::int64_t id = 0;
    double original = 0, compressed = 0;
};

/// One scored position.
struct NextTokenPosition {
    int text = 0; ///< index into the setup's texts
    std::int64_t position = 0; ///< of the input token in the text
    std::int64_t target = 0; ///< the text's next token; -1: not known
    std::int64_t topOriginal = 0, topCompressed = 0; ///< most likely tokens
    double loss = 0; ///< -log p(target), nats, from the compressed cache
    double kl = 0; ///< KL(original || compressed), nats
    double targetOriginal = 0, targetCompressed = 0; ///< p(target)
    /// The most likely tokens of either side, by falling original probability; only where asked for.
    std::vector<TokenProbability> top;
};

/// Figures over all positions. Standard errors are clustered by text where there are several; with one text they take
/// positions for independent and are too small.
struct NextTokenSummary {
    NextTokenMetrics mean; ///< means, and of the distribution what NextTokenMetrics has of it
    NextTokenMetrics standardError; ///< of the means
    NextTokenMetrics low, high; ///< 95 % interval of the mean over texts (bootstrapMean()); NaN with one text
    std::int64_t positions = 0;
    int texts = 0;
};
NextTokenSummary summarise(const std::vector<NextTokenPosition>& positions);

struct NextTokenMethod {
    MethodSpec method;
    ImportanceSpec importance;
    DeviceChoice device = DeviceChoice::Auto; ///< for encode and decode; the model runs on the CPU
    std::uint64_t seed = 0;
    std::int64_t maxPositions = 0; ///< score the first ones of every text only, for a preview; 0: all
    int topCount = 0; ///< fill NextTokenPosition::top with so many tokens of each side
    bool klShares = false; ///< also score every part of the cache alone (klShares()), which a preview goes without
};

struct NextTokenResult {
    NextTokenMethod request;
    bool preview = false; ///< not all positions
    bool control = false; ///< NextTokenSession::control(): `request` has no method
    bool compressContinuation = false;
    std::int64_t tokens = 0; ///< of every text's cache; 0: not the same of all
    std::uint64_t originalBytes = 0, storedBytes = 0, sharedBytes = 0; ///< summed over texts; shared bytes once
    ByteLedger ledger; ///< of the stored bytes
    double compressSeconds = 0, decompressSeconds = 0, scoreSeconds = 0;
    NextTokenSummary summary;
    std::vector<NextTokenPosition> positions;
    std::vector<std::string> warnings;
};
/// A row for the results table and CSV; reconstruction metrics stay unknown.
EvaluationResult toEvaluation(const NextTokenResult& result, const std::string& device);

/// Texts prefilled once, with the predictions from the uncompressed cache: every method is compared against them.
/// Safe to use from one thread at a time.
class NextTokenSession {
public:
    /// Prefills and scores the baseline. Throws Error{Usage}: no text, no position, beyond the context.
    static std::shared_ptr<NextTokenSession> open(NextTokenSetup setup, const JobControl& job = {});
    virtual ~NextTokenSession() = default;

    virtual const NextTokenSetup& setup() const = 0;
    /// The uncompressed cache's own figures (kl 0, agreement 1). With `topCount`, positions carry their `top`.
    virtual NextTokenResult baseline(int topCount, const JobControl& job = {}) = 0;
    /// The floor below which a KL says nothing: the uncompressed cache again, the context's rows from the last to the
    /// first. Attention gives the same with any order of rows; its sums, and all that follows from them, round
    /// otherwise. With `topCount`, positions carry their `top`.
    virtual NextTokenResult control(int topCount, const JobControl& job = {}) = 0;
    /// Encodes, decodes from the bytes alone and scores. The identity method gives kl = 0 exactly and agreement = 1.
    virtual NextTokenResult run(const NextTokenMethod& method, const JobControl& job = {}) = 0;
    /// The context's cache of a text, as it is compressed.
    virtual CachePtr contextCache(int text) const = 0;
    /// Greedy continuation of a text's context and its next token, `count` tokens or up to eos, from the compressed
    /// cache, or from the original for null.
    virtual std::vector<std::int64_t> continueGreedy(
        int text, const NextTokenMethod* method, std::int64_t count, const JobControl& job = {})
        = 0;
};

} // namespace pikv
