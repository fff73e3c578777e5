// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/qtchartview.h"
#ifdef PIKV_WITH_QTCHARTS
#include "ui/export/chartsource.h"
#include <QGraphicsLayout>
#include <QGraphicsScene>
#include <QPainter>
#include <QVBoxLayout>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QLegend>

namespace pikv::ui {

QChart* makeBareChart(const ChartStyle& style, const QString& title)
{
    auto* chart = new QChart;
    chart->setBackgroundBrush(style.background);
    chart->setBackgroundPen(Qt::NoPen);
    chart->setBackgroundRoundness(0);
    chart->layout()->setContentsMargins(0, 0, 0, 0);
    chart->legend()->hide();
    chart->setTitle(title.toHtmlEscaped());
    chart->setTitleFont(style.titleFont);
    chart->setTitleBrush(style.text);
    return chart;
}

QChartView* makeChartView(QWidget* owner)
{
    auto* view = new QChartView(owner);
    auto* layout = new QVBoxLayout(owner);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(view);
    view->setFocusPolicy(Qt::NoFocus);
    view->viewport()->setFocusPolicy(Qt::NoFocus);
    view->setRenderHint(QPainter::Antialiasing);
    view->setFrameShape(QFrame::NoFrame);
    return view;
}

void showChart(QChartView& view, QChart* chart, const ChartStyle& style)
{
    QChart* old = view.chart();
    view.setBackgroundBrush(style.background);
    view.setChart(chart);
    delete old;
}

void paintOnSheet(QChart* chart, const ChartSheet& sheet)
{
    QGraphicsScene scene;
    scene.addItem(chart);
    chart->resize(sheet.size);
    chart->layout()->activate();
    QPainter painter(sheet.device);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.scale(sheet.scale, sheet.scale);
    painter.fillRect(QRect(QPoint(), sheet.size), sheet.style.background);
    scene.render(&painter, QRectF(QPointF(), sheet.size), QRectF(QPointF(), sheet.size));
}

} // namespace pikv::ui
#endif
