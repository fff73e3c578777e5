// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cachehandle.h"

namespace pikv {

/// Opens a `.pikv` container as a cache. Its compressed bytes are held in memory; a layer is decoded when it is asked
/// for where the method is layer by layer, else all of them at the first one. Throws Error{Input}.
CachePtr openEncoded(const std::string& path);

} // namespace pikv
