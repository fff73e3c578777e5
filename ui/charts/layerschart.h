// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include "ui/charts/heatmap.h"
#include "ui/charts/resultschart.h"

namespace pikv::ui {

/// Where in the model the error sits: layer × head of one result, the selected one, else the one that changed last.
class LayersChart : public ResultsChart {
    Q_OBJECT
public:
    LayersChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    /// `metric` has a per-head form (MetricInfo::quality).
    void setMetric(const MetricInfo* metric, bool log);
    /// Row of the model that is shown, else -1.
    int shownRow() const;
    QPoint cursorCell() const { return m_cursor; }
    HeatMap* map() const { return m_map; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

Q_SIGNALS:
    /// Method and parameters of the shown result; empty for none. Comes with every refresh.
    void resultChanged(const QString& name);

protected:
    void refresh(const ChartStyle& style) override;
    bool hasData() const override { return m_result != nullptr; }
    QString description() const override;
    QString tooltipAt(QPointF position) const override;
    void noteRows(int first, int last, bool inserted) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    HeatMapData heatData(const EvaluationResult& result) const;
    QString resultName() const;
    void setCursorCell(QPoint cell);
    void moveCursor(QPoint step);
    QString cellTooltip(QPoint cell) const;

    HeatMap* m_map;
    const MetricInfo* m_metric;
    bool m_log = false;
    ResultPtr m_result;
    HeatMapData m_data;
    QPersistentModelIndex m_lastChanged;
    QPoint m_cursor { -1, -1 };
};

} // namespace pikv::ui
