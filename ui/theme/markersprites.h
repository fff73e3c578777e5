// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/theme/methodstyle.h"
#include <QPixmap>
#include <QPointF>
#include <array>

class QPainter;

namespace pikv::ui {

/// One marker for a screen that shows it thousands of times: drawn once for each of a few places within a pixel, and
/// copied from then on. Looks as drawMarker() does, up to an eighth of a pixel.
class MarkerSprites {
public:
    struct Look {
        Marker marker = Marker::Circle;
        qreal size = 0; ///< in pixels of the widget
        QColor color, background;
        qreal ratio = 1; ///< of the device's pixels to the widget's
        bool operator==(const Look&) const = default;
    };
    /// What was drawn of another look is forgotten.
    void setLook(const Look& look);
    /// `painter` neither scales nor rotates, the device's ratio aside.
    void draw(QPainter& painter, QPointF centre);

private:
    static constexpr int places = 4; ///< within a pixel, in either direction
    const QPixmap& sprite(int x, int y);
    int radius() const;

    Look m_look;
    std::array<QPixmap, places * places> m_sprites;
};

} // namespace pikv::ui
