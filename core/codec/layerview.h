// SPDX-License-Identifier: GPL-3.0-or-later
// Builds what a method sees of one layer, from a cache or from a container's header.
#pragma once
#include "core/codec/compressor.h"

namespace pikv {

/// Key and value of a layer's shape and dtypes, uninitialised.
LayerKv emptyLayer(const LayerShape& shape, c10::Device device);

/// Positions of a layer's rows, i64 [seq]: the tail of the cache's where the layer keeps fewer rows. `positions` empty:
/// 0, 1, … for the longest layer.
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

} // namespace pikv
