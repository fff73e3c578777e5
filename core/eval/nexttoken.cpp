// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token test: splits texts, prefills them, encodes and decodes the cache, scores the continuation by teacher
// forcing against it.
#include "core/eval/nexttoken.h"
#include "core/base/error.h"
#include "core/codec/registry.h"
#include "core/dumps/prefixcache.h"
#include "core/eval/importancetensor.h"
#include "core/eval/klshares.h"
#include "core/eval/nexttokencompare.h"
#include "core/eval/reversedrows.h"
#include "core/eval/roundtrip.h"
#include "core/eval/tokenimportance.h"
#include "core/model/languagemodel.h"
#include "core/model/prefill.h"
#include "core/model/scoring.h"
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <chrono>
#include <map>

namespace pikv {
namespace {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A text with what is computed of it once.
struct PreparedText {
    CachePtr cache; ///< what is compressed: of the context, or of the continuation's input tokens as well
    /// Hidden states from the uncompressed cache by the number of positions: a preview is compared with a run of its
    /// own length, since matrix products of other shapes round differently.
    std::map<std::int64_t, at::Tensor> hidden;
    std::unique_ptr<TokenImportance> importance; ///< of the last source that was asked for
};

class ScoringSession final : public NextTokenSession {
public:
    ScoringSession(NextTokenSetup setup, const JobControl& job)
        : m_setup(std::move(setup))
        , m_llama(m_setup.model->llama())
    {
        if (m_setup.texts.empty())
            throw usageError("There is no text to predict");
        for (const NextTokenText& text : m_setup.texts) {
            checkText(text);
            PreparedText prepared;
            prepared.cache = cacheOf(text, job);
            m_prepared.push_back(std::move(prepared));
            originalHidden(m_prepared.size() - 1, 0, job);
        }
    }

    const NextTokenSetup& setup() const override { return m_setup; }
    CachePtr contextCache(int text) const override { return m_prepared.at(static_cast<std::size_t>(text)).cache; }
    NextTokenResult baseline(int topCount, const JobControl& job) override;
    NextTokenResult control(int topCount, const JobControl& job) override;
    NextTokenResult run(const NextTokenMethod& method, const JobControl& job) override;
    std::vector<std::int64_t> continueGreedy(
        int text, const NextTokenMethod* method, std::int64_t count, const JobControl& job) override;

private:
    void checkText(const NextTokenText& text) const;
    CachePtr cacheOf(const NextTokenText& text, const JobControl& job) const;
    static std::int64_t positions(const NextTokenText& text)
    {
        return static_cast<std::int64_t>(text.tokens.size()) - text.context - 1;
    }
    /// The tokens whose successors are predicted; at most `limit` (0: all).
    static std::span<const std::int64_t> inputs(const NextTokenText& text, std::int64_t limit)
    {
        const std::int64_t count = limit > 0 ? std::min(limit, positions(text)) : positions(text);
        return std::span(text.tokens).subspan(static_cast<std::size_t>(text.context), static_cast<std::size_t>(count));
    }
    /// Of every text's cache; 0: not the same of all.
    std::int64_t cachedTokens() const
    {
        const std::int64_t first = m_prepared.front().cache->info().seq();
        const auto isAlike = [&](const PreparedText& text) { return text.cache->info().seq() == first; };
        return std::all_of(m_prepared.begin(), m_prepared.end(), isAlike) ? first : 0;
    }
    const at::Tensor& originalHidden(std::size_t text, std::int64_t limit, const JobControl& job);
    at::Tensor importance(std::size_t text, const ImportanceSpec& spec, const JobControl& job);
    /// Scores each part of a text's decoded cache alone; their positions go behind those of earlier texts, by share.
    void scoreShares(std::size_t text, const CachePtr& decoded, std::vector<std::vector<NextTokenPosition>>& byShare,
        const JobControl& job);
    std::shared_ptr<const KvCache> decoded(
        std::size_t text, const NextTokenMethod& method, NextTokenResult& result, const JobControl& job);

