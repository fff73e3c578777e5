// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qtbarlegend.h"
#ifdef PIKV_WITH_QTCHARTS
#include "ui/theme/markerpath.h"
#include <QFontMetricsF>
#include <QPainter>
#include <QtCharts/QChart>

namespace pikv::ui {
namespace {

constexpr qreal kWide = 520; // pixels from which a column beside the bars costs less than rows below them
constexpr qreal kSwatch = 14, kMarkerRoom = 14, kSpace = 12, kEdge = 6;

} // namespace

QtBarFrame::Legend::Legend(QChart* chart, const QList<BarLegendEntry>& entries, const ChartStyle& style)
    : QGraphicsItem(chart)
    , m_entries(entries)
    , m_style(style)
{
    const QFontMetricsF metrics(style.font);
    qreal widest = 0;
    for (const BarLegendEntry& entry : entries)
        widest = qMax(widest, metrics.horizontalAdvance(entry.name));
    m_item = { widest + (kSwatch + kMarkerRoom) * style.scale + kSpace + 4, metrics.height() + 2 };
    setZValue(kFrontOfBars);
}

QMargins QtBarFrame::Legend::arrange(QSizeF chart)
{
    prepareGeometryChange();
    const int count = int(m_entries.size());
    if (count == 0)
        return {};
    const qreal column = count * m_item.height();
    if (chart.width() >= kWide * m_style.scale && column <= chart.height() - kEdge) {
        m_columns = 1;
        m_box = QRectF(chart.width() - m_item.width() - kEdge, kEdge, m_item.width(), column);
        return { 0, 0, qRound(m_item.width()), 0 };
    }
    m_columns = qBound(1, int((chart.width() - 2 * kEdge) / m_item.width()), count);
    const int rows = (count + m_columns - 1) / m_columns;
    const qreal height = rows * m_item.height();
    m_box = QRectF(kEdge, chart.height() - height - kEdge, m_columns * m_item.width(), height);
    return { 0, 0, 0, qRound(height + kEdge) };
}

void QtBarFrame::Legend::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget*)
{
    painter->setFont(m_style.font);
    const qreal swatch = kSwatch * m_style.scale, room = kMarkerRoom * m_style.scale;
    for (int i = 0; i < int(m_entries.size()); ++i) {
        const BarLegendEntry& entry = m_entries[i];
        const QRectF place(
            m_box.topLeft() + QPointF(i % m_columns * m_item.width(), i / m_columns * m_item.height()), m_item);
        const qreal middle = place.center().y(), height = m_item.height() * 0.55;
        painter->fillRect(QRectF(place.left(), middle - height / 2, swatch, height), entry.brush);
        if (entry.marker)
            drawMarker(*painter, *entry.marker, { place.left() + swatch + room / 2, middle }, room * 0.7,
                entry.brush.color(), m_style.background);
        painter->setPen(m_style.text);
        painter->drawText(place.adjusted(swatch + room + 4, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, entry.name);
    }
}

} // namespace pikv::ui
#endif
