// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/container/encodedcache.h"

namespace pikv {

/// Adds what a dump tells beside its tensors, so that a restored one can do what the original could (the next-token
/// test): its token ids as the section "tokens" (packTokens()), where the method has not stored them itself, and text
/// and configuration as "dump", JSON compressed with zstd. Nothing where there is nothing to tell.
void addCompanions(const CacheInfo& info, SectionSet& global);
/// Fills in what the sections tell. Throws Error{Input} where one is damaged.
void readCompanions(const SectionSet& global, CacheInfo& info);

} // namespace pikv
