// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/layerspanel.h"
#include "ui/charts/layerschart.h"
#include <QLabel>

namespace pikv::ui {

LayersPanel::LayersPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_chart(new LayersChart(model, selection, this))
{
    m_metric = addAxis({ QStringLiteral("metric"), QStringLiteral("layersMetric"), tr("Metric of layers and heads"),
        QStringLiteral("layersLog"), tr("Logarithmic colours") });
    QLabel* name = addCaption(QStringLiteral("layersResult"));
    setChartWidget(m_chart);
    std::vector<const MetricInfo*> perHead;
    for (const MetricInfo& metric : metrics()) {
        if (metric.quality)
            perHead.push_back(&metric);
    }
    m_metric->offer(perHead);
    m_metric->choose(QStringLiteral("key_nmse"));
    connect(m_chart, &LayersChart::resultChanged, this, [name](const QString& text) { setCaption(name, text); });
    applyAxes();
}

ChartSource& LayersPanel::chart() { return *m_chart; }

void LayersPanel::applyAxes()
{
    if (m_metric->metric())
        m_chart->setMetric(m_metric->metric(), m_metric->log());
}

} // namespace pikv::ui
