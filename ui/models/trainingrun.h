// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <QObject>
#include <QPointF>
#include <QString>
#include <QVector>

namespace pikv::ui {

/// Loss over steps of one layer's keys or values.
struct TrainingCurve {
    QString name; ///< "keys", "values"
    int layer = 0;
    QVector<QPointF> points; ///< x: steps done, y: loss
};

/// The curves of the training that runs, or ran last. Layers are trained in order: one that begins once
/// more, or lies before the last, begins another run.
class TrainingRun : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    /// `label`: what runs, "MiniLLM".
    void add(const QString& label, const TrainingPoint& point);
    void clear();
    const QVector<TrainingCurve>& curves() const { return m_curves; }
    /// Of the layer that is trained, or was last; by name.
    QVector<TrainingCurve> current() const;
    int layer() const { return m_layer; }
    /// "MiniLLM, layer 7 of 30"; empty before the first point.
    QString title() const;
    /// "keys: loss 0.04 after 40 steps, values: …"
    QString summary() const;

Q_SIGNALS:
    void changed();

private:
    QString m_label;
    int m_layer = 0, m_layers = 0;
    QVector<TrainingCurve> m_curves;
};

} // namespace pikv::ui
