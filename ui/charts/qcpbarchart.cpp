// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qcpbarchart.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"
#include <QVBoxLayout>

namespace pikv::ui {
namespace {

void addBar(QCustomPlot& plot, const Bar& bar, double base, double end, int index, const ChartStyle& style)
{
    auto* bars = new QCPBars(plot.yAxis, plot.xAxis);
    bars->setAntialiased(false);
    bars->setBaseValue(base);
    bars->setWidth(0.62);
    bars->setBrush(bar.brush);
    bars->setPen(bar.pen);
    bars->addData(index, end - base); // counted from the base value
    auto* text = new QCPItemText(&plot);
    text->setClipToAxisRect(false);
    text->setPositionAlignment((end < base ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    text->position->setCoords(end, index);
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
        names->addTick(double(i), m_data.bars[i].label);
    plot.xAxis->setTicker(values);
    plot.yAxis->setTicker(names);
    plot.yAxis->setTickLength(0);
    plot.yAxis->grid()->setVisible(false);
    plot.xAxis->setLabel(m_data.axisTitle);
    plot.xAxis->setRange(geometry.lower, geometry.upper);
    plot.yAxis->setRangeReversed(true);
    plot.yAxis->setRange(-0.5, double(m_data.bars.size()) - 0.5);
    for (qsizetype i = 0; i < m_data.bars.size(); ++i)
        addBar(plot, m_data.bars[i], geometry.base, geometry.ends[i], int(i), style);
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

QRectF QcpBarChart::plotArea() const { return QRectF(m_plot->axisRect()->rect()).translated(m_plot->pos()); }

} // namespace pikv::ui
