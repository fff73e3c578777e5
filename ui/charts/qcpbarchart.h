// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/barchart.h"

class QCustomPlot;

namespace pikv::ui {

/// Bars by QCustomPlot, for builds without Qt Charts: every bar with a name of its own, in groups, too.
class QcpBarChart : public BarChart {
public:
    explicit QcpBarChart(QWidget* parent);
    void setData(const BarChartData& data, const ChartStyle& style) override;
    void paint(const ChartSheet& sheet) override;
    QRectF plotArea() const override;

private:
    void fill(QCustomPlot& plot, const ChartStyle& style, const QString& title) const;

    QCustomPlot* m_plot;
    BarChartData m_data;
};

} // namespace pikv::ui
