// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cachehandle.h"
#include <CLI/App.hpp>
#include <string>

namespace pikv::cli {

class Invocation;

/// What the user tells of the dumps that a command opens: one option for each of toldEntries(), and --forget.
struct DumpSource {
    Told told;
    bool forget = false;

    void add(CLI::App& app);
    /// Opens the dump with what is told now and was told before, and says the latter. Throws Error{Usage} for what
    /// cannot be told.
    CachePtr open(const std::string& path, Invocation& invocation) const;
};

} // namespace pikv::cli
