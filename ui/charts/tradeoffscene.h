// SPDX-License-Identifier: GPL-3.0-or-later
// The trade-off chart's plot: axes, points, lines and what is highlighted.
#pragma once
#include "ui/charts/tradeoffdata.h"
#include "ui/export/chartsource.h"
#include <QRectF>
#include <optional>

class QCustomPlot;
class QCPAbstractLegendItem;
class QCPAxis;
class QCPLayoutGrid;
class QCPTextElement;

namespace pikv::ui {

class BrokenAxes;
class MethodSeries;
class FrontSeries;
class MeanSeries;
class RingSeries;

/// What stands inside the trade-off chart's QCustomPlot: axes, series, front, rings, legend, title.
class TradeoffScene {
public:
    explicit TradeoffScene(QCustomPlot* plot);

    void setData(const TradeoffData& data, const TradeoffAxes& axes);
    void setRings(const QList<TradeoffPoint>& selected, const std::optional<TradeoffPoint>& cursor);
    void setStyle(const ChartStyle& style, const QString& title);
    /// Legend beside the data where the chart is wide, else in rows below them.
    void placeLegend(QSize chart);
    /// Shows all data. With `growOnly` ranges stay while every point is inside them.
    void fit(bool growOnly);
    void zoom(double factor);

    QPointF pixelOf(const TradeoffPoint& point) const;
    QRectF area() const;
    /// Method of a legend entry; empty for the front.
    QString methodOf(QCPAbstractLegendItem* item) const;
    void paint(const ChartSheet& sheet);
    void replot();
    void replotRings();

private:
    void applyAxis(QCPAxis* axis, const MetricInfo& metric, bool log, bool broken);
    void applySeries();
    void fillLegend();
    void applyLegendStyle();
    void limitZoom(QCPAxis* axis, bool ofX);

    QCustomPlot* m_plot;
    FrontSeries* m_front;
    MeanSeries* m_means;
    BrokenAxes* m_breaks;
    RingSeries* m_rings;
    QList<MethodSeries*> m_series;
    QCPTextElement* m_title;
    QCPLayoutGrid* m_side;
    TradeoffData m_data;
    TradeoffAxes m_axes;
    ChartStyle m_style;
    QString m_titleText;
    QList<TradeoffPoint> m_selected;
    std::optional<TradeoffPoint> m_cursor;
};

} // namespace pikv::ui
