// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSize>
#include <QString>

class QCustomPlot;

namespace pikv::ui {

struct ChartSheet;
struct ChartStyle;

/// A title above everything else of the plot; none where the text is empty.
void addPlotTitle(QCustomPlot& plot, const QString& title, const ChartStyle& style);
/// Draws the plot over the whole sheet.
void paintPlot(QCustomPlot& plot, const ChartSheet& sheet);
/// The legend above the axes, where it hides no curve.
void putLegendAbove(QCustomPlot& plot);
/// Columns of the legend's entries that fit `width` pixels, at least one.
int legendColumns(const QCustomPlot& plot, int width);
/// Lays such a legend out in the columns that fit. Without entries, or where it would leave too little of the plot, it
/// is not shown and takes no room.
void wrapLegend(QCustomPlot& plot, QSize size);
/// Colours and font of background and legend.
void stylePlot(QCustomPlot& plot, const ChartStyle& style);

} // namespace pikv::ui
