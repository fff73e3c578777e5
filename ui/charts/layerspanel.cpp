// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/layerspanel.h"
#include "ui/charts/layerschart.h"
#include "ui/charts/metriccombo.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QSignalBlocker>

namespace pikv::ui {

LayersPanel::LayersPanel(ResultsModel* model, QItemSelectionModel* selection, QWidget* parent)
    : ChartPanel(parent)
    , m_chart(new LayersChart(model, selection, this))
    , m_metric(new MetricCombo(QStringLiteral("layersMetric"), tr("Metric of layers and heads"), this))
    , m_log(new QCheckBox(tr("log"), this))
    , m_name(new QLabel(this))
{
    m_log->setObjectName(QStringLiteral("layersLog"));
    m_log->setAccessibleName(tr("Logarithmic colours"));
    m_log->setToolTip(m_log->accessibleName());
    m_name->setObjectName(QStringLiteral("layersResult"));
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    controls()->addWidget(m_metric);
    controls()->addWidget(m_log);
    controls()->addWidget(m_name, 1);
    setChartWidget(m_chart);
    std::vector<const MetricInfo*> perHead;
    for (const MetricInfo& metric : metrics()) {
        if (metric.quality)
            perHead.push_back(&metric);
    }
    m_metric->setMetrics(perHead);
    m_metric->setMetric(QStringLiteral("key_nmse"));
    connect(m_metric, &MetricCombo::metricChanged, this, &LayersPanel::showDefaultScale);
    connect(m_log, &QCheckBox::toggled, this, [this](bool on) {
        m_scales[m_metric->metricName()] = on;
        m_chart->setMetric(m_metric->metric(), on);
    });
    connect(m_chart, &LayersChart::resultChanged, this, &LayersPanel::showName);
    showDefaultScale();
}

ChartSource& LayersPanel::chart() { return *m_chart; }

void LayersPanel::showName(const QString& name)
{
    m_name->setText(name);
    m_name->setToolTip(name);
}

void LayersPanel::showDefaultScale()
{
    const bool log = m_scales.value(m_metric->metricName(), m_metric->metric()->logScale);
    const QSignalBlocker quiet(m_log);
    m_log->setChecked(log);
    m_chart->setMetric(m_metric->metric(), log);
}

QByteArray LayersPanel::saveState() const
{
    QJsonObject scales;
    for (auto it = m_scales.begin(); it != m_scales.end(); ++it)
        scales[it.key()] = it.value();
    const QJsonObject state { { "metric", m_metric->metricName() }, { "log", scales } };
    return QJsonDocument(state).toJson(QJsonDocument::Compact);
}

void LayersPanel::restoreState(const QByteArray& bytes)
{
    const QJsonObject state = QJsonDocument::fromJson(bytes).object();
    const QJsonObject scales = state["log"].toObject();
    for (auto it = scales.begin(); it != scales.end(); ++it)
        m_scales[it.key()] = it.value().toBool();
    m_metric->setMetric(state["metric"].toString());
    showDefaultScale();
}

} // namespace pikv::ui
