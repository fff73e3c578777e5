// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/dumpsstudy.h"
#include <string>
#include <vector>

namespace pikv {

/// resultsToCsv() of every dump's results with two more columns: `dump` has its path, `statistic` is "value". Then of
/// every setting three rows: its mean over the dumps, and the bounds of the mean's 95 % interval; `dump` then has their
/// number ("3 dumps"), `tokens` what all of them have, `statistic` is "mean", "low" or "high".
std::string dumpsToCsv(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means);
/// {"dumps": [{…}], "results": [{"dump": PATH, …}], "means": [{…, METRIC: {"mean": …, "low": …, "high": …}}], …}.
std::string dumpsToJson(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means, std::uint64_t seed);

} // namespace pikv
