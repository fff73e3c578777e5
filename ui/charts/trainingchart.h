// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/chartsource.h"
#include <QWidget>

class QCustomPlot;

namespace pikv::ui {

class EmptyHint;
class RefreshTimer;
class TrainingRun;

/// The loss of the layer that is trained, as it falls, over the faint curves of the layers before it.
class TrainingChart : public QWidget, public ChartSource {
    Q_OBJECT
public:
    explicit TrainingChart(TrainingRun* run, QWidget* parent = nullptr);

    void setLog(bool log);
    void refreshNow();

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void mouseMoveEvent(QMouseEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void fill(QCustomPlot& plot, const ChartStyle& style) const;
    /// Of the point nearest to `pixel`, within a finger's width; empty where there is none.
    QString tooltipAt(QPointF pixel) const;

    TrainingRun* m_run;
    QCustomPlot* m_plot;
    EmptyHint* m_empty;
    RefreshTimer* m_refresh;
    bool m_log = true;
};

} // namespace pikv::ui
