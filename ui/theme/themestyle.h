// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QProxyStyle>

namespace pikv::ui {

/// Fusion, but for the frames of check boxes: Fusion draws them darker than the window, which nobody sees on a dark
/// one.
class ThemeStyle : public QProxyStyle {
    Q_OBJECT

public:
    ThemeStyle();
    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
        const QWidget* widget = nullptr) const override;
};

} // namespace pikv::ui
