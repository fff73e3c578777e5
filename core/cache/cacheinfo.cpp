// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/cache/cacheinfo.h"
#include <algorithm>

namespace pikv {

std::int64_t CacheInfo::elements() const
{
    std::int64_t sum = 0;
    for (const LayerShape& layer : layers)
        sum += layer.elements();
    return sum;
}

std::int64_t CacheInfo::seq() const
{
    std::int64_t longest = 0;
    for (const LayerShape& layer : layers)
        longest = std::max(longest, layer.seq);
    return longest;
}

bool CacheInfo::uniform() const
{
    return std::all_of(layers.begin(), layers.end(), [&](const LayerShape& l) { return l == layers.front(); });
}

std::string CacheInfo::shapeText() const
{
    if (layers.empty())
        return "no layers";
    const LayerShape& l = layers.front();
    const auto text = [&](std::int64_t dim, DType dtype) {
        return "[" + std::to_string(l.batch) + ", " + std::to_string(l.kvHeads) + ", " + std::to_string(l.seq) + ", "
            + std::to_string(dim) + "] " + std::string(dtypeName(dtype));
    };
    std::string shape = text(l.keyDim, l.keyDtype);
    if (l.keyDim != l.valueDim || l.keyDtype != l.valueDtype)
        shape = "K " + shape + ", V " + text(l.valueDim, l.valueDtype);
    const std::string count = std::to_string(layers.size()) + (layers.size() == 1 ? " layer x " : " layers x ");
    return count + shape + (uniform() ? "" : " (layers differ)");
}

} // namespace pikv
