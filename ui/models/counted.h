// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLocale>
#include <QString>

namespace pikv::ui {

/// "1 token", "256 tokens": the number in the locale's form with the noun that goes with it.
inline QString counted(qint64 count, const QString& one, const QString& many)
{
    return QLocale().toString(count) + QChar(0x00a0) + (count == 1 ? one : many);
}

} // namespace pikv::ui
