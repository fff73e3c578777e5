// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/chartstyle.h"
#include "ui/theme/theme.h"

namespace pikv::ui {

QColor blend(const QColor& front, const QColor& back, qreal share)
{
    const auto mix = [share](int f, int b) { return int(std::lround(f * share + b * (1 - share))); };
    return { mix(front.red(), back.red()), mix(front.green(), back.green()), mix(front.blue(), back.blue()) };
}

QPalette lightPalette()
{
    QPalette palette(Qt::white);
    palette.setColor(QPalette::Base, Qt::white);
    palette.setColor(QPalette::Text, Qt::black);
    return palette;
}

ChartStyle screenStyle(const QPalette& palette, const QFont& font)
{
    ChartStyle style;
    style.background = palette.color(QPalette::Base);
    style.text = palette.color(QPalette::Text);
    style.muted = blend(style.text, style.background, share::kMuted);
    style.grid = blend(style.text, style.background, share::kGrid);
    style.highlight = palette.color(QPalette::Highlight);
    style.dark = isDarkPalette(palette);
    style.font = font;
    style.titleFont = font;
    style.titleFont.setBold(true);
    return style;
}

ChartStyle paperStyle(const QPalette& palette, const QFont& font, qreal fontScale)
{
    ChartStyle style = screenStyle(palette, font);
    style.scale = fontScale;
    style.font.setPixelSize(qMax(1, qRound(12 * fontScale)));
    style.titleFont.setPixelSize(qMax(1, qRound(13 * fontScale)));
    return style;
}

} // namespace pikv::ui
