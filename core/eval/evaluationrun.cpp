// SPDX-License-Identifier: GPL-3.0-or-later
// The evaluator's loop: every layer is loaded, cleaned, sent through bytes and compared with what it was. Sums go up
// from heads to layers to the cache, so that every figure exists on all three levels.
#include "core/eval/evaluationrun.h"
#include "core/base/text.h"
#include "core/codec/layerview.h"
#include "core/codec/padding.h"
#include "core/codec/registry.h"
#include "core/eval/attention.h"
#include "core/eval/cleanlayers.h"
#include "core/eval/figuretext.h"

namespace pikv {

EvaluationRun::EvaluationRun(const EvaluationRequest& request, const KvCache& cache, at::Tensor importance,
    const CodecContext& context, EvaluationResult& result)
    : m_request(request)
    , m_cache(cache)
    , m_importance(std::move(importance))
    , m_context(context)
    , m_result(result)
{
}

void EvaluationRun::run(RoundTrip& trip)
{
    if (trip.streams())
        streamLayers(trip);
    else
        wholeCache(trip);
    finish(trip);
}

EvaluationRun::Loaded EvaluationRun::load(int index)
{
    m_context.job.checkpoint();
    LayerKv kv = m_cache.layer(index);
    Loaded loaded;
    loaded.number = m_cache.layerNumber(index);
    loaded.reference = makeReference(
        kv, layerMask(m_cache.info().visible, m_cache.info().layers.at(static_cast<std::size_t>(index))));
    if (loaded.reference.nonFinite > 0 && !m_request.acceptNonFinite)
        refuseNonFinite(m_cache.info(), m_cache.layerNumber(index), loaded.reference.nonFinite);
    m_result.nonFinite += loaded.reference.nonFinite;
    loaded.input = layerInput(m_cache, index, std::move(kv), m_importance, m_context.device);
    return loaded;
}

void EvaluationRun::streamLayers(RoundTrip& trip)
{
    trip.begin(m_cache, *m_request.cache);
    for (int i = 0; i < m_cache.layerCount(); ++i) {
        m_context.job.report({ "Evaluating layer", i + 1, m_cache.layerCount() });
        const Loaded loaded = load(i);
        const LayerKv decoded = trip.layer(i, loaded.input);
        measure(loaded, decoded, trip.sizes().layerBytes().back());
    }
}

void EvaluationRun::wholeCache(RoundTrip& trip)
{
    const CachePtr clean = withCleanLayers(CachePtr(CachePtr(), &m_cache), m_request.acceptNonFinite);
    const CachePtr decoded = trip.whole(*clean, m_importance);
    for (int i = 0; i < m_cache.layerCount(); ++i) {
        m_context.job.report({ "Measuring layer", i + 1, m_cache.layerCount() });
        const Loaded loaded = load(i);
        measure(loaded, decoded->layer(i), trip.sizes().layerBytes().at(static_cast<std::size_t>(i)));
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
    quality.layer = loaded.number;
    quality.storedBytes = storedBytes;
    quality.quality = layer.metrics();
    m_result.layers.push_back(std::move(quality));
}

void EvaluationRun::finish(const RoundTrip& trip)
{
    // A preview's sizes stand for the whole cache: what its layers take is scaled by the elements it covers.
    const std::uint64_t file = trip.fileBytes(), layers = trip.sizes().layersBytes();
    const double scale = m_result.preview
        ? double(m_request.cache->info().elements()) / double(std::max<std::int64_t>(1, m_cache.info().elements()))
        : 1;
    m_result.storedBytes = std::uint64_t(double(layers) * scale) + (file - layers);
    m_result.breakdown = trip.breakdown(scale);
    m_result.ledger = ledgerOf(Registry::instance().find(m_result.method.id), m_result.breakdown);
    m_result.compressSeconds = trip.compressSeconds() * scale;
    m_result.decompressSeconds = trip.decompressSeconds() * scale;
    m_result.quality = m_total.metrics();
    m_result.clamped = m_total.clamped();
    m_result.largestClamped = m_total.largestClamped();
    if (m_result.clamped > 0)
        m_result.warnings.push_back(countText(static_cast<std::uint64_t>(m_result.clamped), "element")
            + " beyond f16's reach of 65504, the largest " + figureText(m_result.largestClamped)
            + (m_result.clamped == 1 ? ", was" : ", were") + " clamped");
    if (m_result.nonFinite > 0)
        m_result.warnings.push_back(
            std::to_string(m_result.nonFinite) + " NaN or infinite elements of the dump were left out");
}

} // namespace pikv
