// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/evaluationrun.h"
#include "core/codec/layerview.h"
#include "core/eval/attention.h"
#include <chrono>

namespace pikv {
namespace {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Reading one element waits for a CUDA stream; on the CPU there is nothing to wait for.
void waitFor(const LayerKv& kv)
{
    if (!kv.key.is_cpu() && kv.key.numel() > 0)
        (void)kv.key.view({ -1 })[0].cpu();
}

[[noreturn]] void refuseNonFinite(const CacheInfo& info, int layer, std::int64_t count)
{
    throw inputError((info.path.empty() ? "the cache" : info.path) + ": layer " + std::to_string(layer) + " holds "
        + std::to_string(count) + " NaN or infinite elements; accept them to leave these elements out of every figure");
}

class CleanLayers : public KvCache {
public:
    CleanLayers(CachePtr cache, bool accept)
        : m_cache(std::move(cache))
        , m_accept(accept)
    {
        m_info = m_cache->info();
    }
    LayerKv layer(int index) const override
    {
        LayerKv kv = m_cache->layer(index);
        const LayerReference reference = makeReference(kv);
        if (reference.nonFinite > 0 && !m_accept)
            refuseNonFinite(m_info, index, reference.nonFinite);
        return kv;
    }
    int sourceLayer(int index) const override { return m_cache->sourceLayer(index); }
    int sourceLayerCount() const override { return m_cache->sourceLayerCount(); }
    at::Tensor storedImportance() const override { return m_cache->storedImportance(); }
    at::Tensor attentionMask() const override { return m_cache->attentionMask(); }
    bool hasKeep() const override { return m_cache->hasKeep(); }

private:
    CachePtr m_cache;
    bool m_accept;
};

} // namespace

CachePtr withCleanLayers(CachePtr cache, bool accept)
{
    return std::make_shared<CleanLayers>(std::move(cache), accept);
}

EvaluationRun::EvaluationRun(const EvaluationRequest& request, const KvCache& cache, at::Tensor importance,
    const CodecContext& context, EvaluationResult& result)
    : m_request(request)
    , m_cache(cache)
    , m_importance(std::move(importance))
    , m_context(context)
    , m_result(result)
    , m_header(encodedHeader(cache.info(), printSpec(request.method), request.seed))
{
}

EvaluationRun::Loaded EvaluationRun::load(int index)
{
    m_context.job.checkpoint();
    LayerKv kv = m_cache.layer(index);
    Loaded loaded;
    loaded.reference = makeReference(kv);
    if (loaded.reference.nonFinite > 0 && !m_request.acceptNonFinite)
        refuseNonFinite(m_cache.info(), index, loaded.reference.nonFinite);
    m_result.nonFinite += loaded.reference.nonFinite;
    loaded.input = layerInput(m_cache, index, std::move(kv), m_importance, m_context.device);
    return loaded;
}

void EvaluationRun::streamLayers(const LayerwiseCompressor& encoder, const LayerwiseCompressor& decoder)
{
    auto start = Clock::now();
    const SectionSet global = encoder.globalSections(m_cache.info(), m_context);
    m_result.compressSeconds += secondsSince(start);
    m_sizes.setGlobal(global);
    for (int i = 0; i < m_cache.layerCount(); ++i) {
        m_context.job.report({ "Evaluating layer", i + 1, m_cache.layerCount() });
        const Loaded loaded = load(i);
        start = Clock::now();
        const SectionSet sections = encoder.encodeOne(loaded.input, global, m_context);
        m_result.compressSeconds += secondsSince(start);
        m_sizes.addLayer(sections);
        m_context.job.checkpoint();
        start = Clock::now();
        const LayerOutput output = layerOutput(m_header, i, loaded.input.index, sections, global, m_context.device);
        const LayerKv decoded = decoder.decodeOne(output, m_context);
        waitFor(decoded);
        m_result.decompressSeconds += secondsSince(start);
        measure(loaded, decoded, sections.byteCount());
    }
}

void EvaluationRun::wholeCache(const Compressor& encoder, const Compressor& decoder)
{
    const CachePtr clean = withCleanLayers(CachePtr(CachePtr(), &m_cache), m_request.acceptNonFinite);
    auto start = Clock::now();
    const EncodedCache encoded = encoder.encode(*clean, m_importance, m_context);
    m_result.compressSeconds = secondsSince(start);
    m_sizes = encoded.sizes();
    m_header = encoded.header;
    start = Clock::now();
    const std::shared_ptr<KvCache> decoded = decoder.decode(encoded, m_context);
    m_result.decompressSeconds = secondsSince(start);
    for (int i = 0; i < m_cache.layerCount(); ++i) {
        m_context.job.report({ "Measuring layer", i + 1, m_cache.layerCount() });
        const Loaded loaded = load(i);
        measure(loaded, decoded->layer(i), m_sizes.layerBytes().at(static_cast<std::size_t>(i)));
    }
}

void EvaluationRun::measure(const Loaded& loaded, const LayerKv& decoded, std::uint64_t storedBytes)
{
    const auto heads = measureLayer(loaded.reference, loaded.input, decoded, m_context.job);
    m_result.attentionQueries = loaded.input.kv.query.defined() ? "dump" : "keys";
    QualitySums layer;
    LayerQuality quality;
    for (const QualitySums& head : heads) {
        layer.add(head);
        if (m_request.perLayer)
            quality.heads.push_back(head.metrics());
    }
    m_total.add(layer);
    if (!m_request.perLayer)
        return;
    quality.layer = loaded.input.index;
    quality.storedBytes = storedBytes;
    quality.quality = layer.metrics();
    m_result.layers.push_back(std::move(quality));
}

void EvaluationRun::finish()
{
    const std::uint64_t file = m_sizes.fileBytes(m_header), payload = m_sizes.payloadBytes();
    // A preview's sizes stand for the whole cache: its payload is scaled by the elements it covers.
    const double scale
        = double(m_request.cache->info().elements()) / double(std::max<std::int64_t>(1, m_cache.info().elements()));
    const auto scaled
        = [&](std::uint64_t bytes) { return m_result.preview ? std::uint64_t(double(bytes) * scale) : bytes; };
    m_result.storedBytes = scaled(payload) + (file - payload);
    for (const auto& [name, bytes] : m_sizes.breakdown())
        m_result.breakdown.emplace_back(name, scaled(bytes));
    m_result.breakdown.emplace_back("header", file - payload);
    if (m_result.preview) {
        m_result.compressSeconds *= scale;
        m_result.decompressSeconds *= scale;
    }
    m_result.quality = m_total.metrics();
    if (m_result.nonFinite > 0)
        m_result.warnings.push_back(
            std::to_string(m_result.nonFinite) + " NaN or infinite elements of the dump were left out");
}

} // namespace pikv
