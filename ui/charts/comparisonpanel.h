// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/barchart.h"
#include "ui/charts/chartpanel.h"
#include <QHash>

class QCheckBox;
class QItemSelectionModel;

namespace pikv::ui {

class ComparisonChart;
class MetricCombo;
class ResultsModel;

/// The bars with their choice of metric and scale.
class ComparisonPanel : public ChartPanel {
    Q_OBJECT
public:
    ComparisonPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr,
        BarBackend backend = defaultBarBackend());

    ChartSource& chart() override;
    ComparisonChart* comparisonChart() const { return m_chart; }
    QByteArray saveState() const override;
    void restoreState(const QByteArray& state) override;

private:
    void offerMetrics();
    void showDefaultScale();

    ResultsModel* m_model;
    ComparisonChart* m_chart;
    MetricCombo* m_metric;
    QCheckBox* m_log;
    QHash<QString, bool> m_scales; ///< the user's choice of a logarithmic axis, by metric
    QString m_awaited; ///< restored metric that no result has yet
    int m_offered = -1;
};

} // namespace pikv::ui
