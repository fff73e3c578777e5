// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/markersprites.h"
#include "ui/theme/markerpath.h"
#include <QPainter>
#include <cmath>

namespace pikv::ui {

void MarkerSprites::setLook(const Look& look)
{
    if (look == m_look)
        return;
    m_look = look;
    m_sprites = {};
}

/// Of a sprite, in the device's pixels, with room for the pen and the place.
int MarkerSprites::radius() const { return int(std::ceil(m_look.size * m_look.ratio)) + 2; }

const QPixmap& MarkerSprites::sprite(int x, int y)
{
    QPixmap& sprite = m_sprites[static_cast<std::size_t>(y * places + x)];
    if (!sprite.isNull())
        return sprite;
    const int side = 2 * radius() + 1;
    sprite = QPixmap(side, side);
    sprite.fill(Qt::transparent);
    sprite.setDevicePixelRatio(m_look.ratio);
    QPainter painter(&sprite);
    painter.setRenderHint(QPainter::Antialiasing);
    const QPointF centre(radius() + qreal(x) / places, radius() + qreal(y) / places);
    drawMarker(painter, m_look.marker, centre / m_look.ratio, m_look.size, m_look.color, m_look.background);
    return sprite;
}

void MarkerSprites::draw(QPainter& painter, QPointF centre)
{
    const auto placeOf = [this](qreal at) { return int(std::lround(at * m_look.ratio * places)); }; // from zero
    const auto pixelOf = [](int place) { return int(std::floor(double(place) / places)); };
    const int x = placeOf(centre.x()), y = placeOf(centre.y());
    const QPointF corner(pixelOf(x) - radius(), pixelOf(y) - radius());
    painter.drawPixmap(corner / m_look.ratio, sprite(x - pixelOf(x) * places, y - pixelOf(y) * places));
}

} // namespace pikv::ui
