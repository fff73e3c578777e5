// SPDX-License-Identifier: GPL-3.0-or-later
// One result as named texts: what the readers of CSV and JSON share.
#pragma once
#include "core/base/error.h"
#include "core/eval/evaluator.h"
#include <map>
#include <string>

namespace pikv {

/// Texts by the names of columns; empty: not measured.
using ResultRow = std::map<std::string, std::string>;

/// Where a row stands in a file, for messages: "results.csv, line 3".
struct ResultPlace {
    std::string text;
    Error error(const std::string& what) const { return inputError(text + ": " + what); }
};

/// Whether the row is one that resultOf() takes: no control and no mean over dumps.
bool isMeasurement(const ResultRow& row);
/// Method, settings and every stored figure of metrics(); derived figures follow from them. Throws Error{Input}: no
/// known method, a figure that is no number, sizes that are missing.
EvaluationResult resultOf(const ResultRow& row, const ResultPlace& place);

} // namespace pikv
