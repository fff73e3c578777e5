// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QFont>
#include <QPalette>

namespace pikv::ui {

/// Every colour and font that a chart draws with: from the widget's palette on screen, a white sheet in an export.
struct ChartStyle {
    QColor background, text, muted, grid, highlight;
    QFont font, titleFont;
    bool dark = false;
    qreal scale = 1; ///< of markers and pens
};

/// The colours of `palette`, the text in `font`.
ChartStyle screenStyle(const QPalette& palette, const QFont& font);
/// For a file: fonts sized in pixels of 1/96 inch (9 pt times `fontScale`), so that every device draws alike.
ChartStyle paperStyle(const QPalette& palette, const QFont& font, qreal fontScale);
/// Black on white, whatever the desktop's colours are.
QPalette lightPalette();
/// `front` over `back`, `share` of it opaque.
QColor blend(const QColor& front, const QColor& back, qreal share);

} // namespace pikv::ui
