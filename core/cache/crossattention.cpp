// SPDX-License-Identifier: GPL-3.0-or-later
// Among the metadata, so that it goes wherever that goes.
#include "core/cache/crossattention.h"

namespace pikv {

bool isCross(const CacheInfo& info)
{
    const auto at = info.metadata.find(crossAttentionKey);
    return at != info.metadata.end() && at->second == crossAttentionValue;
}

void setCross(CacheInfo& info, bool cross)
{
    if (cross) {
        info.metadata[crossAttentionKey] = crossAttentionValue;
        info.rope = { RopeInfo::State::Pre, RopeInfo::Layout::Unknown, {}, 0, {} };
        info.layerRopes.clear();
    } else if (isCross(info)) {
        info.metadata.erase(crossAttentionKey);
        info.rope.state = RopeInfo::State::Unknown;
    }
}

std::string nextTokenObstacle(const CacheInfo& info)
{
    return isCross(info)
        ? "the cache is of cross-attention: its rows are an encoder's tokens, which no next token follows"
        : std::string();
}

} // namespace pikv
