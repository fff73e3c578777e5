// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/comparisonchart.h"
#include "ui/charts/metriccombo.h"
#include "ui/models/metrictext.h"
#include "ui/models/resultsmodel.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalBlocker>

namespace pikv::ui {

ComparisonPanel::ComparisonPanel(
    ResultsModel* model, QItemSelectionModel* selection, QWidget* parent, BarBackend backend)
    : ChartPanel(parent)
    , m_model(model)
    , m_chart(new ComparisonChart(model, selection, this, backend))
    , m_metric(new MetricCombo(QStringLiteral("comparisonMetric"), tr("Metric"), this))
    , m_log(new QCheckBox(tr("log"), this))
{
    m_log->setObjectName(QStringLiteral("comparisonLog"));
    m_log->setAccessibleName(tr("Logarithmic axis"));
    m_log->setToolTip(m_log->accessibleName());
    controls()->addWidget(m_metric);
    controls()->addWidget(m_log);
    controls()->addStretch(1);
    setChartWidget(m_chart);
    connect(m_chart, &ComparisonChart::notesChanged, this, &ComparisonPanel::setNotes);
    connect(m_metric, &MetricCombo::metricChanged, this, &ComparisonPanel::showDefaultScale);
    connect(m_log, &QCheckBox::toggled, this, [this](bool on) {
        m_scales[m_metric->metricName()] = on;
        m_chart->setMetric(m_metric->metric(), on);
    });
    connect(model, &QAbstractItemModel::rowsInserted, this, &ComparisonPanel::offerMetrics);
    connect(model, &QAbstractItemModel::rowsRemoved, this, &ComparisonPanel::offerMetrics);
    connect(model, &QAbstractItemModel::dataChanged, this, &ComparisonPanel::offerMetrics);
    connect(model, &QAbstractItemModel::modelReset, this, &ComparisonPanel::offerMetrics);
    offerMetrics();
    m_metric->setMetric(QStringLiteral("attention_error"));
    showDefaultScale();
}

ChartSource& ComparisonPanel::chart() { return *m_chart; }

void ComparisonPanel::offerMetrics()
{
    int present = 0;
    for (int row = 0; row < m_model->resultCount() && !present; ++row)
        present = hasNextToken(*m_model->row(row).result);
    if (present == m_offered)
        return;
    m_offered = present;
    m_metric->setMetrics(comparisonMetrics(present));
    if (present)
        m_metric->setMetric(std::exchange(m_awaited, {}));
}

void ComparisonPanel::showDefaultScale()
{
    // Bars speak by their length, so the linear axis is what they start from.
    const bool log = m_scales.value(m_metric->metricName(), false);
    const QSignalBlocker quiet(m_log);
    m_log->setChecked(log);
    m_chart->setMetric(m_metric->metric(), log);
}

QByteArray ComparisonPanel::saveState() const
{
    QJsonObject scales;
    for (auto it = m_scales.begin(); it != m_scales.end(); ++it)
        scales[it.key()] = it.value();
    const QJsonObject state { { "metric", m_metric->metricName() }, { "log", scales } };
    return QJsonDocument(state).toJson(QJsonDocument::Compact);
}

void ComparisonPanel::restoreState(const QByteArray& bytes)
{
    const QJsonObject state = QJsonDocument::fromJson(bytes).object();
    const QJsonObject scales = state["log"].toObject();
    for (auto it = scales.begin(); it != scales.end(); ++it)
        m_scales[it.key()] = it.value().toBool();
    m_awaited = state["metric"].toString();
    m_metric->setMetric(m_awaited);
    if (m_metric->metricName() == m_awaited)
        m_awaited.clear();
    showDefaultScale();
}

} // namespace pikv::ui
