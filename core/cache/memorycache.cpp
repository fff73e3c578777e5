// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/cache/cachehandle.h"
#include "core/cache/kvcache.h"
#include "core/cache/torchdtype.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

LayerShape shapeOf(const LayerKv& layer)
{
    const auto& k = layer.key;
    LayerShape shape { k.size(0), k.size(1), k.size(2), k.size(3), layer.value.size(3), 0, 0, 0,
        dtypeOf(k.scalar_type()), dtypeOf(layer.value.scalar_type()), DType::F16 };
    if (layer.query.defined()) {
        shape.queryHeads = layer.query.size(1);
        shape.queryCount = layer.query.size(2);
        shape.queryDtype = dtypeOf(layer.query.scalar_type());
    }
    return shape;
}

MemoryCache::MemoryCache(CacheInfo info, std::vector<LayerKv> layers, at::Tensor importance)
    : m_layers(std::move(layers))
    , m_importance(std::move(importance))
{
    m_info = std::move(info);
    m_info.layers.clear();
    for (const LayerKv& layer : m_layers)
        m_info.layers.push_back(shapeOf(layer));
    alignLayers(m_info.layers);
    m_info.hasImportance = m_importance.defined();
}

at::Tensor KvCache::attentionMask() const
{
    if (!m_info.hasPadding())
        return {};
    at::Tensor mask = at::empty({ m_info.batch(), m_info.seq() }, at::kBool);
    std::copy(m_info.visible.begin(), m_info.visible.end(), mask.data_ptr<bool>());
    return mask;
}

LayerKv MemoryCache::layer(int index) const { return m_layers.at(static_cast<std::size_t>(index)); }

bool MemoryCache::hasKeep() const
{
    return std::any_of(m_layers.begin(), m_layers.end(), [](const LayerKv& layer) { return layer.keep.defined(); });
}

const CacheInfo& cacheInfo(const KvCache& cache) { return cache.info(); }

} // namespace pikv
