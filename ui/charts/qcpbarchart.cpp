// SPDX-License-Identifier: GPL-3.0-or-later
// Bars by QCustomPlot, for a build without Qt Charts.
#include "ui/charts/qcpbarchart.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

/// `place`: the bar's centre along the names, and its thickness.
void addBar(QCustomPlot& plot, const Bar& bar, double base, double end, const QPointF& place, const ChartStyle& style)
{
    auto* bars = new QCPBars(plot.yAxis, plot.xAxis);
    bars->setAntialiased(false);
    bars->setBaseValue(base);
    bars->setWidth(place.y());
    bars->setBrush(bar.brush);
    bars->setPen(bar.pen);
    bars->addData(place.x(), end - base); // counted from the base value
    auto* text = new QCPItemText(&plot);
    text->setClipToAxisRect(false);
    text->setPositionAlignment((end < base ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    text->position->setCoords(end, place.x());
    text->setPadding({ 4, 0, 4, 0 });
    text->setText(bar.text);
    text->setFont(style.font);
    text->setColor(style.text);
}

} // namespace

QcpBarChart::QcpBarChart(QWidget* parent)
    : BarChart(parent)
    , m_plot(new QCustomPlot(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_plot->setFocusPolicy(Qt::NoFocus);
}

void QcpBarChart::fill(QCustomPlot& plot, const ChartStyle& style, const QString& title) const
{
    const BarGeometry geometry = barGeometry(m_data);
    plot.clearPlottables();
    plot.clearItems();
    plot.setBackground(QBrush(style.background));
    for (QCPAxis* axis : { plot.xAxis, plot.yAxis }) {
        styleAxis(*axis, style);
        axis->setSubTicks(false);
    }
    auto values = QSharedPointer<QCPAxisTickerText>::create();
    for (const auto& [at, label] : geometry.ticks)
        values->addTick(at, label);
    auto names = QSharedPointer<QCPAxisTickerText>::create();
    for (qsizetype i = 0; i < m_data.bars.size(); ++i)
        names->addTick(geometry.centres[i], m_data.bars[i].label);
    plot.xAxis->setTicker(values);
    plot.yAxis->setTicker(names);
    plot.yAxis->setTickLength(0);
    plot.yAxis->grid()->setVisible(false);
    plot.xAxis->setLabel(m_data.axisTitle);
    plot.xAxis->setRange(geometry.lower, geometry.upper);
    plot.yAxis->setRangeReversed(true);
    plot.yAxis->setRange(0, 1);
    for (qsizetype i = 0; i < m_data.bars.size(); ++i)
        addBar(
            plot, m_data.bars[i], geometry.base, geometry.ends[i], { geometry.centres[i], geometry.thickness }, style);
    addPlotTitle(plot, title, style);
}

void QcpBarChart::setData(const BarChartData& data, const ChartStyle& style)
{
    m_data = data;
    fill(*m_plot, style, {});
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void QcpBarChart::paint(const ChartSheet& sheet)
{
    QCustomPlot plot;
    fill(plot, sheet.style, sheet.title);
    paintPlot(plot, sheet);
}

BarChart* makeBarChart(QWidget* parent) { return new QcpBarChart(parent); }

QRectF QcpBarChart::plotArea() const { return QRectF(m_plot->axisRect()->rect()).translated(m_plot->pos()); }

} // namespace pikv::ui
