// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/theme/methodstyle.h"
#include <QPainterPath>

class QPainter;

namespace pikv::ui {

/// Outline of a marker around the origin; all have about the optical weight of a circle of diameter `size` pixels.
QPainterPath markerPath(Marker marker, qreal size);
/// Solid markers are filled with the method's colour, the others with the background.
bool isSolid(Marker marker);
/// Draws it in `color` around `centre`; `background` fills the hollow ones.
void drawMarker(
    QPainter& painter, Marker marker, QPointF centre, qreal size, const QColor& color, const QColor& background);

} // namespace pikv::ui
