// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include "ui/charts/barchart.h"
#include "ui/charts/resultschart.h"

namespace pikv::ui {

/// One metric of every checked method at its present parameters, as bars. A click or the arrow keys and Enter select.
class ComparisonChart : public ResultsChart {
    Q_OBJECT
public:
    ComparisonChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    void setMetric(const MetricInfo* metric, bool log);
    /// Rows of the model from the top bar to the bottom one: the present points of the methods. Where no row is
    /// one (a file of results): all, or the defaults of each method where there are many.
    const QList<int>& rows() const { return m_rows; }
    /// Row of the bar at `position`, else -1.
    int rowAt(QPointF position) const;
    /// The height that a row's bar has, across the whole chart.
    QRectF bandOf(int row) const;
    const BarChartData& data() const { return m_data; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void refresh(const ChartStyle& style) override;
    bool hasData() const override { return !m_rows.isEmpty(); }
    QString description() const override;
    QStringList notes() const override;
    QString tooltipAt(QPointF position) const override;
    void forgetRows() override { m_rows.clear(); }
    void showCursor() override { refreshNow(); }
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    QList<int> rowsToShow() const;
    BarChartData makeData(const ChartStyle& style, bool withSelection) const;
    Bar makeBar(int row, const ChartStyle& style, bool withSelection) const;
    QString label(int row) const;
    QString tooltipOf(int row) const;
    void moveCursor(qsizetype bar);

    BarChart* m_bars;
    const MetricInfo* m_metric;
    bool m_log = false;
    QList<int> m_rows;
    BarChartData m_data;
};

} // namespace pikv::ui
