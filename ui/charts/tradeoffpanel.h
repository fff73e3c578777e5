// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"
#include <QHash>

class QCheckBox;
class QItemSelectionModel;

namespace pikv::ui {

class MetricCombo;
class ResultsModel;
class TradeoffChart;

/// The trade-off chart with its choice of metrics and scales.
class TradeoffPanel : public ChartPanel {
    Q_OBJECT
public:
    TradeoffPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    TradeoffChart* tradeoffChart() const { return m_chart; }
    QByteArray saveState() const override;
    void restoreState(const QByteArray& state) override;

protected:
    void extendMenu(QMenu& menu) override;

private:
    void createControls();
    void offerMetrics();
    void showDefaultScales();
    void applyAxes();

    ResultsModel* m_model;
    TradeoffChart* m_chart;
    MetricCombo *m_x, *m_y;
    QCheckBox *m_logX, *m_logY;
    QHash<QString, bool> m_scales; ///< the user's choice of a logarithmic axis, by metric
    QString m_awaitedY; ///< restored metric that no result has yet
    bool m_nextToken = false;
};

} // namespace pikv::ui
