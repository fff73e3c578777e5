// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QPalette>
#include <QString>

namespace pikv::ui {

/// The window's colours: the desktop's own, or light or dark whatever the desktop says.
enum class ThemeMode { System, Light, Dark };

/// Sets style and palette of the application; every widget hears of it by QEvent::PaletteChange.
void applyTheme(ThemeMode mode);
QString themeName(ThemeMode mode);
ThemeMode themeFromName(const QString& name);
bool isDarkPalette(const QPalette& palette);
/// Text colours of severities that keep a contrast of 4.5:1 on the palette's base.
QColor errorColor(const QPalette& palette);
QColor warningColor(const QPalette& palette);

} // namespace pikv::ui
