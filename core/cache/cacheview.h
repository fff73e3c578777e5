// SPDX-License-Identifier: GPL-3.0-or-later
// Caches that show another one differently. CacheView forwards everything once; a view overrides what it changes.
#pragma once
#include "core/cache/kvcache.h"
#include <utility>
#include <vector>

namespace pikv {

/// Shows `inner` as it is: derived classes override what they show otherwise and adjust m_info.
class CacheView : public KvCache {
public:
    LayerKv layer(int index) const override { return m_inner->layer(index); }
    int sourceLayer(int index) const override { return m_inner->sourceLayer(index); }
    int sourceLayerCount() const override { return m_inner->sourceLayerCount(); }
    at::Tensor storedImportance() const override { return m_inner->storedImportance(); }
    bool hasKeep() const override { return m_inner->hasKeep(); }

protected:
    explicit CacheView(std::shared_ptr<const KvCache> inner)
        : m_inner(std::move(inner))
    {
        m_info = m_inner->info();
    }
    const KvCache& inner() const { return *m_inner; }

private:
    std::shared_ptr<const KvCache> m_inner;
};

/// Some layers of a cache as a cache of their own, for previews; also of a cache that is such a view itself.
class LayerSubset final : public CacheView {
public:
    /// `layers`: indices into `cache`, in the order they are to have; std::out_of_range where there is no such layer.
    LayerSubset(std::shared_ptr<const KvCache> cache, std::vector<int> layers);
    LayerKv layer(int index) const override { return inner().layer(innerLayer(index)); }
    int sourceLayer(int index) const override { return inner().sourceLayer(innerLayer(index)); }

private:
    int innerLayer(int index) const { return m_layers.at(static_cast<std::size_t>(index)); }
    std::vector<int> m_layers;
};

} // namespace pikv
