// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "core/study/studyreport.h"
#include <string>
#include <vector>

namespace pikv::cli {

/// False where the program was built without charts (PIKV_BUILD_GUI is OFF).
bool canDrawCharts();
/// Draws the window's own charts into a folder, without a display; `format` is png, svg or pdf. Returns the paths
/// written. Throws Error{Usage} for another format, Error{Resource} for what cannot be written.
std::vector<std::string> drawCharts(
    const std::vector<EvaluationResult>& results, const std::string& folder, const std::string& format);

/// The report with the same charts of `results`, vectors all of them: a page (HTML), or the bytes of a PDF. Without
/// charts, and a page, where canDrawCharts() is false.
std::string drawReport(StudyReport report, const std::vector<EvaluationResult>& results, bool asPdf);

} // namespace pikv::cli
