// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/study/settings.h"
#include "core/study/sweepfolder.h"
#include <string>
#include <vector>

namespace pikv {

/// Writes the sweep's analysis.md into its folder and, with `proxies`, the stand-in's predictions for every result
/// (proxy.csv and a section of the analysis): for a sweep that no model scored. Returns the names of the files.
std::vector<std::string> writeReport(const SweepFolder& folder, const CachePtr& cache, const StudySettings& settings,
    bool proxies, const JobControl& job);

} // namespace pikv
