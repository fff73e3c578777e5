// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/metriccombo.h"
#include "ui/models/utf8.h"
#include <QSignalBlocker>

namespace pikv::ui {
MetricCombo::MetricCombo(const QString& objectName, const QString& accessibleName, QWidget* parent)
    : QComboBox(parent)
{
    setObjectName(objectName);
    setAccessibleName(accessibleName);
    setToolTip(accessibleName);
    setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    setMinimumContentsLength(15);
    connect(this, &QComboBox::currentIndexChanged, this, &MetricCombo::metricChanged);
}

void MetricCombo::setMetrics(const std::vector<const MetricInfo*>& metrics)
{
    QStringList names;
    for (const MetricInfo* metric : metrics)
        names << utf8(metric->name);
    QStringList present;
    for (int i = 0; i < count(); ++i)
        present << itemData(i).toString();
    if (names == present)
        return;
    const QString before = metricName();
    {
        const QSignalBlocker quiet(this);
        clear();
        for (const MetricInfo* metric : metrics) {
            addItem(utf8(metric->label), utf8(metric->name));
            setItemData(count() - 1, utf8(metric->help), Qt::ToolTipRole);
        }
        setMetric(before);
    }
    if (metricName() != before)
        Q_EMIT metricChanged();
}

const MetricInfo* MetricCombo::metric() const { return findMetric(metricName().toStdString()); }

QString MetricCombo::metricName() const { return currentData().toString(); }

void MetricCombo::setMetric(const QString& name)
{
    const int index = findData(name);
    if (index >= 0)
        setCurrentIndex(index);
}

} // namespace pikv::ui
