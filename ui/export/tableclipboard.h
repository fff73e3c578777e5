// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"

namespace pikv::ui {

/// Puts the results on the clipboard as the CSV that an export would write, for text editors and spreadsheets.
void copyResultsCsv(const std::vector<EvaluationResult>& results);

} // namespace pikv::ui
