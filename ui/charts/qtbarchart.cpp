// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qtbarchart.h"
#ifdef PIKV_WITH_QTCHARTS
#include "ui/charts/qtchartview.h"
#include <QtCharts/QBarCategoryAxis>
#include <QtCharts/QBarSet>
#include <QtCharts/QCategoryAxis>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QHorizontalStackedBarSeries>
#include <QtCharts/QLegend>

namespace pikv::ui {
namespace {

/// Lines only: Qt Charts shortens names to "..." as soon as bars are thinner than text, drops a label that stands out
/// over the axis' end, and formats numbers by printf alone. BarTexts writes them.
void styleAxis(QAbstractAxis& axis, const ChartStyle& style)
{
    axis.setLabelsVisible(false);
    axis.setLinePen(QPen(style.muted, style.scale));
    axis.setGridLinePen(QPen(style.grid, style.scale));
}

/// A set a bar, zero elsewhere: a set is what Qt Charts gives a colour to. Categories count from the bottom, and
/// QAbstractAxis::setReverse does not turn bars, so the last bar comes first.
QHorizontalStackedBarSeries* makeSeries(const BarChartData& data, const BarGeometry& geometry)
{
    auto* series = new QHorizontalStackedBarSeries;
    series->setBarWidth(0.62);
    for (qsizetype i = 0; i < data.bars.size(); ++i) {
        auto* set = new QBarSet(data.bars[i].label);
        for (qsizetype k = 0; k < data.bars.size(); ++k)
            set->append(k == data.bars.size() - 1 - i ? geometry.ends[i] - geometry.base : 0);
        set->setBrush(data.bars[i].brush);
        set->setPen(data.bars[i].pen);
        series->append(set);
    }
    return series;
}

QCategoryAxis* makeValueAxis(const BarGeometry& geometry, const ChartStyle& style)
{
    auto* axis = new QCategoryAxis;
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setRange(geometry.lower - geometry.base, geometry.upper - geometry.base);
    axis->setStartValue(geometry.lower - geometry.base - 1e-6 * (geometry.upper - geometry.lower));
    for (const auto& [at, label] : geometry.ticks)
        axis->append(label, at - geometry.base);
    styleAxis(*axis, style);
    return axis;
}

QBarCategoryAxis* makeNameAxis(const BarChartData& data, const ChartStyle& style)
{
    auto* axis = new QBarCategoryAxis;
    for (qsizetype i = 0; i < data.bars.size(); ++i)
        axis->append(QString::number(i));
    styleAxis(*axis, style);
    axis->setGridLineVisible(false);
    return axis;
}

/// Everything written around the bars.
class BarTexts {
public:
    BarTexts(QChart* chart, const BarChartData& data, const BarGeometry& geometry, const ChartStyle& style)
        : m_geometry(geometry)
    {
        const auto make = [&](const QString& text) {
            auto* item = new QGraphicsSimpleTextItem(text, chart);
            item->setFont(style.font);
            item->setBrush(style.text);
            item->setZValue(20);
            return item;
        };
        qreal widest = 0;
        for (const Bar& bar : data.bars) {
            m_names << make(bar.label);
            m_values << make(bar.text);
            widest = qMax(widest, m_names.last()->boundingRect().width());
        }
        for (const auto& [at, label] : geometry.ticks)
            m_ticks << make(label);
        m_title = make(data.axisTitle);
        const qreal line = m_title->boundingRect().height();
        chart->setMargins({ qRound(widest) + 18, 4, 10, qRound(2 * line) + 10 });
    }

    void place(const QRectF& area) const
    {
        const qreal band = area.height() / double(m_names.size());
        for (qsizetype i = 0; i < m_names.size(); ++i) {
            const qreal y = area.top() + (double(i) + 0.5) * band, end = toX(area, m_geometry.ends[i]);
            const bool left = m_geometry.ends[i] < m_geometry.base;
            put(*m_names[i], { area.left() - 10, y }, 1, band);
            put(*m_values[i], { left ? end - 5 : end + 5, y }, left ? 1 : 0, band);
        }
        const qreal line = m_title->boundingRect().height(), under = area.bottom() + 6;
        for (qsizetype i = 0; i < m_ticks.size(); ++i)
            put(*m_ticks[i], { toX(area, m_geometry.ticks[i].first), under + line / 2 }, 0.5, line);
        put(*m_title, { area.center().x(), under + line * 1.5 + 2 }, 0.5, line);
    }

private:
    qreal toX(const QRectF& area, double value) const
    {
        return area.left() + (value - m_geometry.lower) / (m_geometry.upper - m_geometry.lower) * area.width();
    }

    /// Centred on the point vertically; `anchor` 0 starts at it, 1 ends there. Shrinks to `height`.
    static void put(QGraphicsSimpleTextItem& text, QPointF point, qreal anchor, qreal height)
    {
        const QRectF box = text.boundingRect();
        const qreal scale = qMin(1.0, height / box.height());
        text.setScale(scale);
        text.setPos(point.x() - anchor * box.width() * scale, point.y() - box.height() * scale / 2);
    }

    BarGeometry m_geometry;
    QList<QGraphicsSimpleTextItem*> m_names, m_values, m_ticks;
    QGraphicsSimpleTextItem* m_title = nullptr;
};

QChart* makeChart(const BarChartData& data, const ChartStyle& style, const QString& title)
{
    const BarGeometry geometry = barGeometry(data);
    QChart* chart = makeBareChart(style, title);
    auto* series = makeSeries(data, geometry);
    chart->addSeries(series);
    auto* values = makeValueAxis(geometry, style);
    auto* names = makeNameAxis(data, style);
    chart->addAxis(values, Qt::AlignBottom);
    chart->addAxis(names, Qt::AlignLeft);
    series->attachAxis(values);
    series->attachAxis(names);
    const BarTexts texts(chart, data, geometry, style);
    QObject::connect(chart, &QChart::plotAreaChanged, chart, [texts](const QRectF& area) { texts.place(area); });
    return chart;
}

} // namespace

QtBarChart::QtBarChart(QWidget* parent)
    : BarChart(parent)
    , m_view(makeChartView(this))
{
}

void QtBarChart::setData(const BarChartData& data, const ChartStyle& style)
{
    m_data = data;
    showChart(*m_view, makeChart(data, style, {}), style);
}

void QtBarChart::paint(const ChartSheet& sheet) { paintOnSheet(makeChart(m_data, sheet.style, sheet.title), sheet); }

QRectF QtBarChart::plotArea() const { return m_view->chart()->plotArea().translated(m_view->pos()); }

} // namespace pikv::ui
#endif
