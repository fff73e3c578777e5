// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <QComboBox>

namespace pikv::ui {

/// A choice of metrics, each with its definition as tooltip.
class MetricCombo : public QComboBox {
    Q_OBJECT
public:
    MetricCombo(const QString& objectName, const QString& accessibleName, QWidget* parent = nullptr);
    /// Keeps the chosen metric where it is still offered. Does not signal unless the choice changes.
    void setMetrics(const std::vector<const MetricInfo*>& metrics);
    const MetricInfo* metric() const;
    /// Ignores names that are not offered.
    void setMetric(const QString& name);
    QString metricName() const;

Q_SIGNALS:
    void metricChanged();
};

} // namespace pikv::ui
