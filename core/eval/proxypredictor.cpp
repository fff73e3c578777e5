// SPDX-License-Identifier: GPL-3.0-or-later
// A stand-in for the model where none is at hand: a linear read-out of the attention output, after the seed's
// SimpleNextTokenPredictor.
#include "core/eval/proxypredictor.h"
#include "core/base/counterrng.h"
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/cache/kvcache.h"
#include "core/codec/layerview.h"
#include "core/eval/attention.h"
#include "core/eval/cleanlayers.h"
#include "core/eval/importancetensor.h"
#include "core/eval/nexttokencompare.h"
#include "core/eval/roundtrip.h"
#include "core/model/simplepredictor.h"
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/log_softmax.h>
#include <algorithm>
#include <cmath>
#include <set>

namespace pikv {
namespace {

constexpr std::int64_t kMinFit = 8, kMaxVocabulary = 65536;

/// Targets of a fit: the dump's tokens numbered by their distinct values.
struct FitTargets {
    std::vector<std::int64_t> classes; ///< of the next token, one a position 0 … seq - 2
    std::int64_t vocabulary = 0;
};

FitTargets fitTargets(const CacheInfo& info)
{
    const auto seq = static_cast<std::size_t>(info.seq());
    if (info.batch() != 1 || info.tokenIds.size() != seq)
        throw usageError("The proxy's read-out can be fitted to a dump of one sequence with its token ids only");
    if (static_cast<std::int64_t>(seq) < kMinFit + 1)
        throw usageError("The proxy's read-out needs at least " + std::to_string(kMinFit + 1) + " tokens; the dump has "
            + std::to_string(seq));
    const std::set<std::int64_t> distinct(info.tokenIds.begin(), info.tokenIds.end());
    const std::vector<std::int64_t> sorted(distinct.begin(), distinct.end());
    FitTargets out;
    out.vocabulary = static_cast<std::int64_t>(sorted.size());
    for (std::size_t i = 1; i < seq; ++i)
        out.classes.push_back(std::lower_bound(sorted.begin(), sorted.end(), info.tokenIds[i]) - sorted.begin());
    return out;
}

/// Normalised attention outputs of all heads, f32 [batch * queries, query_heads * value_dim].
at::Tensor features(const LayerKv& kv, const AttentionQueries& queries, const at::Tensor& keyPositions)
{
    const std::int64_t batch = kv.key.size(0), kvHeads = kv.key.size(1), count = queries.query.size(2);
    const std::int64_t group = queries.query.size(1) / kvHeads;
    std::vector<at::Tensor> rows;
    for (std::int64_t b = 0; b < batch; ++b) {
        std::vector<at::Tensor> heads;
        for (std::int64_t h = 0; h < kvHeads; ++h) {
            const at::Tensor out = attentionOutput(queries.query[b].narrow(0, h * group, group), queries.positions,
                kv.key[b][h].to(at::kFloat), kv.value[b][h].to(at::kFloat), keyPositions,
                kv.keep.defined() ? kv.keep[b][h] : at::Tensor());
            heads.push_back(out.view({ group, count, -1 }).transpose(0, 1).reshape({ count, -1 }));
        }
        rows.push_back(at::cat(heads, 1));
    }
    return SimpleNextTokenPredictor::normalised(at::cat(rows, 0));
}

class ProxyRun {
public:
    ProxyRun(const ProxyRequest& request, const JobControl& job)
        : m_request(request)
        , m_job(job)
        , m_info(request.cache->info())
    {
        if (const std::string obstacle = proxyObstacle(m_info); !obstacle.empty())
            throw usageError("The proxy predictor cannot be had: " + obstacle);
        if (request.vocabulary < 2 || request.vocabulary > kMaxVocabulary)
            throw usageError("The proxy's vocabulary of " + std::to_string(request.vocabulary) + " is outside 2 to "
                + std::to_string(kMaxVocabulary));
        if (request.positions < 1)
            throw usageError("The proxy needs at least 1 position");
        if (request.fit)
            m_fit = fitTargets(m_info);
        m_vocabulary = request.fit ? m_fit.vocabulary : request.vocabulary;
    }

    ProxyResult run()
    {
        const CodecContext context { m_job, c10::Device(deviceName(m_request.device)), m_request.seed };
        RoundTrip trip(m_request.method, context);
        trip.validate(m_info);
        const CachePtr decoded = trip.whole(
            *m_request.cache, importanceTensor(*m_request.cache, { m_request.cache, m_request.importance }, m_job));
        for (int i = 0; i < m_request.cache->layerCount(); ++i) {
            m_job.checkpoint();
            m_job.report({ "Predicting layer", i + 1, m_request.cache->layerCount() });
            addLayer(i, m_request.cache->layer(i), decoded->layer(i));
        }
        return result();
    }

private:
    void addLayer(int index, const LayerKv& original, const LayerKv& decoded);
    SimpleNextTokenPredictor predictor(int index, const at::Tensor& original) const;
    ProxyResult result() const;
    std::vector<NextTokenPosition> positions(const at::Tensor& original, const at::Tensor& compressed) const;

