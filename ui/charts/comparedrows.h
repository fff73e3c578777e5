// SPDX-License-Identifier: GPL-3.0-or-later
// Which results stand beside each other where each method has one bar or line.
#pragma once
#include <QList>
#include <QString>

namespace pikv::ui {

class ResultsModel;

/// The present points of the methods. Where no row is one (a file of results): all, or the defaults of each method
/// where there are many.
QList<int> comparedRows(const ResultsModel& model);
/// The method; with its parameters, shortened, where it is no present point.
QString comparedLabel(const ResultsModel& model, int row);

} // namespace pikv::ui
