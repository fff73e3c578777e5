// SPDX-License-Identifier: GPL-3.0-or-later
// Metric and scale of one axis.
#include "ui/charts/axischoice.h"
#include "ui/charts/metriccombo.h"
#include <QCheckBox>
#include <QSignalBlocker>
#include <algorithm>
#include <utility>

namespace pikv::ui {

AxisChoice::AxisChoice(const AxisNames& names, AxisScales* scales, FirstScale first, QWidget* parent)
    : QObject(parent)
    , m_key(names.key)
    , m_scales(scales)
    , m_first(first)
    , m_combo(new MetricCombo(names.combo, names.comboText, parent))
    , m_box(new QCheckBox(tr("log"), parent))
{
    m_box->setObjectName(names.box);
    m_box->setAccessibleName(names.boxText);
    m_box->setToolTip(names.boxText);
    connect(m_combo, &MetricCombo::metricChanged, this, [this] {
        m_awaited.clear();
        showScale();
        Q_EMIT changed();
    });
    connect(m_box, &QCheckBox::toggled, this, [this](bool on) {
        (*m_scales)[m_combo->metricName()] = on;
        Q_EMIT changed();
    });
}

const MetricInfo* AxisChoice::metric() const { return m_combo->metric(); }

bool AxisChoice::log() const { return m_box->isChecked(); }

void AxisChoice::showScale()
{
    const QSignalBlocker quiet(m_box);
    const bool first = m_first == FirstScale::OfMetric && metric() && metric()->logScale;
    m_box->setChecked(m_scales->value(m_combo->metricName(), first));
}

void AxisChoice::offer(std::vector<const MetricInfo*> metrics)
{
    const MetricInfo* chosen = metric();
    if (chosen && std::find(metrics.begin(), metrics.end(), chosen) == metrics.end())
        metrics.push_back(chosen);
    m_combo->setMetrics(metrics);
    showScale();
    if (!m_awaited.isEmpty())
        restore(QString(m_awaited)); // a copy: choosing it clears what is awaited
}

void AxisChoice::choose(const QString& metric) { m_combo->setMetric(metric); }

QString AxisChoice::stored() const { return m_awaited.isEmpty() ? m_combo->metricName() : m_awaited; }

void AxisChoice::restore(const QString& metric)
{
    if (!findMetric(metric.toStdString()))
        return showScale();
    m_combo->setMetric(metric);
    m_awaited = m_combo->metricName() == metric ? QString() : metric;
    showScale();
}

} // namespace pikv::ui
