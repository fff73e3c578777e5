// SPDX-License-Identifier: GPL-3.0-or-later
// Builds what a method sees of one layer, from a cache or from a container's header.
#pragma once
#include "core/codec/compressor.h"

namespace pikv {

/// Positions of a layer's rows, i64 [seq]: the tail of the cache's positions where the layer keeps fewer rows.
at::Tensor rowPositions(const std::vector<std::int64_t>& positions, const LayerShape& shape, c10::Device device);

/// Loads layer `index` and moves it to the device.
LayerInput layerInput(const KvCache& cache, int index, const at::Tensor& importance, c10::Device device);
/// As above for a layer of `cache` that is in memory already.
LayerInput layerInput(const KvCache& cache, int index, LayerKv kv, const at::Tensor& importance, c10::Device device);
/// Layer `index` of the container, which is layer `sourceLayer` of the model.
LayerOutput layerOutput(const EncodedHeader& header, int index, int sourceLayer, const SectionSet& sections,
    const SectionSet& global, c10::Device device);
/// A cache of decoded layers with the header's shapes, model and rope.
std::shared_ptr<KvCache> decodedCache(const EncodedHeader& header, std::vector<LayerKv> layers);

/// Some layers of a cache as a cache of their own, for previews.
class LayerSubset : public KvCache {
public:
    LayerSubset(std::shared_ptr<const KvCache> cache, std::vector<int> layers);
    LayerKv layer(int index) const override { return m_cache->layer(m_layers.at(index)); }
    int sourceLayer(int index) const override { return m_layers.at(static_cast<std::size_t>(index)); }
    int sourceLayerCount() const override { return m_cache->layerCount(); }
    at::Tensor storedImportance() const override { return m_cache->storedImportance(); }
    at::Tensor attentionMask() const override { return m_cache->attentionMask(); }
    bool hasKeep() const override { return m_cache->hasKeep(); }

private:
    std::shared_ptr<const KvCache> m_cache;
    std::vector<int> m_layers;
};

} // namespace pikv
