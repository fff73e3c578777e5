// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/curveschart.h"

namespace pikv::ui {

class TrainingRun;

/// The loss of the layer that is trained, as it falls, over the faint curves of the layers before it.
class TrainingChart : public CurvesChart {
    Q_OBJECT
public:
    explicit TrainingChart(TrainingRun* run, QWidget* parent = nullptr);

    void setLog(bool log);
    QString chartTitle() const override;

protected:
    void fill(QCustomPlot& plot, const ChartStyle& style, int width, bool onScreen) const override;
    bool hasData() const override;
    QString description() const override;
    /// About the point nearest to `position`, within a finger's width.
    QString tooltipAt(QPointF position) const override;

private:
    TrainingRun* m_run;
    bool m_log = true;
};

} // namespace pikv::ui
