// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/cleanlayers.h"
#include "core/base/error.h"
#include "core/cache/cacheview.h"
#include "core/codec/padding.h"
#include "core/eval/measure.h"

namespace pikv {
namespace {

class CleanLayers final : public CacheView {
public:
    CleanLayers(std::shared_ptr<const KvCache> cache, bool accept)
        : CacheView(std::move(cache))
        , m_accept(accept)
    {
    }
    LayerKv layer(int index) const override
    {
        LayerKv kv = CacheView::layer(index);
        const LayerReference reference
            = makeReference(kv, layerMask(m_info.visible, m_info.layers.at(static_cast<std::size_t>(index))));
        if (reference.nonFinite > 0 && !m_accept)
            refuseNonFinite(m_info, layerNumber(index), reference.nonFinite);
        return kv;
    }

private:
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
