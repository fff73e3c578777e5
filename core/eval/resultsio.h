// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <functional>
#include <string>
#include <vector>

namespace pikv {

/// The results table as CSV: one row a result; columns `compressor, params, device, …` then every metric of metrics().
/// C locale, %.9g, LF. With `perLayer` one row a layer and a head instead (columns `layer`, `head` after `params`).
std::string resultsToCsv(const std::vector<EvaluationResult>& results);
/// One row of it with these figures.
std::string resultCsvRow(const EvaluationResult& result, const std::function<double(const MetricInfo&)>& figure);
std::string layersToCsv(const std::vector<EvaluationResult>& results);
/// {"dump": {…}, "results": [{metric: value, …}, …]}, indented.
std::string resultsToJson(const CacheInfo& dump, const std::vector<EvaluationResult>& results, bool perLayer);
/// One of these results alone, without layers, on one line; and read back. Throws Error{Input} naming `place`.
std::string resultToJson(const EvaluationResult& result);
EvaluationResult resultFromJson(const std::string& text, const std::string& place);
/// One dump as a JSON object (pikv info --json).
std::string cacheInfoToJson(const CacheInfo& info);
/// All methods with their parameters (pikv list --json).
std::string registryToJson();
/// Reads a CSV that resultsToCsv or dumpsToCsv wrote (further columns are ignored, as are means over dumps and
/// the control). Throws
/// Error{Input} with line and column.
std::vector<EvaluationResult> resultsFromCsv(const std::string& path);
/// Reads a JSON object that resultsToJson wrote, layers and heads included where they are in it (further members are
/// ignored). Throws Error{Input} naming the result.
std::vector<EvaluationResult> resultsFromJson(const std::string& path);
/// Either, told apart by the first character.
std::vector<EvaluationResult> readResults(const std::string& path);

/// Writes through a temporary file beside `path` and renames it. Throws Error{Resource} naming file and reason.
void writeFileAtomic(const std::string& path, std::string_view content);

} // namespace pikv
