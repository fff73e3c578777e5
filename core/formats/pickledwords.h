// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/pickledcache.h"

namespace pikv {

/// Takes what stands beside the cache in a dict, or an object's items: token ids and the like to `cache.companions` and
/// `cache.lists`, texts and numbers to `cache.metadata`. What is there already stays.
void takeWords(PickledCache& cache, const PickleTree& tree, const PickleValue& dict, const LocateTensor& locate);

} // namespace pikv
