// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"
#include <QHash>

class QCheckBox;
class QItemSelectionModel;
class QLabel;

namespace pikv::ui {

class LayersChart;
class MetricCombo;
class ResultsModel;

/// The layer × head map with its choice of metric and scale.
class LayersPanel : public ChartPanel {
    Q_OBJECT
public:
    LayersPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    LayersChart* layersChart() const { return m_chart; }
    QByteArray saveState() const override;
    void restoreState(const QByteArray& state) override;

private:
    void showDefaultScale();
    void showName(const QString& name);

    LayersChart* m_chart;
    MetricCombo* m_metric;
    QCheckBox* m_log;
    QLabel* m_name;
    QHash<QString, bool> m_scales; ///< the user's choice of logarithmic colours, by metric
};

} // namespace pikv::ui
