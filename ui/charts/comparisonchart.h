// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include "ui/charts/barchart.h"
#include "ui/charts/resultbars.h"

namespace pikv::ui {

/// One metric of every checked method at its present parameters (comparedRows()), as bars.
class ComparisonChart : public ResultBars {
    Q_OBJECT
public:
    ComparisonChart(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent = nullptr);

    void setMetric(const MetricInfo* metric, bool log);
    const BarChartData& data() const { return m_data; }

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void refresh(const ChartStyle& style) override;
    QString description() const override;
    QStringList notes() const override;
    QRectF plotArea() const override;
    QString tooltipOf(int row) const override;
    QString spoken(qsizetype bar) const override;

private:
    BarChartData makeData(const ChartStyle& style, bool withSelection) const;
    Bar makeBar(int row, const ChartStyle& style, bool withSelection) const;

    BarChart* m_bars;
    const MetricInfo* m_metric;
    bool m_log = false;
    BarChartData m_data;
};

} // namespace pikv::ui
