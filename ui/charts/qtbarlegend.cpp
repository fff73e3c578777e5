// SPDX-License-Identifier: GPL-3.0-or-later
// The legend of a bar chart by Qt Charts, in rows that fit the width, with each method's marker.
#include "ui/charts/qtbarlegend.h"
#include "ui/theme/markerpath.h"
#include <QFontMetricsF>
#include <QPainter>
#include <QtCharts/QChart>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr qreal kWide = 520; // pixels from which a column beside the bars costs less than rows below them
constexpr qreal kSwatch = 14, kMarkerRoom = 14, kNameGap = 4, kSpace = 12, kEdge = 6;

} // namespace

QtBarFrame::Legend::Legend(QChart* chart, const QList<BarLegendEntry>& entries, const ChartStyle& style)
    : QGraphicsItem(chart)
    , m_entries(entries)
    , m_style(style)
{
    const QFontMetricsF metrics(style.font);
    for (const BarLegendEntry& entry : entries)
        m_widths << metrics.horizontalAdvance(entry.name) + (kSwatch + kMarkerRoom) * style.scale + kNameGap + kSpace;
    m_line = metrics.height() + 2;
    setZValue(kFrontOfBars);
}

QMargins QtBarFrame::Legend::arrange(QSizeF chart)
{
    prepareGeometryChange();
    m_places.clear();
    if (m_entries.isEmpty())
        return {};
    const qreal column = double(m_entries.size()) * m_line;
    const qreal widest = *std::max_element(m_widths.begin(), m_widths.end());
    if (chart.width() >= kWide * m_style.scale && column <= chart.height() - kEdge) {
        m_box = QRectF(chart.width() - widest - kEdge, kEdge, widest, column);
        for (qsizetype i = 0; i < m_entries.size(); ++i)
            m_places << m_box.topLeft() + QPointF(0, double(i) * m_line);
        return { 0, 0, qRound(widest), 0 };
    }
    QPointF at;
    for (const qreal width : std::as_const(m_widths)) { // as text flows: rows are what a low chart has too few of
        if (at.x() > 0 && at.x() + width > chart.width() - 2 * kEdge)
            at = { 0, at.y() + m_line };
        m_places << at;
        at.rx() += width;
    }
    m_box = QRectF(kEdge, chart.height() - at.y() - m_line - kEdge, chart.width() - 2 * kEdge, at.y() + m_line);
    for (QPointF& place : m_places)
        place += m_box.topLeft();
    return { 0, 0, 0, qRound(m_box.height() + kEdge) };
}

void QtBarFrame::Legend::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget*)
{
    painter->setFont(m_style.font);
    const qreal swatch = kSwatch * m_style.scale, room = kMarkerRoom * m_style.scale;
    for (int i = 0; i < int(m_places.size()); ++i) {
        const BarLegendEntry& entry = m_entries[i];
        const QRectF place(m_places[i], QSizeF(m_widths[i], m_line));
        const qreal middle = place.center().y(), height = m_line * 0.55;
        painter->fillRect(QRectF(place.left(), middle - height / 2, swatch, height), entry.brush);
        if (entry.marker)
            drawMarker(*painter, *entry.marker, { place.left() + swatch + room / 2, middle }, room * 0.7,
                entry.brush.color(), m_style.background);
        painter->setPen(m_style.text);
        painter->drawText(
            place.adjusted(swatch + room + kNameGap, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, entry.name);
    }
}

} // namespace pikv::ui
