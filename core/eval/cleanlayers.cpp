// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/cleanlayers.h"
#include "core/base/error.h"
#include "core/eval/measure.h"

namespace pikv {
namespace {

class CleanLayers : public KvCache {
public:
    CleanLayers(std::shared_ptr<const KvCache> cache, bool accept)
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
    std::shared_ptr<const KvCache> m_cache;
    bool m_accept;
};

} // namespace

std::shared_ptr<const KvCache> withCleanLayers(std::shared_ptr<const KvCache> cache, bool accept)
{
    return std::make_shared<CleanLayers>(std::move(cache), accept);
}

void refuseNonFinite(const CacheInfo& info, int layer, std::int64_t count)
{
    throw inputError((info.path.empty() ? "the cache" : info.path) + ": layer " + std::to_string(layer) + " holds "
        + std::to_string(count) + " NaN or infinite elements; accept them to leave these elements out of every figure");
}

} // namespace pikv
