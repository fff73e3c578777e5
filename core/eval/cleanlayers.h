// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include <memory>

namespace pikv {

/// A view whose layers hold zeros where the dump has NaN or infinity; without `accept` such a layer throws
/// Error{Input}.
std::shared_ptr<const KvCache> withCleanLayers(std::shared_ptr<const KvCache> cache, bool accept);

/// Throws Error{Input} that names the layer, how many of its elements are NaN or infinite, and what to do.
[[noreturn]] void refuseNonFinite(const CacheInfo& info, int layer, std::int64_t count);

} // namespace pikv
