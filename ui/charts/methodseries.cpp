// SPDX-License-Identifier: GPL-3.0-or-later
// How the parts of the trade-off chart are painted: methods, Pareto front, rings.
#include "ui/charts/methodseries.h"
#include "ui/theme/markerpath.h"
#include <algorithm>
#include <array>

namespace pikv::ui {
namespace {

constexpr qreal kMarker = 8, kLiveMarker = 10, kLiveRing = 9.5;
constexpr qreal kLineOpacity = 0.55, kLineWidth = 1.2; // of the line through a sweep
constexpr qreal kRingWidth = 2.5, kRingRoom = 3;

/// Liang–Barsky: the part of the segment inside `area`; false when there is none.
bool cut(const QRectF& area, QPointF& from, QPointF& to)
{
    const QPointF d = to - from;
    const std::array<std::pair<double, double>, 4> sides { { { -d.x(), from.x() - area.left() },
        { d.x(), area.right() - from.x() }, { -d.y(), from.y() - area.top() }, { d.y(), area.bottom() - from.y() } } };
    double enter = 0, leave = 1;
    for (const auto& [p, q] : sides) {
        if (p == 0 && q < 0)
            return false;
        if (p < 0)
            enter = std::max(enter, q / p);
        else if (p > 0)
            leave = std::min(leave, q / p);
    }
    if (enter > leave)
        return false;
    to = from + leave * d;
    from += enter * d;
    return true;
}

} // namespace

QPointF pointPixel(const QCPAxis& x, const QCPAxis& y, const TradeoffPoint& point)
{
    const QRect area = x.axisRect()->rect();
    return { point.edgeX ? area.left() + kBreakStrip / 2 * area.width() : x.coordToPixel(point.x),
        point.edgeY ? area.bottom() - kBreakStrip / 2 * area.height() : y.coordToPixel(point.y) };
}

void TradeoffPlottable::drawCut(QCPPainter* painter, QPointF from, QPointF to) const
{
    if (cut(area(), from, to))
        painter->drawLine(QLineF(from, to));
}

void MethodSeries::set(const TradeoffSeries& series, const QPointF& whole, const ChartStyle& style)
{
    m_series = series;
    m_whole = whole;
    m_style = style;
    m_method = methodStyle(series.method, style.dark);
    setName(series.label);
}

void MethodSeries::draw(QCPPainter* painter)
{
    if (m_series.hidden)
        return;
    painter->setAntialiasing(true);
    QColor thin = m_method.color;
    thin.setAlphaF(kLineOpacity);
    painter->setPen(QPen(thin, kLineWidth * m_style.scale, m_method.line));
    painter->setBrush(Qt::NoBrush);
    for (qsizetype i = 1; i < m_series.line.size(); ++i)
        drawCut(painter, pixel(m_series.line[i - 1]), pixel(m_series.line[i]));
    m_sprites.setLook({ m_method.marker, kMarker * m_style.scale, m_method.color, m_style.background,
        mParentPlot->bufferDevicePixelRatio() });
    for (const bool live : { false, true }) {
        for (const TradeoffPoint& point : std::as_const(m_series.points)) {
            if (point.current == live)
                drawPoint(painter, point);
        }
    }
}

void MethodSeries::drawPoint(QCPPainter* painter, const TradeoffPoint& point)
{
    const QPointF at = pixel(point);
    QRectF inside = area();
    if (!point.edgeX)
        inside.setLeft(inside.left() + m_whole.x() * inside.width());
    if (!point.edgeY)
        inside.setBottom(inside.bottom() - m_whole.y() * inside.height());
    if (!inside.adjusted(-1, -1, 1, 1).contains(at))
        return;
    const QColor color = staleColor(m_method.color, m_style, point.stale);
    if (point.current) {
        painter->setBrush(m_style.background);
        painter->setPen(QPen(color, pen::kLine * m_style.scale, point.preview ? Qt::DotLine : Qt::SolidLine));
        painter->drawEllipse(at, kLiveRing * m_style.scale, kLiveRing * m_style.scale);
    } else if (point.preview) {
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(color, m_style.scale, Qt::DotLine));
        painter->drawEllipse(at, kMarker * m_style.scale, kMarker * m_style.scale);
    }
    if (point.current || point.preview || point.stale || painter->modes().testFlag(QCPPainter::pmNoCaching))
        drawMarker(*painter, m_method.marker, at, (point.current ? kLiveMarker : kMarker) * m_style.scale, color,
            m_style.background);
    else
        m_sprites.draw(*painter, at); // there may be thousands of them in a frame
    if (point.edgeX || point.edgeY)
        drawEdgeArrow(painter, point, at, color);
}

