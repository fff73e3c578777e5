// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/chartsource.h"
#include <QBrush>
#include <QList>
#include <QPair>
#include <QPen>
#include <QWidget>

namespace pikv::ui {

/// One bar; a value that is not finite, or that a logarithmic axis cannot hold, has no length.
struct Bar {
    QString label; ///< beside the axis
    QString text; ///< at the bar's end: the value
    double value = 0;
    QBrush brush;
    QPen pen;
};

struct BarChartData {
    QString axisTitle;
    QList<Bar> bars; ///< from top to bottom
    bool log = false;
    bool bytes = false; ///< ticks are sizes
};

/// Bars and ticks along the value axis as both backends draw them: in decades on a logarithmic axis.
struct BarGeometry {
    double lower = 0, upper = 1, base = 0;
    QList<double> ends; ///< of the bars
    QList<QPair<double, QString>> ticks;
};
BarGeometry barGeometry(const BarChartData& data);

enum class BarBackend { QtCharts, QCustomPlot };
/// Qt Charts where the build has it.
BarBackend defaultBarBackend();

/// Horizontal bars with their names and values. Only draws: mouse, keys and selection belong to the widget around it.
class BarChart : public QWidget {
public:
    using QWidget::QWidget;
    virtual void setData(const BarChartData& data, const ChartStyle& style) = 0;
    /// Draws the same bars on a sheet.
    virtual void paint(const ChartSheet& sheet) = 0;
    /// The rectangle of all bars, in this widget's pixels; bars share its height evenly.
    virtual QRectF plotArea() const = 0;
};
/// A backend that the build lacks is replaced by QCustomPlot.
BarChart* makeBarChart(BarBackend backend, QWidget* parent);

} // namespace pikv::ui
