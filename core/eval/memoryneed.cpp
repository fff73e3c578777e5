// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/memoryneed.h"
#include "core/codec/compressor.h"
#include <algorithm>

namespace pikv {
namespace {

/// An element of the layer at work: 2 in the dump, 4 as reference, 2 encoded, 2 decoded, 4 decoded for the metrics.
constexpr std::uint64_t bytesPerElementAtWork = 14;

std::uint64_t largestLayer(const CacheInfo& info)
{
    std::uint64_t bytes = 0;
    for (const LayerShape& layer : info.layers)
        bytes = std::max(bytes, static_cast<std::uint64_t>(layer.elements()) * bytesPerElementAtWork);
    return bytes;
}

/// At 16 bits, padding included, which takes memory whether or not it counts.
std::uint64_t allLayers(const CacheInfo& info)
{
    std::uint64_t bytes = 0;
    for (const LayerShape& layer : info.layers)
        bytes += static_cast<std::uint64_t>(layer.elements()) * 2;
    return bytes;
}

} // namespace

std::uint64_t wholeMemory(const CacheInfo& info) { return largestLayer(info) + 2 * allLayers(info); }

std::uint64_t evaluationMemory(const MethodSpec& method, const CacheInfo& info)
{
    const auto compressor = makeCompressor(method);
    const bool streams = compressor->layerwise() != nullptr;
    return streams ? largestLayer(info) : wholeMemory(info);
}

std::uint64_t compressionMemory(const CacheInfo& info) { return largestLayer(info) + allLayers(info); }

std::uint64_t calibrationMemory(const MethodSpec& method, const std::vector<CachePtr>& caches)
{
    const auto compressor = makeCompressor(method);
    std::uint64_t bytes = 0;
    for (const CachePtr& cache : caches)
        bytes += largestLayer(cache->info()) + compressor->learningMemory(cache->info());
    return bytes;
}

} // namespace pikv
