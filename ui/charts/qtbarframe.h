// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/barchart.h"
#include <QObject>
#include <QRectF>

class QChart;
class QGraphicsSimpleTextItem;

namespace pikv::ui {

/// Everything written and marked around the bars of a QChart: names, values, ticks, title, markers, legend. Qt Charts
/// itself shortens names to "..." as soon as bars are thinner than text, drops a label that stands out over the axis'
/// end, formats numbers by printf alone, and cuts the names of a legend. Keeps its place as the chart changes size.
class QtBarFrame : public QObject {
public:
    /// Belongs to `chart`, which shows bars of `geometry`.
    QtBarFrame(QChart* chart, const BarChartData& data, const BarGeometry& geometry, const ChartStyle& style);

private:
    class Legend;
    class Markers;

    QGraphicsSimpleTextItem* makeText(const QString& text);
    /// Makes room for the texts and the legend in a chart of this size.
    void reserve(QSizeF size);
    void place(const QRectF& area);
    double toX(const QRectF& area, double value) const;

    QChart* m_chart;
    BarGeometry m_geometry;
    ChartStyle m_style;
    QList<QGraphicsSimpleTextItem*> m_names, m_values, m_ticks;
    QGraphicsSimpleTextItem* m_title = nullptr;
    Legend* m_legend = nullptr;
    Markers* m_markers = nullptr;
};

} // namespace pikv::ui
