// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/methodstyle.h"
#include "core/codec/registry.h"
#include "ui/theme/markerpath.h"
#include <QPainter>
#include <QPixmap>
#include <array>

namespace pikv::ui {
namespace {

struct Pair {
    QRgb onLight, onDark;
};
/// Okabe & Ito's colours, darkened on white and lightened on black until each keeps a contrast of 3:1; its yellow is
/// left out, its two blues are drawn apart, a neutral grey stands first for the reference.
constexpr std::array<Pair, 7> colors { {
    { 0xff5a5a5a, 0xffc4c4c4 },
    { 0xff005a9c, 0xff4a90ff },
    { 0xffd55e00, 0xffff8a3d },
    { 0xff00805d, 0xff2fc79c },
    { 0xffb04f86, 0xffe39cc3 },
    { 0xff946300, 0xffe9b43c },
    { 0xff3490cc, 0xff8fe0f5 },
} };
constexpr int markers = 12;

int methodIndex(const QString& methodId)
{
    const auto& methods = Registry::instance().methods();
    for (std::size_t i = 0; i < methods.size(); ++i)
        if (methodId.toStdString() == methods[i].id)
            return static_cast<int>(i);
    return static_cast<int>(qHash(methodId) % 1000);
}

} // namespace

MethodStyle methodStyle(const QString& methodId, bool dark)
{
    const int index = methodIndex(methodId), color = index % int(colors.size()), round = index / int(colors.size());
    const Pair& pair = colors[static_cast<std::size_t>(color)];
    // Twelve methods in a row differ by their markers alone; as 7 and 12 have no common factor, those of one colour do
    // for twelve rounds.
    const auto marker = static_cast<Marker>(index % markers);
    static constexpr Qt::PenStyle lines[] = { Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine };
    return { QColor::fromRgb(dark ? pair.onDark : pair.onLight), marker, lines[round % 4] };
}

QIcon methodIcon(const QString& methodId, bool dark)
{
    const MethodStyle style = methodStyle(methodId, dark);
    QIcon icon;
    for (int side : { 16, 32, 48 })
        // On the selection's colour the method's own may vanish: the marker is white there.
        for (const auto& [mode, color] :
            { std::pair(QIcon::Normal, style.color), std::pair(QIcon::Selected, QColor(Qt::white)) }) {
            QPixmap pixmap(side, side);
            pixmap.fill(Qt::transparent);
            QPainter painter(&pixmap);
            painter.setRenderHint(QPainter::Antialiasing);
            drawMarker(painter, style.marker, QPointF(side / 2.0, side / 2.0), side * 0.7, color, Qt::transparent);
            icon.addPixmap(pixmap, mode);
        }
    return icon;
}

} // namespace pikv::ui
