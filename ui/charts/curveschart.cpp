// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/curveschart.h"
#include "ui/charts/qcp.h"
#include "ui/charts/qcpaxis.h"
#include "ui/charts/qcpsheet.h"

namespace pikv::ui {

CurvesChart::CurvesChart(
    const QString& objectName, const QString& accessibleName, const QString& emptyText, QWidget* parent)
    : Chart(objectName, accessibleName, emptyText, parent)
    , m_plot(new QCustomPlot(this))
{
    m_plot->setObjectName(objectName + QStringLiteral("Plot"));
    putLegendAbove(*m_plot);
    setView(m_plot);
}

void CurvesChart::draw(QCustomPlot& plot, const ChartStyle& style, QSize size, bool onScreen) const
{
    plot.clearItems();
    plot.clearGraphs();
    stylePlot(plot, style);
    fill(plot, style, size.width(), onScreen);
    wrapLegend(plot, size);
    for (QCPAxis* axis : { plot.xAxis, plot.yAxis })
        styleAxis(*axis, style);
}

void CurvesChart::refresh(const ChartStyle& style)
{
    draw(*m_plot, style, size(), true);
    if (isVisible()) // else it has no size yet; it is drawn when it gets one
        m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvesChart::resizeEvent(QResizeEvent* event)
{
    Chart::resizeEvent(event);
    scheduleRefresh(); // the legend wraps anew
}

void CurvesChart::paintChart(const ChartSheet& sheet)
{
    QCustomPlot plot;
    putLegendAbove(plot);
    draw(plot, sheet.style, sheet.size, false);
    addPlotTitle(plot, sheet.title, sheet.style);
    paintPlot(plot, sheet);
}

} // namespace pikv::ui
