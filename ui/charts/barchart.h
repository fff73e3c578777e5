// SPDX-License-Identifier: GPL-3.0-or-later
// Horizontal bars, one a name or several a group, and the one way in which a build draws them: by Qt Charts, or where
// that is not there by QCustomPlot.
#pragma once
#include "ui/export/chartsource.h"
#include "ui/theme/methodstyle.h"
#include <QBrush>
#include <QList>
#include <QPair>
#include <QPen>
#include <QWidget>
#include <optional>

namespace pikv::ui {

/// One bar; a value that is not finite, or that a logarithmic axis cannot hold, has no length.
struct Bar {
    QString label; ///< beside the axis, where bars are not grouped
    QString text; ///< at the bar's end: the value
    double value = 0;
    QBrush brush;
    QPen pen;
    std::optional<Marker> marker = {}; ///< at the bar's end, in the brush's colour: tells bars of one colour apart
};

/// What a bar of every group stands for.
struct BarLegendEntry {
    QString name;
    QBrush brush;
    std::optional<Marker> marker;
};

struct BarChartData {
    QString axisTitle;
    QList<Bar> bars; ///< from top to bottom
    bool log = false;
    bool bytes = false; ///< ticks are sizes
    QStringList groups = {}; ///< names of groups, each of as many bars as `legend` has entries; empty: a bar a name
    QList<BarLegendEntry> legend = {};
};

/// Bars and ticks along the value axis, in decades on a logarithmic one, and the bars' places beside each other.
struct BarGeometry {
    double lower = 0, upper = 1, base = 0;
    QList<double> ends; ///< of the bars
    QList<QPair<double, QString>> ticks;
    QList<double> centres; ///< of the bars, 0 at the top of the data and 1 at the bottom
    double thickness = 1; ///< of a bar, as a share of the data's height
};
BarGeometry barGeometry(const BarChartData& data);
/// Share of a bar's place that the bar fills: alone, and all bars of a group together.
inline constexpr double kBarWidth = 0.62, kGroupWidth = 0.8;

/// Only draws: mouse, keys and selection belong to the widget around it.
class BarChart : public QWidget {
public:
    using QWidget::QWidget;
    virtual void setData(const BarChartData& data, const ChartStyle& style) = 0;
    /// Draws the same bars on a sheet.
    virtual void paint(const ChartSheet& sheet) = 0;
    /// The rectangle of all bars, in this widget's pixels; groups, or else bars, share its height evenly.
    virtual QRectF plotArea() const = 0;
};
BarChart* makeBarChart(QWidget* parent);

} // namespace pikv::ui
