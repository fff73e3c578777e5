// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/cache/cacheview.h"

namespace pikv {

LayerSubset::LayerSubset(std::shared_ptr<const KvCache> cache, std::vector<int> layers)
    : CacheView(std::move(cache))
    , m_layers(std::move(layers))
{
    const CacheInfo& all = inner().info();
    m_info.layers.clear();
    m_info.layerNumbers.clear();
    m_info.layerRopes.clear();
    for (int index : m_layers) {
        const auto layer = static_cast<std::size_t>(index);
        m_info.layers.push_back(all.layers.at(layer));
        if (!all.layerNumbers.empty())
            m_info.layerNumbers.push_back(all.layerNumbers.at(layer));
        if (!all.layerRopes.empty())
            m_info.layerRopes.push_back(all.layerRopes.at(layer));
    }
}

} // namespace pikv
