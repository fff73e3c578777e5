// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheview.h"

namespace pikv {

/// What of a cache comes from its decoded version.
struct DecodedPart {
    int firstLayer = 0, endLayer = 0; ///< these layers, the last excluded
    bool keys = true, values = true;
};

/// An exact cache of which one part is as it was decoded. A token that the method drops is no longer attended to where
/// the keys are decoded; where the values alone are, it is, and its values read as the zeros that are left of them.
class MixedCache final : public CacheView {
public:
    MixedCache(std::shared_ptr<const KvCache> exact, std::shared_ptr<const KvCache> decoded, const DecodedPart& part)
        : CacheView(std::move(exact))
        , m_decoded(std::move(decoded))
        , m_part(part)
    {
    }
    LayerKv layer(int index) const override;
    bool hasKeep() const override { return CacheView::hasKeep() || (m_part.keys && m_decoded->hasKeep()); }

private:
    std::shared_ptr<const KvCache> m_decoded;
    DecodedPart m_part;
};

} // namespace pikv
