// SPDX-License-Identifier: GPL-3.0-or-later
// Caches of cross-attention: rows are an encoder's tokens, their positions are the encoder's, keys are not rotated, and
// every query of the decoder sees all of them.
#pragma once
#include "core/cache/cacheinfo.h"

namespace pikv {

/// Key of CacheInfo::metadata, and of a native dump's, that says so.
inline constexpr const char *crossAttentionKey = "kv_attention", *crossAttentionValue = "cross";

bool isCross(const CacheInfo& info);
/// Makes such a cache of it, without a rotation; or, where it was one, an ordinary cache whose rotation is unknown.
void setCross(CacheInfo& info, bool cross);
/// Why no next token can be asked of the cache, whatever the model, as a clause; "" where one can.
std::string nextTokenObstacle(const CacheInfo& info);

} // namespace pikv
