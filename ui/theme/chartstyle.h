// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QFont>
#include <QPalette>

namespace pikv::ui {

/// How much of a colour stays where it is drawn over the background.
namespace share {
inline constexpr qreal kStale = 0.4; ///< of a figure that a newer one is computed for
inline constexpr qreal kPreview = 0.25; ///< of a bar that stands for some of the layers
inline constexpr qreal kHidden = 0.35; ///< of a method that is switched off in the legend
inline constexpr qreal kBehind = 0.3; ///< of what others are read against: Pareto front, earlier layers
inline constexpr qreal kContext = 0.6; ///< of text before the one that is scored
inline constexpr qreal kMuted = 0.65; ///< of lines and notes
inline constexpr qreal kGrid = 0.14;
}

/// Widths of lines on screen, in pixels; times ChartStyle::scale on a sheet.
namespace pen {
inline constexpr qreal kFine = 1;
inline constexpr qreal kLine = 1.4; ///< curves, outlines of markers
inline constexpr qreal kBold = 2; ///< the curve that is looked at, the cursor
inline constexpr qreal kFrame = 3; ///< what is selected, the Pareto front
}

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
/// `color` as it is, or faint where it stands for a figure that a newer one is computed for.
inline QColor staleColor(const QColor& color, const ChartStyle& style, bool stale)
{
    return stale ? blend(color, style.background, share::kStale) : color;
}

} // namespace pikv::ui
