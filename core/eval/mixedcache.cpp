// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/mixedcache.h"

namespace pikv {

LayerKv MixedCache::layer(int index) const
{
    LayerKv kv = inner().layer(index);
    if (index < m_part.firstLayer || index >= m_part.endLayer)
        return kv;
    const LayerKv decoded = m_decoded->layer(index);
    if (m_part.keys) {
        kv.key = decoded.key;
        kv.keep = decoded.keep;
    }
    if (m_part.values)
        kv.value = decoded.value;
    return kv;
}

} // namespace pikv
