// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qcpsheet.h"
#include "ui/charts/qcp.h"
#include "ui/export/chartsource.h"

namespace pikv::ui {

void addPlotTitle(QCustomPlot& plot, const QString& title, const ChartStyle& style)
{
    if (title.isEmpty())
        return;
    plot.plotLayout()->insertRow(0);
    auto* element = new QCPTextElement(&plot, title, style.titleFont);
    element->setTextColor(style.text);
    plot.plotLayout()->addElement(0, 0, element);
}

void paintPlot(QCustomPlot& plot, const ChartSheet& sheet)
{
    QCPPainter painter(sheet.device);
    painter.scale(sheet.scale, sheet.scale);
    painter.setMode(QCPPainter::pmVectorized, sheet.vector);
    painter.fillRect(QRect(QPoint(), sheet.size), sheet.style.background);
    plot.toPainter(&painter, sheet.size.width(), sheet.size.height());
}

void putLegendAbove(QCustomPlot& plot, int namesALine)
{
    plot.plotLayout()->insertRow(0);
    plot.plotLayout()->addElement(0, 0, plot.legend);
    plot.plotLayout()->setRowStretchFactor(0, 0.001);
    plot.legend->setFillOrder(QCPLegend::foColumnsFirst);
    plot.legend->setWrap(namesALine);
    plot.legend->setBorderPen(Qt::NoPen);
    plot.legend->setVisible(true);
}

void stylePlot(QCustomPlot& plot, const ChartStyle& style)
{
    plot.setBackground(QBrush(style.background));
    plot.legend->setFont(style.font);
    plot.legend->setTextColor(style.text);
    plot.legend->setBrush(style.background);
}

} // namespace pikv::ui
