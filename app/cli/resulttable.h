// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/study/dumpsstudy.h"
#include <string>
#include <vector>

namespace pikv::cli {

/// The figures a reader compares first, one row a result; next-token columns where a result has them.
std::string resultTable(const std::vector<EvaluationResult>& results);
/// The same of several dumps, with a column for their names, and below it the means over them with their intervals.
std::string resultTable(const std::vector<DumpResults>& dumps, const std::vector<DumpsMean>& means);
/// One result's layers.
std::string layerTable(const EvaluationResult& result);
/// Section names and their bytes, with their share of the whole.
/// What the bytes of every result are for, and its ratio as its authors count it; of those whose bytes were counted.
std::string ledgerTable(const std::vector<EvaluationResult>& results);
std::string breakdownTable(const std::vector<std::pair<std::string, std::uint64_t>>& breakdown);

} // namespace pikv::cli
