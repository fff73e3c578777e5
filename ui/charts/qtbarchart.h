// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/barchart.h"

class QChartView;

namespace pikv::ui {

/// Bars by Qt Charts.
class QtBarChart : public BarChart {
public:
    explicit QtBarChart(QWidget* parent);
    void setData(const BarChartData& data, const ChartStyle& style) override;
    void paint(const ChartSheet& sheet) override;
    QRectF plotArea() const override;

private:
    QChartView* m_view;
    BarChartData m_data;
};

} // namespace pikv::ui