    const ProxyRequest& m_request;
    const JobControl& m_job;
    const CacheInfo& m_info;
    FitTargets m_fit;
    std::int64_t m_vocabulary = 0;
    at::Tensor m_original, m_compressed; ///< sums of the layers' logits
    at::Tensor m_positions; ///< of the queries
    bool m_fromDump = false;
};

SimpleNextTokenPredictor ProxyRun::predictor(int index, const at::Tensor& original) const
{
    if (!m_request.fit)
        return { original.size(1), m_vocabulary,
            CounterRng(m_request.seed, { static_cast<std::uint64_t>(index) }).bits(0) };
    const at::Tensor targets = at::from_blob(
        const_cast<std::int64_t*>(m_fit.classes.data()), { std::int64_t(m_fit.classes.size()) }, at::kLong);
    const at::Tensor even = at::arange(0, targets.size(0), 2, at::kLong);
    return SimpleNextTokenPredictor::fitted(
        original.index_select(0, even).to(at::kDouble), targets.index_select(0, even), m_vocabulary);
}

void ProxyRun::addLayer(int index, const LayerKv& original, const LayerKv& decoded)
{
    const LayerShape& shape = m_info.layers[static_cast<std::size_t>(index)];
    const at::Tensor keyPositions = rowPositions(m_info.positions, shape, c10::kCPU);
    at::Tensor queryPositions;
    if (!m_request.fit && !m_info.queryPositions.empty())
        queryPositions = at::from_blob(const_cast<std::int64_t*>(m_info.queryPositions.data()),
            { std::int64_t(m_info.queryPositions.size()) }, at::kLong);
    const AttentionQueries queries
        = attentionQueries(original, queryPositions, keyPositions, m_request.fit ? shape.seq : m_request.positions);
    m_fromDump = queries.fromDump;
    m_positions = queries.positions;
    const at::Tensor before = features(original, queries, keyPositions),
                     after = features(decoded, queries, keyPositions);
    const SimpleNextTokenPredictor readOut = predictor(index, before);
    const double layers = m_request.cache->layerCount();
    const double weight = m_request.fit ? 1.0 / layers : 1.0 / std::sqrt(layers); // random read-outs are independent
    const auto add = [&](at::Tensor& sum, const at::Tensor& x) {
        const at::Tensor logits = readOut.logits(x) * weight;
        sum = sum.defined() ? sum + logits : logits;
    };
    add(m_original, before);
    add(m_compressed, after);
}

std::vector<NextTokenPosition> ProxyRun::positions(const at::Tensor& original, const at::Tensor& compressed) const
{
    const at::Tensor p = at::log_softmax(original, -1), q = at::log_softmax(compressed, -1);
    const std::int64_t count = m_positions.size(0);
    std::vector<NextTokenPosition> out;
    for (std::int64_t b = 0; b < m_info.batch(); ++b) {
        std::vector<std::int64_t> targets = m_fit.classes;
        targets.resize(static_cast<std::size_t>(count), -1);
        const auto rows = comparePositions(
            p.narrow(0, b * count, count), q.narrow(0, b * count, count), targets, static_cast<int>(b), 0, 0);
        for (std::int64_t i = 0; i < count; ++i) {
            if (m_request.fit && (i % 2 == 0 || i + 1 >= count))
                continue; // learned from, or without a next token
            out.push_back(rows[static_cast<std::size_t>(i)]);
            out.back().position = m_positions[i].item<std::int64_t>();
        }
    }
    return out;
}

ProxyResult ProxyRun::result() const
{
    ProxyResult out;
    out.summary = summarise(positions(m_original, m_compressed));
    out.baseline = summarise(positions(m_original, m_original));
    out.fitted = m_request.fit;
    out.queries = m_fromDump ? "dump" : "keys";
    out.vocabulary = m_vocabulary;
    out.label = std::string("proxy: ") + (out.fitted ? "read-out fitted to the dump's tokens, " : "random read-out, ")
        + std::to_string(m_vocabulary) + " classes, "
        + (m_fromDump ? "the dump's queries" : "keys as stand-in queries");
    return out;
}

} // namespace

std::string proxyObstacle(const CacheInfo& info)
{
    if (std::string reason = nextTokenObstacle(info); !reason.empty())
        return reason;
    if (info.hasPadding())
        return "the dump has an attention mask, and its sequences are not equally long";
    for (const LayerShape& layer : info.layers)
        if (layer.seq != info.seq())
            return "its layers hold " + std::to_string(layer.seq) + " and " + std::to_string(info.seq())
                + " tokens, and the predictor needs the same ones of each";
    return {};
}

ProxyResult runProxy(const ProxyRequest& request, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    if (!request.cache)
        throw Error(ErrorKind::Internal, "the proxy was asked for without a cache");
    ProxyRequest clean = request;
    clean.cache = withCleanLayers(request.cache, request.acceptNonFinite);
    return ProxyRun(clean, job).run();
}

} // namespace pikv
