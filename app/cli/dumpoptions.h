// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/cli/dumpsource.h"
#include "core/study/dumpsstudy.h"
#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace pikv::cli {

class Invocation;

/// The dump to work on and how to look at it: options that compress, eval and sweep share.
struct DumpOptions {
    std::vector<std::string> paths; ///< one, unless addSeveral() was called
    std::string importance = "none";
    DumpSource source;
    std::int64_t caches = 1; ///< that share a calibration, in what is shown and written
    bool acceptNonFinite = false;
    int repeat = 1; ///< addRepeat()

    void add(CLI::App& app);
    /// The same with one dump or several.
    void addSeveral(CLI::App& app);
    bool isSeveral() const { return paths.size() > 1; }
    /// `--caches` of the commands that report ratios.
    void addCaches(CLI::App& app);
    /// `--repeat` of the commands that time.
    void addRepeat(CLI::App& app);
    /// Throws Error{Usage} for an unknown importance source and for a device that is not there.
    StudySettings settings(const Invocation& invocation) const;
    /// Opens the dump, the first where there are several.
    Study study(Invocation& invocation) const;
    /// Opens all of them.
    DumpsStudy dumpsStudy(Invocation& invocation) const;

private:
    void addSettings(CLI::App& app);
};

} // namespace pikv::cli
