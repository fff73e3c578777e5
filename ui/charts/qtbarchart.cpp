// SPDX-License-Identifier: GPL-3.0-or-later
// Bars, axis lines and grid by Qt Charts; QtBarFrame writes around them.
#include "ui/charts/qtbarchart.h"
#include "ui/charts/qtbarframe.h"
#include <QGraphicsLayout>
#include <QGraphicsScene>
#include <QPainter>
#include <QVBoxLayout>
#include <QtCharts/QBarCategoryAxis>
#include <QtCharts/QBarSet>
#include <QtCharts/QCategoryAxis>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QHorizontalBarSeries>
#include <QtCharts/QHorizontalStackedBarSeries>
#include <QtCharts/QLegend>

namespace pikv::ui {
namespace {

void styleAxis(QAbstractAxis& axis, const ChartStyle& style)
{
    axis.setLabelsVisible(false);
    axis.setLinePen(QPen(style.muted, pen::kFine * style.scale));
    axis.setGridLinePen(QPen(style.grid, pen::kFine * style.scale));
}

QBarSet* makeSet(const Bar& bar)
{
    auto* set = new QBarSet(bar.label);
    set->setBrush(bar.brush);
    set->setPen(bar.pen);
    return set;
}

/// A set a bar, zero elsewhere: a set is what Qt Charts gives a colour to. Categories count from the bottom, and
/// QAbstractAxis::setReverse does not turn bars, so the last bar comes first.
QAbstractBarSeries* makeSingleBars(const BarChartData& data, const BarGeometry& geometry)
{
    auto* series = new QHorizontalStackedBarSeries;
    series->setBarWidth(kBarWidth);
    for (qsizetype i = 0; i < data.bars.size(); ++i) {
        QBarSet* set = makeSet(data.bars[i]);
        for (qsizetype k = 0; k < data.bars.size(); ++k)
            set->append(k == data.bars.size() - 1 - i ? geometry.ends[i] - geometry.base : 0);
        series->append(set);
    }
    return series;
}

/// A set for each bar of a group, the last one first, too.
QAbstractBarSeries* makeGroups(const BarChartData& data, const BarGeometry& geometry)
{
    auto* series = new QHorizontalBarSeries;
    series->setBarWidth(kGroupWidth);
    const qsizetype groups = data.groups.size(), perGroup = data.bars.size() / groups;
    for (qsizetype i = perGroup - 1; i >= 0; --i) {
        QBarSet* set = makeSet(data.bars[i]);
        for (qsizetype group = groups - 1; group >= 0; --group)
            set->append(geometry.ends[group * perGroup + i] - geometry.base);
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

QBarCategoryAxis* makeNameAxis(qsizetype places, const ChartStyle& style)
{
    auto* axis = new QBarCategoryAxis;
    for (qsizetype i = 0; i < places; ++i)
        axis->append(QString::number(i));
    styleAxis(*axis, style);
    axis->setGridLineVisible(false);
    return axis;
}

/// No frame and no legend of its own; colours and title of the style.
QChart* makeBareChart(const ChartStyle& style, const QString& title)
{
    auto* chart = new QChart;
    chart->setBackgroundBrush(style.background);
    chart->setBackgroundPen(Qt::NoPen);
    chart->setBackgroundRoundness(0);
    chart->layout()->setContentsMargins(0, 0, 0, 0);
    chart->setMinimumSize(0, 0); // else a low view cuts what stands at the bottom
    chart->legend()->hide();
    chart->setTitle(title.toHtmlEscaped());
    chart->setTitleFont(style.titleFont);
    chart->setTitleBrush(style.text);
    return chart;
}

QChart* makeChart(const BarChartData& data, const ChartStyle& style, const QString& title)
{
    const BarGeometry geometry = barGeometry(data);
    QChart* chart = makeBareChart(style, title);
    auto* series = data.groups.isEmpty() ? makeSingleBars(data, geometry) : makeGroups(data, geometry);
    chart->addSeries(series);
    auto* values = makeValueAxis(geometry, style);
    auto* names = makeNameAxis(data.groups.isEmpty() ? data.bars.size() : data.groups.size(), style);
    chart->addAxis(values, Qt::AlignBottom);
    chart->addAxis(names, Qt::AlignLeft);
    series->attachAxis(values);
    series->attachAxis(names);
    new QtBarFrame(chart, data, geometry, style); // belongs to the chart
    return chart;
}

} // namespace

QtBarChart::QtBarChart(QWidget* parent)
    : BarChart(parent)
    , m_view(new QChartView(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_view);
    m_view->setFocusPolicy(Qt::NoFocus);
    m_view->viewport()->setFocusPolicy(Qt::NoFocus);
    m_view->setRenderHint(QPainter::Antialiasing);
    m_view->setFrameShape(QFrame::NoFrame);
}

void QtBarChart::setData(const BarChartData& data, const ChartStyle& style)
{
    m_data = data;
    const std::unique_ptr<QChart> before(m_view->chart());
    m_view->setBackgroundBrush(style.background);
    m_view->setChart(makeChart(data, style, {}));
}

void QtBarChart::paint(const ChartSheet& sheet)
{
    QGraphicsScene scene;
    QChart* chart = makeChart(m_data, sheet.style, sheet.title);
    scene.addItem(chart);
    chart->resize(sheet.size);
    chart->layout()->activate();
    QPainter painter(sheet.device);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.scale(sheet.scale, sheet.scale);
    painter.fillRect(QRect(QPoint(), sheet.size), sheet.style.background);
    scene.render(&painter, QRectF(QPointF(), sheet.size), QRectF(QPointF(), sheet.size));
}

QRectF QtBarChart::plotArea() const { return m_view->chart()->plotArea().translated(m_view->pos()); }

BarChart* makeBarChart(QWidget* parent) { return new QtBarChart(parent); }

} // namespace pikv::ui
