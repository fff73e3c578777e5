// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"

class QItemSelectionModel;

namespace pikv::ui {

class MeasuredMetrics;
class ResultsModel;
class TradeoffChart;

/// The trade-off chart with its choice of metrics and scales.
class TradeoffPanel : public ChartPanel {
    Q_OBJECT
public:
    TradeoffPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    TradeoffChart* tradeoffChart() const { return m_chart; }

protected:
    void extendMenu(QMenu& menu) override;
    void saveTo(QJsonObject& state) const override;
    void restoreFrom(const QJsonObject& state) override;
    void applyAxes() override;

private:
    void addFitButton();

    TradeoffChart* m_chart;
    MeasuredMetrics* m_measured;
    AxisChoice *m_x = nullptr, *m_y = nullptr;
};

} // namespace pikv::ui
