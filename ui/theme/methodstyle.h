// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QIcon>
#include <QString>

namespace pikv::ui {

enum class Marker {
    Circle,
    Square,
    Triangle,
    TriangleDown,
    Diamond,
    Star,
    Plus,
    Cross,
    CircleFilled,
    SquareFilled,
    DiamondFilled,
    TriangleFilled
};

/// How a method looks everywhere: a colour-blind-safe colour (Okabe–Ito) and a marker. The pair is unique to the
/// method and depends on the method's id only, never on what else is checked.
struct MethodStyle {
    QColor color;
    Marker marker = Marker::Circle;
    Qt::PenStyle line = Qt::SolidLine;
};
/// `dark`: for a dark background (contrast at least 3:1 on either).
MethodStyle methodStyle(const QString& methodId, bool dark);
/// The marker in its colour, for lists and legends.
QIcon methodIcon(const QString& methodId, bool dark);

} // namespace pikv::ui
