// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include <memory>

namespace pikv {

/// The first rows of every layer of a cache. Queries are left out unless all rows are in: later tokens asked them.
/// Throws Error{Usage} when some layer has fewer rows.
std::shared_ptr<const KvCache> firstRows(std::shared_ptr<const KvCache> cache, std::int64_t rows);

} // namespace pikv