    NextTokenSetup m_setup;
    const Llama& m_llama;
    std::vector<PreparedText> m_prepared;
};

void ScoringSession::checkText(const NextTokenText& text) const
{
    if (text.context < 1 || positions(text) < 1)
        throw usageError(text.name + ": a context of at least 1 token and 2 tokens behind it are needed; there are "
            + std::to_string(text.tokens.size()) + " tokens and a context of " + std::to_string(text.context));
    if (static_cast<std::int64_t>(text.tokens.size()) > m_llama.config().context)
        throw usageError(text.name + ": the text has " + std::to_string(text.tokens.size()) + " tokens; the context of "
            + m_llama.config().name + " holds " + std::to_string(m_llama.config().context));
    if (!text.dump)
        return;
    const CacheInfo& info = text.dump->info();
    if (const std::string reason = modelMismatch(info, *m_setup.model); !reason.empty())
        throw inputError(text.name + ": the next-token test is refused: " + reason);
    const std::size_t known = std::min(info.tokenIds.size(), text.tokens.size());
    if (!std::equal(
            text.tokens.begin(), text.tokens.begin() + static_cast<std::ptrdiff_t>(known), info.tokenIds.begin()))
        throw inputError(text.name + ": the dump's tokens are not those of the text");
}

CachePtr ScoringSession::cacheOf(const NextTokenText& text, const JobControl& job) const
{
    const std::int64_t rows = text.context + (m_setup.compressContinuation ? positions(text) : 0);
    if (text.dump)
        return firstRows(text.dump, rows);
    const std::vector<std::int64_t> tokens(text.tokens.begin(), text.tokens.begin() + rows);
    return captureCache({ m_setup.model, tokens, std::min(m_setup.queries, rows), m_setup.dtype }, job);
}

const at::Tensor& ScoringSession::originalHidden(std::size_t index, std::int64_t limit, const JobControl& job)
{
    const NextTokenText& text = m_setup.texts[index];
    PreparedText& prepared = m_prepared[index];
    const auto tokens = inputs(text, limit);
    const auto count = static_cast<std::int64_t>(tokens.size());
    const auto it = prepared.hidden.find(count);
    return it != prepared.hidden.end()
        ? it->second
        : prepared.hidden[count] = hiddenAgainst(m_llama, *prepared.cache, text.context, tokens, job);
}

at::Tensor ScoringSession::importance(std::size_t index, const ImportanceSpec& spec, const JobControl& job)
{
    PreparedText& text = m_prepared[index];
    if (!text.importance || text.importance->spec() != spec)
        text.importance = std::make_unique<TokenImportance>(text.cache, spec);
    return importanceTensor(*text.cache, *text.importance, job);
}

std::shared_ptr<const KvCache> ScoringSession::decoded(
    std::size_t index, const NextTokenMethod& method, NextTokenResult& result, const JobControl& job)
{
    const KvCache& cache = *m_prepared[index].cache;
    const CodecContext context { job, c10::Device(deviceName(method.device)), method.seed };
    RoundTrip trip(method.method, context);
    trip.validate(cache.info());
    const auto decoded = trip.whole(cache, importance(index, method.importance, job));
    result.compressSeconds += trip.compressSeconds();
    result.decompressSeconds += trip.decompressSeconds();
    result.storedBytes += trip.fileBytes();
    result.ledger += ledgerOf(Registry::instance().find(method.method.id), trip.breakdown());
    result.originalBytes += cache.info().referenceBytes();
    result.sharedBytes = trip.sharedBytes();
    for (const std::string& warning : trip.warnings(cache.info()))
        if (std::find(result.warnings.begin(), result.warnings.end(), warning) == result.warnings.end())
            result.warnings.push_back(warning);
    return decoded;
}

NextTokenResult ScoringSession::baseline(int topCount, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    NextTokenResult result;
    result.request.topCount = topCount;
    result.tokens = cachedTokens();
    result.compressContinuation = m_setup.compressContinuation;
    for (std::size_t i = 0; i < m_prepared.size(); ++i) {
        const at::Tensor& hidden = originalHidden(i, 0, job);
        const auto positions
            = comparePredictions(m_llama, m_setup.texts[i], static_cast<int>(i), hidden, hidden, topCount, job);
        result.positions.insert(result.positions.end(), positions.begin(), positions.end());
        result.originalBytes += m_prepared[i].cache->info().referenceBytes();
    }
    result.storedBytes = result.originalBytes;
    result.summary = summarise(result.positions);
    return result;
}

NextTokenResult ScoringSession::control(int topCount, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    NextTokenResult result;
    result.control = true;
    result.compressSeconds = result.decompressSeconds = kNoValue;
    result.request.topCount = topCount;
    result.tokens = cachedTokens();
    result.compressContinuation = m_setup.compressContinuation;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < m_prepared.size(); ++i) {
        const NextTokenText& text = m_setup.texts[i];
        const ReversedRows reversed(m_prepared[i].cache, text.context);
        const at::Tensor hidden = hiddenAgainst(m_llama, reversed, text.context, inputs(text, 0), job);
        const auto scored
            = comparePredictions(m_llama, text, static_cast<int>(i), originalHidden(i, 0, job), hidden, topCount, job);
        result.positions.insert(result.positions.end(), scored.begin(), scored.end());
        result.originalBytes += m_prepared[i].cache->info().referenceBytes();
    }
    result.scoreSeconds = secondsSince(start);
    result.storedBytes = result.originalBytes;
    result.summary = summarise(result.positions);
    return result;
}

NextTokenResult ScoringSession::run(const NextTokenMethod& method, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    NextTokenResult result;
    result.request = method;
    result.tokens = cachedTokens();
    result.compressContinuation = m_setup.compressContinuation;
    std::vector<std::vector<NextTokenPosition>> byShare;
    for (std::size_t i = 0; i < m_prepared.size(); ++i) {
        job.report({ "Predicting text", static_cast<int>(i) + 1, static_cast<int>(m_prepared.size()) });
        const NextTokenText& text = m_setup.texts[i];
        const at::Tensor& original = originalHidden(i, method.maxPositions, job);
        const CachePtr cache = decoded(i, method, result, job);
        const auto start = Clock::now();
        const auto tokens = inputs(text, method.maxPositions);
        result.preview = result.preview || static_cast<std::int64_t>(tokens.size()) < positions(text);
        const at::Tensor hidden = hiddenAgainst(m_llama, *cache, text.context, tokens, job);
        const auto scored
            = comparePredictions(m_llama, text, static_cast<int>(i), original, hidden, method.topCount, job);
        result.positions.insert(result.positions.end(), scored.begin(), scored.end());
        result.scoreSeconds += secondsSince(start);
        if (method.klShares && !result.preview)
            scoreShares(i, cache, byShare, job);
    }
    result.summary = summarise(result.positions);
    for (std::size_t i = 0; i < byShare.size(); ++i)
        result.summary.mean.*klShares(1)[i].kl = summarise(byShare[i]).mean.kl;
    return result;
}

void ScoringSession::scoreShares(std::size_t index, const CachePtr& decoded,
    std::vector<std::vector<NextTokenPosition>>& byShare, const JobControl& job)
{
    const NextTokenText& text = m_setup.texts[index];
    const auto shares = klShares(decoded->layerCount());
    byShare.resize(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
        job.report({ "Predicting with a part of the cache", static_cast<int>(i) + 1, static_cast<int>(shares.size()) });
        const MixedCache mixed(m_prepared[index].cache, decoded, shares[i].part);
        const at::Tensor hidden = hiddenAgainst(m_llama, mixed, text.context, inputs(text, 0), job);
        for (NextTokenPosition& position :
            comparePredictions(m_llama, text, static_cast<int>(index), originalHidden(index, 0, job), hidden, 0, job))
            byShare[i].push_back(std::move(position));
    }
}

std::vector<std::int64_t> ScoringSession::continueGreedy(
    int index, const NextTokenMethod* method, std::int64_t count, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    const NextTokenText& text = m_setup.texts.at(static_cast<std::size_t>(index));
    NextTokenResult ignored;
    const CachePtr cache
        = method ? decoded(static_cast<std::size_t>(index), *method, ignored, job) : contextCache(index);
    const std::int64_t room = m_llama.config().context - text.context - 1;
    KvBuffer buffer = bufferFrom(m_llama.config(), *cache, text.context, std::min(count, room) + 1);
    const std::int64_t eos = m_setup.model->hasTokenizer() ? m_setup.model->tokenizer().vocabulary().eos : -1;
    std::vector<std::int64_t> out;
    std::int64_t token = text.tokens.at(static_cast<std::size_t>(text.context));
    while (static_cast<std::int64_t>(out.size()) < std::min(count, room)) {
        job.report({ "Writing token", static_cast<int>(out.size()) + 1, static_cast<int>(count) });
        const at::Tensor hidden = runTokens(m_llama, { &token, 1 }, buffer, 1, job);
        token = m_llama.logits(hidden).argmax(-1).item<std::int64_t>();
        out.push_back(token);
        if (token == eos)
            break;
    }
    return out;
}

} // namespace

std::shared_ptr<NextTokenSession> NextTokenSession::open(NextTokenSetup setup, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    if (!setup.model)
        throw Error(ErrorKind::Internal, "the next-token test was asked for without a model");
    return std::make_shared<ScoringSession>(std::move(setup), job);
}

} // namespace pikv
