// SPDX-License-Identifier: GPL-3.0-or-later
// The light and the dark palette, and the colours of charts in each.
#include "ui/theme/theme.h"
#include "ui/theme/themestyle.h"
#include <QApplication>

namespace pikv::ui {
namespace {

struct Roles {
    QRgb window, base, alternate, button, text, muted, highlight, link;
};
constexpr Roles lightRoles { 0xfff3f3f3, 0xffffffff, 0xfff7f7f7, 0xffececec, 0xff1b1b1b, 0xff6a6a6a, 0xff0072b2,
    0xff005a8c };
constexpr Roles darkRoles { 0xff252628, 0xff1b1c1e, 0xff222326, 0xff313337, 0xffe6e6e6, 0xff9c9c9c, 0xff2a74aa,
    0xff7cc4f5 };

QPalette paletteOf(const Roles& r)
{
    QPalette palette(QColor::fromRgb(r.button), QColor::fromRgb(r.window));
    palette.setColor(QPalette::Base, QColor::fromRgb(r.base));
    palette.setColor(QPalette::AlternateBase, QColor::fromRgb(r.alternate));
    palette.setColor(QPalette::ToolTipBase, QColor::fromRgb(r.base));
    for (QPalette::ColorRole role :
        { QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText })
        palette.setColor(role, QColor::fromRgb(r.text));
    palette.setColor(QPalette::PlaceholderText, QColor::fromRgb(r.muted));
    palette.setColor(QPalette::Highlight, QColor::fromRgb(r.highlight));
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, QColor::fromRgb(r.link));
    for (QPalette::ColorRole role : { QPalette::WindowText, QPalette::Text, QPalette::ButtonText })
        palette.setColor(QPalette::Disabled, role, QColor::fromRgb(r.muted));
    return palette;
}

} // namespace

void applyTheme(ThemeMode mode)
{
    if (!qobject_cast<ThemeStyle*>(QApplication::style()))
        QApplication::setStyle(new ThemeStyle);
    switch (mode) {
    case ThemeMode::System:
        QApplication::setPalette(QPalette());
        break; // the desktop's, also when that changes
    case ThemeMode::Light:
        QApplication::setPalette(paletteOf(lightRoles));
        break;
    case ThemeMode::Dark:
        QApplication::setPalette(paletteOf(darkRoles));
        break;
    }
}

QString themeName(ThemeMode mode)
{
    return mode == ThemeMode::Light ? QStringLiteral("light")
        : mode == ThemeMode::Dark   ? QStringLiteral("dark")
                                    : QStringLiteral("system");
}

ThemeMode themeFromName(const QString& name)
{
    return name == QLatin1String("light") ? ThemeMode::Light
        : name == QLatin1String("dark")   ? ThemeMode::Dark
                                          : ThemeMode::System;
}

bool isDarkPalette(const QPalette& palette) { return palette.color(QPalette::Window).lightness() < 128; }
QColor errorColor(const QPalette& palette) { return QColor::fromRgb(isDarkPalette(palette) ? 0xffff8f80 : 0xffb3261e); }
QColor warningColor(const QPalette& palette)
{
    return QColor::fromRgb(isDarkPalette(palette) ? 0xffe9b43c : 0xff7a5200);
}

} // namespace pikv::ui
