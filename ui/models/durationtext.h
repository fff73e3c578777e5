// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>
#include <algorithm>
#include <cmath>

namespace pikv::ui {

/// Of an estimate: "3 s", "12 min", "1 h 20 min"; at least a second.
inline QString durationText(double seconds)
{
    const auto whole = qint64(std::max(1.0, std::round(std::min(seconds, 1e9))));
    if (whole < 90)
        return QObject::tr("%1 s").arg(whole);
    const qint64 minutes = (whole + 30) / 60;
    if (minutes < 90)
        return QObject::tr("%1 min").arg(minutes);
    return QObject::tr("%1 h %2 min").arg(minutes / 60).arg(minutes % 60);
}

} // namespace pikv::ui
