// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qtbarchart.h"
#ifdef PIKV_WITH_QTCHARTS
#include <QGraphicsLayout>
#include <QGraphicsScene>
#include <QPainter>
#include <QVBoxLayout>
#include <QtCharts/QBarCategoryAxis>
#include <QtCharts/QBarSet>
#include <QtCharts/QCategoryAxis>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QHorizontalStackedBarSeries>
#include <QtCharts/QLegend>

namespace pikv::ui {
namespace {

void styleAxis(QAbstractAxis& axis, const ChartStyle& style)
{
    axis.setLabelsFont(style.font);
    axis.setTitleFont(style.font);
    axis.setLabelsBrush(style.text);
    axis.setTitleBrush(style.text);
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

/// Its labels are ours, where QValueAxis and QLogValueAxis know printf formats only.
QCategoryAxis* makeValueAxis(const BarChartData& data, const BarGeometry& geometry, const ChartStyle& style)
{
    auto* axis = new QCategoryAxis;
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setRange(geometry.lower - geometry.base, geometry.upper - geometry.base);
    axis->setStartValue(geometry.lower - geometry.base - 1e-6 * (geometry.upper - geometry.lower));
    for (const auto& [at, label] : geometry.ticks)
        axis->append(label, at - geometry.base);
    axis->setTitleText(data.axisTitle);
    styleAxis(*axis, style);
    return axis;
}

QBarCategoryAxis* makeNameAxis(const BarChartData& data, const ChartStyle& style)
{
    auto* axis = new QBarCategoryAxis;
    QStringList names;
    for (const Bar& bar : data.bars) {
        QString name = bar.label; // categories are told apart by their text
        while (names.contains(name))
            name += QChar(0x200b);
        names.prepend(name);
    }
    axis->append(names);
    styleAxis(*axis, style);
    axis->setGridLineVisible(false);
    return axis;
}

void placeTexts(const QChart& chart, const BarGeometry& geometry, const QList<QGraphicsSimpleTextItem*>& texts)
{
    const QRectF area = chart.plotArea();
    const double span = geometry.upper - geometry.lower;
    for (qsizetype i = 0; i < texts.size(); ++i) {
        const QRectF box = texts[i]->boundingRect();
        const bool left = geometry.ends[i] < geometry.base;
        const double x = area.left() + (geometry.ends[i] - geometry.lower) / span * area.width();
        const double y = area.top() + (double(i) + 0.5) * area.height() / double(texts.size());
        texts[i]->setPos(left ? x - box.width() - 5 : x + 5, y - box.height() / 2);
    }
}

QChart* makeChart(const BarChartData& data, const ChartStyle& style, const QString& title)
{
    const BarGeometry geometry = barGeometry(data);
    auto* chart = new QChart;
    chart->setBackgroundBrush(style.background);
    chart->setBackgroundPen(Qt::NoPen);
    chart->setBackgroundRoundness(0);
    chart->setMargins({ 4, 4, 8, 4 });
    chart->layout()->setContentsMargins(0, 0, 0, 0);
    chart->legend()->hide();
    chart->setTitle(title.toHtmlEscaped());
    chart->setTitleFont(style.titleFont);
    chart->setTitleBrush(style.text);
    auto* series = makeSeries(data, geometry);
    chart->addSeries(series);
    auto* values = makeValueAxis(data, geometry, style);
    auto* names = makeNameAxis(data, style);
    chart->addAxis(values, Qt::AlignBottom);
    chart->addAxis(names, Qt::AlignLeft);
    series->attachAxis(values);
    series->attachAxis(names);
    QList<QGraphicsSimpleTextItem*> texts;
    for (const Bar& bar : data.bars) {
        auto* text = new QGraphicsSimpleTextItem(bar.text, chart);
        text->setFont(style.font);
        text->setBrush(style.text);
        text->setZValue(20);
        texts << text;
    }
    QObject::connect(
        chart, &QChart::plotAreaChanged, chart, [chart, geometry, texts] { placeTexts(*chart, geometry, texts); });
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
    QChart* old = m_view->chart();
    m_view->setBackgroundBrush(style.background);
    m_view->setChart(makeChart(data, style, {}));
    delete old;
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

} // namespace pikv::ui
#endif
