// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include "ui/export/exportspec.h"
#include <QStringList>
#include <memory>

class QApplication;

namespace pikv::ui {

/// Draws the window's own charts of `results` to files: the usual trade-offs and, as bars, the usual comparisons; pairs
/// without any value are left out. `outDir` is made where it is missing. Needs a QApplication.
/// Returns the paths written. Throws Error{Resource} naming what cannot be written, Error{Input} without results.
QStringList renderCharts(const std::vector<EvaluationResult>& results, const QString& outDir, const ExportSpec& spec);

/// An application object for drawing where there is no display; keep it while charts are drawn.
std::unique_ptr<QApplication> makeHeadlessApplication();

} // namespace pikv::ui
