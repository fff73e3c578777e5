// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include "ui/charts/heatmap.h"
#include "ui/models/resultsmodel.h"
#include <QPersistentModelIndex>

class QItemSelectionModel;

namespace pikv::ui {

class EmptyHint;
class RefreshTimer;

/// Where in the model the error sits: layer × head of one result, the selected one, else the one that changed last.
class LayersChart : public QWidget, public ChartSource {
    Q_OBJECT
public:
    LayersChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    /// `metric` has a per-head form (MetricInfo::quality).
    void setMetric(const MetricInfo* metric, bool log);
    void refreshNow();
    /// Row of the model that is shown, else -1.
    int shownRow() const;
    QPoint cursorCell() const { return m_cursor; }
    HeatMap* map() const { return m_map; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    /// Method and parameters of the shown result; empty for none.
    void resultChanged(const QString& name);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void connectModel();
    void noteChange(int row);
    HeatMapData heatData(const EvaluationResult& result) const;
    QString resultName() const;
    void describe();
    void setCursorCell(QPoint cell);
    QString cellTooltip(QPoint cell) const;

    ResultsModel* m_model;
    QItemSelectionModel* m_selection;
    HeatMap* m_map;
    EmptyHint* m_empty;
    RefreshTimer* m_refresh;
    const MetricInfo* m_metric;
    bool m_log = false;
    ResultPtr m_result;
    HeatMapData m_data;
    QPersistentModelIndex m_lastChanged;
    QPoint m_cursor { -1, -1 };
};

} // namespace pikv::ui
