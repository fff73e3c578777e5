// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/nexttoken/qttokenbars.h"
#ifdef PIKV_WITH_QTCHARTS
#include "ui/charts/qtchartview.h"
#include <QGraphicsSimpleTextItem>
#include <QtCharts/QBarCategoryAxis>
#include <QtCharts/QBarSet>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QHorizontalBarSeries>
#include <QtCharts/QLegend>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

void styleAxis(QAbstractAxis& axis, const ChartStyle& style)
{
    axis.setLabelsFont(style.font);
    axis.setLabelsBrush(style.text);
    axis.setTitleFont(style.font);
    axis.setTitleBrush(style.text);
    axis.setLinePen(QPen(style.muted, style.scale));
    axis.setGridLinePen(QPen(style.grid, style.scale));
}

/// Categories and sets count from the bottom, and QAbstractAxis::setReverse does not turn bars: all lists go in
/// backwards.
QHorizontalBarSeries* makeSeries(const TokenBarData& data, const ChartStyle& style)
{
    auto* series = new QHorizontalBarSeries;
    series->setBarWidth(0.8);
    for (auto set = data.sets.crbegin(); set != data.sets.crend(); ++set) {
        auto* bars = new QBarSet(set->name);
        for (auto value = set->values.crbegin(); value != set->values.crend(); ++value)
            bars->append(std::isfinite(*value) ? *value : 0);
        bars->setBrush(set->stale ? blend(set->color, style.background, 0.4) : set->color);
        bars->setPen(Qt::NoPen);
        series->append(bars);
    }
    return series;
}

/// Decimals that tell ticks `interval` apart, which is 1, 2 or 5 times a power of ten.
int decimalsOf(double interval) { return std::max(0, int(-std::floor(std::log10(interval) + 1e-9))); }

QValueAxis* makeValueAxis(const TokenBarData& data, const ChartStyle& style)
{
    double most = 0;
    for (const TokenBarData::Set& set : data.sets)
        for (const double value : set.values)
            most = std::isfinite(value) ? std::max(most, value) : most;
    auto* axis = new QValueAxis;
    axis->setRange(0, most > 0 ? most : 1);
    axis->setTickCount(6);
    axis->applyNiceNumbers();
    axis->setLabelFormat(
        QStringLiteral("%.%1f").arg(decimalsOf((axis->max() - axis->min()) / (axis->tickCount() - 1))));
    axis->setTitleText(data.axisTitle);
    styleAxis(*axis, style);
    return axis;
}

QBarCategoryAxis* makeTokenAxis(const TokenBarData& data, const ChartStyle& style)
{
    auto* axis = new QBarCategoryAxis;
    for (qsizetype i = 0; i < data.tokens.size(); ++i)
        axis->append(QString::number(i));
    styleAxis(*axis, style);
    axis->setLabelsVisible(false);
    axis->setGridLineVisible(false);
    return axis;
}

/// The tokens beside their groups. The axis itself would shorten them to "..." where a group is thinner than the text.
class TokenNames {
public:
    TokenNames(QChart* chart, const QStringList& tokens, const ChartStyle& style)
    {
        qreal widest = 0;
        for (const QString& token : tokens) {
            auto* item = new QGraphicsSimpleTextItem(token, chart);
            item->setFont(style.font);
            item->setBrush(style.text);
            item->setZValue(20);
            m_names << item;
            widest = qMax(widest, item->boundingRect().width());
        }
        chart->setMargins({ qRound(widest) + 14, 4, 12, 4 });
    }
    void place(const QRectF& area) const
    {
        const qreal band = area.height() / double(m_names.size());
        for (qsizetype i = 0; i < m_names.size(); ++i) {
            const QRectF box = m_names[i]->boundingRect();
            const qreal scale = qMin(1.0, band / box.height());
            m_names[i]->setScale(scale);
            m_names[i]->setPos(area.left() - 8 - box.width() * scale,
                area.top() + (double(i) + 0.5) * band - box.height() * scale / 2);
        }
    }

private:
    QList<QGraphicsSimpleTextItem*> m_names;
};

QChart* makeChart(const TokenBarData& data, const ChartStyle& style, const QString& title)
{
    QChart* chart = makeBareChart(style, title);
    chart->legend()->show();
    chart->legend()->setAlignment(Qt::AlignRight); // in a line it would shorten the names
    chart->legend()->setFont(style.font);
    chart->legend()->setLabelBrush(style.text);
    chart->legend()->setReverseMarkers(true);
    auto* series = makeSeries(data, style);
    chart->addSeries(series);
    auto* values = makeValueAxis(data, style);
    auto* tokens = makeTokenAxis(data, style);
    chart->addAxis(values, Qt::AlignBottom);
    chart->addAxis(tokens, Qt::AlignLeft);
    series->attachAxis(values);
    series->attachAxis(tokens);
    const TokenNames names(chart, data.tokens, style);
    QObject::connect(chart, &QChart::plotAreaChanged, chart, [names](const QRectF& area) { names.place(area); });
    return chart;
}

} // namespace

QtTokenBars::QtTokenBars(QWidget* parent)
    : TokenBarView(parent)
    , m_view(makeChartView(this))
{
}

void QtTokenBars::setData(const TokenBarData& data, const ChartStyle& style)
{
    m_data = data;
    showChart(*m_view, makeChart(data, style, {}), style);
}

void QtTokenBars::paint(const ChartSheet& sheet) { paintOnSheet(makeChart(m_data, sheet.style, sheet.title), sheet); }

QRectF QtTokenBars::plotArea() const { return m_view->chart()->plotArea().translated(m_view->pos()); }

} // namespace pikv::ui
#endif
