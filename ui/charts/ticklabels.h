// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QList>
#include <QStringList>

namespace pikv::ui {

/// Labels of one axis, all in one notation: plain numbers where they stay short, else powers of ten; with as many
/// digits as tell neighbours apart ("0.9998", "0.9999", "1").
QStringList tickLabels(const QList<double>& ticks);

} // namespace pikv::ui
