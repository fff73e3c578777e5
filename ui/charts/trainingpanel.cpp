// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/trainingpanel.h"
#include "ui/charts/trainingchart.h"
#include "ui/models/trainingrun.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>

namespace pikv::ui {

TrainingPanel::TrainingPanel(TrainingRun* run, QWidget* parent)
    : ChartPanel(parent)
    , m_run(run)
    , m_chart(new TrainingChart(run, this))
    , m_log(new QCheckBox(tr("log"), this))
    , m_name(new QLabel(this))
{
    m_log->setObjectName(QStringLiteral("trainingLog"));
    m_log->setAccessibleName(tr("Logarithmic loss"));
    m_log->setToolTip(m_log->accessibleName());
    m_log->setChecked(true);
    m_name->setObjectName(QStringLiteral("trainingName"));
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    controls()->addWidget(m_log);
    controls()->addWidget(m_name, 1);
    setChartWidget(m_chart);
    connect(m_log, &QCheckBox::toggled, m_chart, &TrainingChart::setLog);
    connect(run, &TrainingRun::changed, this, &TrainingPanel::showRun);
    showRun();
}

ChartSource& TrainingPanel::chart() { return *m_chart; }

void TrainingPanel::showRun()
{
    const QString title = m_run->title();
    m_name->setText(title.isEmpty() ? QString() : tr("%1 · %2").arg(title, m_run->summary()));
    m_name->setToolTip(m_name->text());
}

QByteArray TrainingPanel::saveState() const
{
    return QJsonDocument(QJsonObject { { "log", m_log->isChecked() } }).toJson(QJsonDocument::Compact);
}

void TrainingPanel::restoreState(const QByteArray& state)
{
    m_log->setChecked(QJsonDocument::fromJson(state).object()["log"].toBool(true));
}

} // namespace pikv::ui
