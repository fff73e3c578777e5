// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include "ui/charts/chartpanel.h"
#include <functional>

class QItemSelectionModel;

namespace pikv::ui {

class DumpMeansModel;
class MeasuredMetrics;
class ResultsModel;
class TradeoffChart;

/// The trade-off chart with its choice of metrics and scales.
class TradeoffPanel : public ChartPanel {
    Q_OBJECT
public:
    TradeoffPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    /// Draws these means of the importance that `importance` tells, too, with a check box while there are any.
    void setMeans(const DumpMeansModel* means, std::function<ImportanceSpec()> importance);
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
    QCheckBox* m_means;
    AxisChoice *m_x = nullptr, *m_y = nullptr;
};

} // namespace pikv::ui
