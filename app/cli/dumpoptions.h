// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/cli/dumpsource.h"
#include "core/study/study.h"
#include <CLI/App.hpp>
#include <string>

namespace pikv::cli {

class Invocation;

/// The dump to work on and how to look at it: options that compress, eval and sweep share.
struct DumpOptions {
    std::string path, importance = "none";
    DumpSource source;
    std::int64_t caches = 1; ///< that share a calibration, in what is shown and written
    bool acceptNonFinite = false;

    void add(CLI::App& app);
    /// `--caches` of the commands that report ratios.
    void addCaches(CLI::App& app);
    /// Throws Error{Usage} for an unknown importance source and for a device that is not there.
    StudySettings settings(const Invocation& invocation) const;
    /// Opens the dump.
    Study study(Invocation& invocation) const;
};

} // namespace pikv::cli
