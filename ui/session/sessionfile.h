// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>
#include <QVariantMap>

namespace pikv::ui {

/// What a `.pikvsession` holds: which dump was open and how everything on screen was set. Results stay in the history.
struct SessionFile {
    QString dump; ///< absolute; "" where none was open
    QVariantMap state; ///< texts, lists of texts, numbers and bytes, by the keys of the settings

    /// JSON; the dump by its path from the file's folder where it lies in it or below, so that both can move together.
    /// Whole or not at all. Throws Error{Resource}.
    void write(const QString& path) const;
    /// Throws Error{Input} naming the file.
    static SessionFile read(const QString& path);
    static bool isOne(const QString& path) { return path.endsWith(QLatin1String(".pikvsession")); }
};

} // namespace pikv::ui
