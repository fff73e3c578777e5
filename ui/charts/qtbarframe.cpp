// SPDX-License-Identifier: GPL-3.0-or-later
// Texts, markers and legend around the bars that Qt Charts draws.
#include "ui/charts/qtbarframe.h"
#include "ui/charts/qtbarlegend.h"
#include "ui/theme/markerpath.h"
#include <QGraphicsSimpleTextItem>
#include <QPainter>
#include <QtCharts/QChart>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr qreal kTextGap = 5, kNameGap = 10, kTickGap = 6; // pixels between what is drawn and its text
constexpr int kTop = 4, kRight = 10;
constexpr qreal kLeastMarker = 5, kMostMarker = 10;

/// Centred on the point vertically; `anchor` 0 starts at it, 1 ends there. Shrinks to `height`.
void put(QGraphicsSimpleTextItem& text, QPointF point, qreal anchor, qreal height)
{
    const QRectF box = text.boundingRect();
    const qreal scale = qMin(1.0, height / box.height());
    text.setScale(scale);
    text.setPos(point.x() - anchor * box.width() * scale, point.y() - box.height() * scale / 2);
}

} // namespace

/// The markers at the ends of the bars.
class QtBarFrame::Markers : public QGraphicsItem {
public:
    Markers(QChart* chart, const BarChartData& data, const ChartStyle& style)
        : QGraphicsItem(chart)
        , m_background(style.background)
        , m_scale(style.scale)
    {
        for (const Bar& bar : data.bars)
            m_marks.append({ bar.marker, bar.brush.color(), {} });
        setZValue(kFrontOfBars);
    }
    void place(const QList<QPointF>& ends, qreal thickness)
    {
        prepareGeometryChange();
        m_size = std::clamp(thickness, kLeastMarker * m_scale, kMostMarker * m_scale);
        m_box = QRectF();
        for (qsizetype i = 0; i < m_marks.size(); ++i) {
            m_marks[i].at = ends[i] + QPointF(m_size * 0.75, 0);
            m_box |= QRectF(m_marks[i].at, QSizeF()).adjusted(-m_size, -m_size, m_size, m_size);
        }
    }
    QRectF boundingRect() const override { return m_box; }
    void paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget*) override
    {
        for (const Mark& mark : m_marks) {
            if (mark.marker)
                drawMarker(*painter, *mark.marker, mark.at, m_size, mark.color, m_background);
        }
    }

private:
    struct Mark {
        std::optional<Marker> marker;
        QColor color;
        QPointF at;
    };
    QList<Mark> m_marks;
    QColor m_background;
    qreal m_scale, m_size = kLeastMarker;
    QRectF m_box;
};

QtBarFrame::QtBarFrame(QChart* chart, const BarChartData& data, const BarGeometry& geometry, const ChartStyle& style)
    : QObject(chart)
    , m_chart(chart)
    , m_geometry(geometry)
    , m_style(style)
{
    if (data.groups.isEmpty()) {
        for (const Bar& bar : data.bars) {
            m_names << makeText(bar.label);
            m_values << makeText(bar.text);
        }
    } else {
        for (const QString& group : data.groups)
            m_names << makeText(group);
        m_legend = new Legend(chart, data.legend, style);
        m_markers = new Markers(chart, data, style);
    }
    for (const auto& [at, label] : geometry.ticks)
        m_ticks << makeText(label);
    m_title = makeText(data.axisTitle);
    connect(chart, &QChart::geometryChanged, this, [this] { reserve(m_chart->size()); });
    connect(chart, &QChart::plotAreaChanged, this, &QtBarFrame::place);
    reserve(chart->size());
}

QGraphicsSimpleTextItem* QtBarFrame::makeText(const QString& text)
{
    auto* item = new QGraphicsSimpleTextItem(text, m_chart);
    item->setFont(m_style.font);
    item->setBrush(m_style.text);
    item->setZValue(kFrontOfBars);
    return item;
}

void QtBarFrame::reserve(QSizeF size)
{
    qreal widest = 0;
    for (const QGraphicsSimpleTextItem* name : std::as_const(m_names))
        widest = qMax(widest, name->boundingRect().width());
    QMargins margins(qRound(widest) + 18, kTop, kRight, qRound(2 * m_title->boundingRect().height()) + 10);
    if (m_legend)
        margins += m_legend->arrange(size);
    m_chart->setMargins(margins);
}

double QtBarFrame::toX(const QRectF& area, double value) const
{
    return area.left() + (value - m_geometry.lower) / (m_geometry.upper - m_geometry.lower) * area.width();
}

void QtBarFrame::place(const QRectF& area)
{
    const qreal band = area.height() / qMax(1.0, double(m_names.size()));
    for (qsizetype i = 0; i < m_names.size(); ++i)
        put(*m_names[i], { area.left() - kNameGap, area.top() + (double(i) + 0.5) * band }, 1, band);
    QList<QPointF> ends;
    for (qsizetype i = 0; i < m_geometry.ends.size(); ++i)
        ends << QPointF(toX(area, m_geometry.ends[i]), area.top() + m_geometry.centres[i] * area.height());
    for (qsizetype i = 0; i < m_values.size(); ++i) {
        const bool left = m_geometry.ends[i] < m_geometry.base;
        put(*m_values[i], ends[i] + QPointF(left ? -kTextGap : kTextGap, 0), left ? 1 : 0, band);
    }
    if (m_markers)
        m_markers->place(ends, m_geometry.thickness * area.height());
    const qreal line = m_title->boundingRect().height(), under = area.bottom() + kTickGap;
    for (qsizetype i = 0; i < m_ticks.size(); ++i)
        put(*m_ticks[i], { toX(area, m_geometry.ticks[i].first), under + line / 2 }, 0.5, line);
    put(*m_title, { area.center().x(), under + line * 1.5 + 2 }, 0.5, line);
}

} // namespace pikv::ui
