// SPDX-License-Identifier: GPL-3.0-or-later
// The choice of a panel's axis: a metric, and whether it is logarithmic.
#pragma once
#include "core/eval/metrics.h"
#include <QHash>
#include <QObject>
#include <QString>
#include <vector>

class QCheckBox;

namespace pikv::ui {

class MetricCombo;

/// The user's choice of a logarithmic axis, by metric; the axes of a panel share it.
using AxisScales = QHash<QString, bool>;

/// What an axis choice is called.
struct AxisNames {
    QString key; ///< in the stored state: "x"
    QString combo, comboText; ///< object name and accessible name
    QString box, boxText;
};

/// The choice of one axis: a metric, and whether its axis is logarithmic, which is remembered by metric. A metric that
/// was chosen stays chosen, also while no result has it; one that is restored waits until it is offered.
class AxisChoice : public QObject {
    Q_OBJECT
public:
    enum class FirstScale { OfMetric, Linear }; ///< of a metric whose scale the user never set
    AxisChoice(const AxisNames& names, AxisScales* scales, FirstScale first, QWidget* parent);

    MetricCombo* combo() const { return m_combo; }
    QCheckBox* box() const { return m_box; }
    const MetricInfo* metric() const;
    bool log() const;
    QString key() const { return m_key; }

    /// What there is to choose from, and the metric that was chosen before.
    void offer(std::vector<const MetricInfo*> metrics);
    void choose(const QString& metric);
    /// The name to store: what is chosen, or what is waited for.
    QString stored() const;
    /// Chooses `metric` now, or as soon as it is offered; ignores names of no metric.
    void restore(const QString& metric);

Q_SIGNALS:
    /// Another metric or another scale, by the user or because what was waited for has come.
    void changed();

private:
    void showScale();

    QString m_key;
    AxisScales* m_scales;
    FirstScale m_first;
    MetricCombo* m_combo;
    QCheckBox* m_box;
    QString m_awaited; ///< restored metric that is not offered yet
};

} // namespace pikv::ui
