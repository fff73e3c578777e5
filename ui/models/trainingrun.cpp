// SPDX-License-Identifier: GPL-3.0-or-later
// The losses of the student that trains, as they come.
#include "ui/models/trainingrun.h"
#include <QLocale>
#include <QStringList>
#include <algorithm>

namespace pikv::ui {

void TrainingRun::add(const QString& label, const TrainingPoint& point)
{
    const QString name = QString::fromStdString(point.curve);
    const auto find = [&] {
        return std::find_if(m_curves.begin(), m_curves.end(),
            [&](const TrainingCurve& curve) { return curve.layer == point.layer && curve.name == name; });
    };
    auto curve = find();
    const bool again = point.step == 0 && (curve != m_curves.end() || point.layer < m_layer);
    if (again || label != m_label || point.layers != m_layers) {
        m_curves.clear();
        curve = m_curves.end();
    }
    m_label = label;
    m_layers = point.layers;
    m_layer = point.layer;
    if (curve == m_curves.end()) {
        m_curves.append({ name, point.layer, {} });
        curve = m_curves.end() - 1;
    }
    curve->points.append({ double(point.step), point.loss });
    Q_EMIT changed();
}

void TrainingRun::clear()
{
    m_curves.clear();
    m_label.clear();
    Q_EMIT changed();
}

QVector<TrainingCurve> TrainingRun::current() const
{
    QVector<TrainingCurve> list;
    for (const TrainingCurve& curve : m_curves)
        if (curve.layer == m_layer)
            list.append(curve);
    std::sort(list.begin(), list.end(), [](const TrainingCurve& a, const TrainingCurve& b) { return a.name < b.name; });
    return list;
}

QString TrainingRun::title() const
{
    return m_curves.isEmpty() ? QString() : tr("%1, layer %2 of %3").arg(m_label).arg(m_layer + 1).arg(m_layers);
}

QString TrainingRun::summary() const
{
    QStringList parts;
    for (const TrainingCurve& curve : current())
        parts << tr("%1: loss %2 after %3 steps")
                     .arg(curve.name, QLocale().toString(curve.points.last().y(), 'g', 3))
                     .arg(int(curve.points.last().x()));
    return parts.join(QStringLiteral(", "));
}

} // namespace pikv::ui
