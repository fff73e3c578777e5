// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/container/encodedcache.h"

namespace pikv {

/// Adds the section "dump" with what a dump tells beside its tensors - token ids, text, configuration
/// - so that a restored one can do what the original could (the next-token test). JSON, compressed with zstd; nothing
/// where there is nothing to tell.
void addCompanions(const CacheInfo& info, SectionSet& global);
/// Fills them in where the section is there. Throws Error{Input} where it is damaged.
void readCompanions(const SectionSet& global, CacheInfo& info);

} // namespace pikv
