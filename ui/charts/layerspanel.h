// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"

class QItemSelectionModel;

namespace pikv::ui {

class LayersChart;
class ResultsModel;

/// The layer × head map with its choice of metric and scale.
class LayersPanel : public ChartPanel {
    Q_OBJECT
public:
    LayersPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    ChartSource& chart() override;
    LayersChart* layersChart() const { return m_chart; }

protected:
    void applyAxes() override;

private:
    LayersChart* m_chart;
    AxisChoice* m_metric = nullptr;
};

} // namespace pikv::ui
