// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/cache/cacheview.h"

namespace pikv {

LayerSubset::LayerSubset(std::shared_ptr<const KvCache> cache, std::vector<int> layers)
    : CacheView(std::move(cache))
    , m_layers(std::move(layers))
{
    m_info.layers.clear();
    for (int layer : m_layers)
        m_info.layers.push_back(inner().info().layers.at(static_cast<std::size_t>(layer)));
}

} // namespace pikv
