// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/comparisonchart.h"
#include "ui/charts/measuredmetrics.h"
#include "ui/models/metrictext.h"
#include <QHBoxLayout>

namespace pikv::ui {

ComparisonPanel::ComparisonPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_chart(new ComparisonChart(model, selection, this))
    , m_measured(new MeasuredMetrics(model, this))
{
    // Bars speak by their length, so the linear axis is what they start from.
    m_metric = addAxis({ QStringLiteral("metric"), QStringLiteral("comparisonMetric"), tr("Metric"),
                           QStringLiteral("comparisonLog"), tr("Logarithmic axis") },
        AxisChoice::FirstScale::Linear);
    controls()->addStretch(1);
    setChartWidget(m_chart);
    const auto offer = [this] { m_metric->offer(comparisonMetrics(m_measured->nextToken())); };
    offer();
    m_metric->choose(QStringLiteral("attention_error"));
    connect(m_measured, &MeasuredMetrics::changed, this, offer);
    applyAxes();
}

ChartSource& ComparisonPanel::chart() { return *m_chart; }

void ComparisonPanel::applyAxes()
{
    if (m_metric->metric())
        m_chart->setMetric(m_metric->metric(), m_metric->log());
}

} // namespace pikv::ui
