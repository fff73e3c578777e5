// SPDX-License-Identifier: GPL-3.0-or-later
// The pieces that the trade-off chart draws for methods: points, lines between them, the Pareto front.
#pragma once
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffdata.h"
#include "ui/theme/chartstyle.h"
#include "ui/theme/markersprites.h"
#include "ui/theme/methodstyle.h"

namespace pikv::ui {

/// Pixel of a point; edge points lie just inside the axis they left.
QPointF pointPixel(const QCPAxis& x, const QCPAxis& y, const TradeoffPoint& point);

/// Draws parts of the trade-off chart. Lines are cut at the axis rectangle by itself, because QSvgGenerator ignores
/// clipping.
class TradeoffPlottable : public QCPAbstractPlottable {
public:
    TradeoffPlottable(QCPAxis* x, QCPAxis* y)
        : QCPAbstractPlottable(x, y)
    {
        setSelectable(QCP::stNone);
    }
    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }
    QCPRange getKeyRange(bool& found, QCP::SignDomain) const override { return found = false, QCPRange(); }
    QCPRange getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const override
    {
        return found = false, QCPRange();
    }

protected:
    QRect clipRect() const override { return mParentPlot->viewport(); }
    QRectF area() const { return QRectF(mKeyAxis->axisRect()->rect()); }
    QPointF pixel(const TradeoffPoint& point) const { return pointPixel(*mKeyAxis, *mValueAxis, point); }
    void drawCut(QCPPainter* painter, QPointF from, QPointF to) const;
};

/// One method: its sweep joined by a thin line, a marker a point.
class MethodSeries : public TradeoffPlottable {
public:
    using TradeoffPlottable::TradeoffPlottable;
    /// `whole`: shares of the axes' lengths from which on they are whole; nearer only points lie that they cannot hold.
    void set(const TradeoffSeries& series, const QPointF& whole, const ChartStyle& style);

protected:
    void draw(QCPPainter* painter) override;
    void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override;

private:
    void drawPoint(QCPPainter* painter, const TradeoffPoint& point);
    void drawEdgeArrow(QCPPainter* painter, const TradeoffPoint& point, QPointF at, const QColor& color) const;

    TradeoffSeries m_series;
    QPointF m_whole;
    ChartStyle m_style;
    MethodStyle m_method;
    MarkerSprites m_sprites; ///< of points of sweeps
};

/// The Pareto front as a staircase below the points.
class FrontSeries : public TradeoffPlottable {
public:
    FrontSeries(QCPAxis* x, QCPAxis* y);
    void set(const QList<TradeoffPoint>& front, const ChartStyle& style);

protected:
    void draw(QCPPainter* painter) override;
    void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override;

private:
    QList<TradeoffPoint> m_front;
    ChartStyle m_style;
};

/// Rings around the selected points and under the cursor; on a layer of its own, so that hovering redraws little.
class RingSeries : public TradeoffPlottable {
public:
    using TradeoffPlottable::TradeoffPlottable;
    void set(const QList<TradeoffPoint>& selected, const std::optional<TradeoffPoint>& cursor, const ChartStyle& style);

protected:
    void draw(QCPPainter* painter) override;
    void drawLegendIcon(QCPPainter*, const QRectF&) const override { }

private:
    QList<TradeoffPoint> m_selected;
    std::optional<TradeoffPoint> m_cursor;
    ChartStyle m_style;
};

} // namespace pikv::ui
