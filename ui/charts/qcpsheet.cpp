// SPDX-License-Identifier: GPL-3.0-or-later
// A QCustomPlot as the charts share it: fonts, colours and pens of the theme, and its rendering for exports.
#include "ui/charts/qcpsheet.h"
#include "ui/charts/qcp.h"
#include "ui/export/chartsource.h"

namespace pikv::ui {
namespace {

constexpr double kNoStretch = 0.001; // a row or column of the grid that takes no more room than it needs
constexpr double kMostOfPlot = 0.35; // that a legend takes of the height
constexpr int kItemSpace = 14, kLegendMargin = 20; // pixels

} // namespace

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
    painter.setMode(QCPPainter::pmNoCaching); // pixels of the screen are too coarse for a file
    painter.fillRect(QRect(QPoint(), sheet.size), sheet.style.background);
    plot.toPainter(&painter, sheet.size.width(), sheet.size.height());
}

void putLegendAbove(QCustomPlot& plot)
{
    plot.plotLayout()->insertRow(0);
    plot.plotLayout()->addElement(0, 0, plot.legend);
    plot.plotLayout()->setRowStretchFactor(0, kNoStretch);
    plot.legend->setFillOrder(QCPLegend::foColumnsFirst);
    plot.legend->setBorderPen(Qt::NoPen);
}

int legendColumns(const QCustomPlot& plot, int width)
{
    QCPLegend& legend = *plot.legend; // item->plottable() is not const
    const QFontMetrics metrics(legend.font());
    int widest = 1;
    for (int i = 0; i < legend.itemCount(); ++i) {
        if (auto* item = qobject_cast<QCPPlottableLegendItem*>(legend.item(i)))
            widest = qMax(widest, metrics.horizontalAdvance(item->plottable()->name()));
    }
    const int item = widest + legend.iconSize().width() + legend.iconTextPadding() + kItemSpace;
    return qMax(1, (width - kLegendMargin) / item);
}

void wrapLegend(QCustomPlot& plot, QSize size)
{
    const int columns = legendColumns(plot, size.width());
    const int rows = (plot.legend->itemCount() + columns - 1) / columns;
    const int height = rows * (QFontMetrics(plot.legend->font()).height() + plot.legend->rowSpacing());
    const bool any = rows > 0 && height < kMostOfPlot * size.height();
    plot.legend->setVisible(any);
    plot.legend->setMaximumSize(QWIDGETSIZE_MAX, any ? QWIDGETSIZE_MAX : 0); // else it takes half of the plot
    plot.legend->setWrap(columns);
    plot.legend->setFillOrder(QCPLegend::foColumnsFirst, true); // moves what is there
}

void stylePlot(QCustomPlot& plot, const ChartStyle& style)
{
    plot.setBackground(QBrush(style.background));
    plot.legend->setFont(style.font);
    plot.legend->setTextColor(style.text);
    plot.legend->setBrush(style.background);
}

} // namespace pikv::ui
