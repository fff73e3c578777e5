// SPDX-License-Identifier: GPL-3.0-or-later
// A cache as the window and the command line hold it: torch-free. core/dumps/dumps.h opens and saves one.
#pragma once
#include "core/cache/cacheinfo.h"
#include <memory>

namespace pikv {

class KvCache;
using CachePtr = std::shared_ptr<const KvCache>;

const CacheInfo& cacheInfo(const KvCache& cache);

} // namespace pikv