void MethodSeries::drawEdgeArrow(QCPPainter* painter, const TradeoffPoint& point, QPointF at, const QColor& color) const
{
    const qreal size = 3.5 * m_style.scale;
    painter->setPen(Qt::NoPen);
    painter->setBrush(color);
    const auto arrow = [&](QPointF tip, QPointF back) {
        const QPointF side(back.y() * 0.8, back.x() * 0.8);
        painter->drawPolygon(QPolygonF({ tip, tip + back + side, tip + back - side }));
    };
    if (point.edgeY)
        arrow({ at.x(), area().bottom() }, { 0, -size });
    if (point.edgeX)
        arrow({ area().left(), at.y() }, { size, 0 });
}

void MethodSeries::drawLegendIcon(QCPPainter* painter, const QRectF& rect) const
{
    painter->setAntialiasing(true);
    const QColor color = m_series.hidden ? blend(m_method.color, m_style.background, share::kHidden) : m_method.color;
    QColor thin = color;
    thin.setAlphaF(kLineOpacity);
    painter->setPen(QPen(thin, kLineWidth * m_style.scale, m_method.line));
    painter->drawLine(QLineF(rect.left(), rect.center().y(), rect.right(), rect.center().y()));
    drawMarker(*painter, m_method.marker, rect.center(), kMarker * m_style.scale, color, m_style.background);
}

FrontSeries::FrontSeries(QCPAxis* x, QCPAxis* y)
    : TradeoffPlottable(x, y)
{
    setName(QCoreApplication::translate("Tradeoff", "Pareto front"));
}

void FrontSeries::set(const QList<TradeoffPoint>& front, const ChartStyle& style)
{
    m_front = front;
    m_style = style;
}

void FrontSeries::draw(QCPPainter* painter)
{
    painter->setAntialiasing(true);
    painter->setPen(QPen(blend(m_style.text, m_style.background, share::kBehind), pen::kFrame * m_style.scale,
        Qt::SolidLine, Qt::FlatCap));
    for (qsizetype i = 1; i < m_front.size(); ++i) {
        // A budget between two points buys the quality of the cheaper one: across first, then to the next quality.
        const QPointF a = pixel(m_front[i - 1]), b = pixel(m_front[i]);
        drawCut(painter, a, { b.x(), a.y() });
        drawCut(painter, { b.x(), a.y() }, b);
    }
}

void FrontSeries::drawLegendIcon(QCPPainter* painter, const QRectF& rect) const
{
    painter->setPen(QPen(blend(m_style.text, m_style.background, share::kBehind), pen::kFrame * m_style.scale));
    painter->drawLine(QLineF(rect.left(), rect.center().y(), rect.right(), rect.center().y()));
}

void RingSeries::set(
    const QList<TradeoffPoint>& selected, const std::optional<TradeoffPoint>& cursor, const ChartStyle& style)
{
    m_selected = selected;
    m_cursor = cursor;
    m_style = style;
}

void RingSeries::draw(QCPPainter* painter)
{
    painter->setAntialiasing(true);
    painter->setBrush(Qt::NoBrush);
    const QRectF inside = area().adjusted(-1, -1, 1, 1);
    const auto radius
        = [this](const TradeoffPoint& p) { return (p.current ? kLiveRing + kRingRoom : kMarker) * m_style.scale; };
    painter->setPen(QPen(m_style.highlight, kRingWidth * m_style.scale));
    for (const TradeoffPoint& point : std::as_const(m_selected)) {
        if (inside.contains(pixel(point)))
            painter->drawEllipse(pixel(point), radius(point), radius(point));
    }
    if (m_cursor && inside.contains(pixel(*m_cursor))) {
        const qreal r = radius(*m_cursor) + kRingRoom;
        painter->setPen(QPen(m_style.text, 1, Qt::DashLine));
        painter->drawRect(QRectF(pixel(*m_cursor) - QPointF(r, r), QSizeF(2 * r, 2 * r)));
    }
}

} // namespace pikv::ui
