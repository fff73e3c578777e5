// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#ifdef PIKV_WITH_QTCHARTS
#include <QString>

class QChart;
class QChartView;
class QWidget;

namespace pikv::ui {

struct ChartSheet;
struct ChartStyle;

/// What the charts on Qt Charts have in common: no frame, no legend, colours and title of the style.
QChart* makeBareChart(const ChartStyle& style, const QString& title);
/// A view that fills `owner` and leaves mouse and keys to it.
QChartView* makeChartView(QWidget* owner);
/// Shows `chart` and deletes the one before.
void showChart(QChartView& view, QChart* chart, const ChartStyle& style);
/// Draws `chart` on a sheet, and deletes it.
void paintOnSheet(QChart* chart, const ChartSheet& sheet);

} // namespace pikv::ui
#endif
