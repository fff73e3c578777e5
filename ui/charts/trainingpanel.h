// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chartpanel.h"

namespace pikv::ui {

class TrainingChart;
class TrainingRun;

/// The loss of a training that runs, with its scale and figures.
class TrainingPanel : public ChartPanel {
    Q_OBJECT
public:
    explicit TrainingPanel(TrainingRun* run, QWidget* parent = nullptr);

    ChartSource& chart() override;

protected:
    void saveTo(QJsonObject& state) const override;
    void restoreFrom(const QJsonObject& state) override;

private:
    void showRun();

    TrainingRun* m_run;
    TrainingChart* m_chart;
    QCheckBox* m_log;
    QLabel* m_name;
};

} // namespace pikv::ui
