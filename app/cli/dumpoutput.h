// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cachehandle.h"
#include <string>

namespace pikv::cli {

class Invocation;

/// Writes the cache to `path`, in the format of its suffix; warns of what that has no place for. `activity` is shown
/// meanwhile. Throws Error{Usage} where the path is one of the inputs.
void saveDump(const KvCache& cache, const std::string& path, const std::string& activity, Invocation& invocation);
/// The same, and a line about the file on standard output.
void writeDump(const KvCache& cache, const std::string& path, const std::string& activity, Invocation& invocation);

} // namespace pikv::cli
