// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/trainingpanel.h"
#include "ui/charts/trainingchart.h"
#include "ui/models/trainingrun.h"
#include <QCheckBox>
#include <QJsonObject>
#include <QLabel>

namespace pikv::ui {

TrainingPanel::TrainingPanel(TrainingRun* run, QWidget* parent)
    : ChartPanel(parent)
    , m_run(run)
    , m_chart(new TrainingChart(run, this))
    , m_log(addLogBox(QStringLiteral("trainingLog"), tr("Logarithmic loss")))
    , m_name(addCaption(QStringLiteral("trainingName")))
{
    m_log->setChecked(true);
    setChartWidget(m_chart);
    connect(m_log, &QCheckBox::toggled, m_chart, &TrainingChart::setLog);
    connect(run, &TrainingRun::changed, this, &TrainingPanel::showRun);
    showRun();
}

ChartSource& TrainingPanel::chart() { return *m_chart; }

void TrainingPanel::showRun()
{
    const QString title = m_run->title();
    setCaption(m_name, title.isEmpty() ? QString() : tr("%1 · %2").arg(title, m_run->summary()));
}

void TrainingPanel::saveTo(QJsonObject& state) const { state["log"] = m_log->isChecked(); }

void TrainingPanel::restoreFrom(const QJsonObject& state) { m_log->setChecked(state["log"].toBool(true)); }

} // namespace pikv::ui
