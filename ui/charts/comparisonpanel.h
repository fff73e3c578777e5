// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"

class QItemSelectionModel;

namespace pikv::ui {

class ComparisonChart;
class MeasuredMetrics;
class ResultsModel;

/// The bars with their choice of metric and scale.
class ComparisonPanel : public ChartPanel {
    Q_OBJECT
public:
    ComparisonPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    ComparisonChart* comparisonChart() const { return m_chart; }

protected:
    void applyAxes() override;

private:
    ComparisonChart* m_chart;
    MeasuredMetrics* m_measured;
    AxisChoice* m_metric = nullptr;
};

} // namespace pikv::ui
