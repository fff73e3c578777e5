// SPDX-License-Identifier: GPL-3.0-or-later
// The markers that tell methods apart beside their colours.
#include "ui/theme/markerpath.h"
#include <QPainter>
#include <QTransform>
#include <numbers>

namespace pikv::ui {
namespace {

/// `corners` points on a circle, the first one straight up; every second one at `inner` of the radius.
QPolygonF polygon(int corners, qreal radius, qreal inner = 1)
{
    QPolygonF shape;
    for (int i = 0; i < corners; ++i) {
        const qreal angle = 2 * std::numbers::pi * i / corners - std::numbers::pi / 2;
        const qreal r = i % 2 ? radius * inner : radius;
        shape << QPointF(r * std::cos(angle), r * std::sin(angle));
    }
    return shape << shape.first();
}

QPainterPath polygonPath(const QPolygonF& shape)
{
    QPainterPath path;
    path.addPolygon(shape);
    return path;
}

QPainterPath plusPath(qreal size)
{
    const qreal arm = size * 0.58, half = size * 0.17;
    QPainterPath path;
    path.addPolygon(QPolygonF({ { -half, -arm }, { half, -arm }, { half, -half }, { arm, -half }, { arm, half },
        { half, half }, { half, arm }, { -half, arm }, { -half, half }, { -arm, half }, { -arm, -half },
        { -half, -half }, { -half, -arm } }));
    return path;
}

} // namespace

QPainterPath markerPath(Marker marker, qreal size)
{
    QPainterPath path;
    switch (marker) {
    case Marker::Circle:
    case Marker::CircleFilled:
        path.addEllipse({ 0, 0 }, size / 2, size / 2);
        return path;
    case Marker::Square:
    case Marker::SquareFilled:
        path.addRect(-size * 0.44, -size * 0.44, size * 0.88, size * 0.88);
        return path;
    case Marker::Triangle:
    case Marker::TriangleFilled:
        return polygonPath(polygon(3, size * 0.62));
    case Marker::TriangleDown:
        return QTransform().rotate(180).map(polygonPath(polygon(3, size * 0.62)));
    case Marker::Diamond:
    case Marker::DiamondFilled:
        return polygonPath(polygon(4, size * 0.6));
    case Marker::Star:
        return polygonPath(polygon(10, size * 0.66, 0.45));
    case Marker::Plus:
        return plusPath(size);
    case Marker::Cross:
        return QTransform().rotate(45).map(plusPath(size));
    }
    return path;
}

bool isSolid(Marker marker)
{
    switch (marker) {
    case Marker::Circle:
    case Marker::Square:
    case Marker::Triangle:
    case Marker::TriangleDown:
    case Marker::Diamond:
        return false;
    default:
        return true;
    }
}

void drawMarker(
    QPainter& painter, Marker marker, QPointF centre, qreal size, const QColor& color, const QColor& background)
{
    painter.setPen(QPen(color, qMax(1.0, size / 5.5), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.setBrush(isSolid(marker) ? color : background);
    painter.drawPath(markerPath(marker, size * 0.88).translated(centre));
}

} // namespace pikv::ui
