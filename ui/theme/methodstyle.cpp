// SPDX-License-Identifier: GPL-3.0-or-later
// Colour, marker and line of every method, by its id.
#include "ui/theme/methodstyle.h"
#include "core/codec/registry.h"
#include "ui/theme/markerpath.h"
#include <QCryptographicHash>
#include <QPainter>
#include <QPixmap>
#include <QPixmapCache>
#include <QSet>
#include <algorithm>
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
constexpr int looks = int(colors.size()) * markers;
/// The looks that are given to methods for good, in this order: never move one, a new method comes last. The first
/// twelve have twelve markers.
constexpr std::array known { "identity", "recompute", "lora", "lora_plus", "fastv", "fastvideo", "pyramid", "minillm",
    "kivi", "q4_0", "q8_0", "turboquant" };

/// The same on every machine, which qHash() does not promise.
int slotOf(const QString& id)
{
    const QByteArray hash = QCryptographicHash::hash(id.toUtf8(), QCryptographicHash::Md5);
    const auto number = unsigned(quint8(hash[0])) << 8 | quint8(hash[1]);
    return int(known.size()) + int(number % unsigned(looks - int(known.size())));
}

/// A method without a look of its own takes the one that its id says; where methods of the registry meet there, the
/// later ones by name take the next that is free.
int lookOf(const QString& id)
{
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (id == QLatin1String(known[i]))
            return int(i);
    }
    QStringList others;
    for (const MethodInfo& method : Registry::instance().methods()) {
        if (std::find(known.begin(), known.end(), method.id) == known.end())
            others << QString::fromStdString(method.id);
    }
    if (!others.contains(id))
        return slotOf(id);
    others.sort();
    QSet<int> taken;
    for (const QString& other : std::as_const(others)) {
        int slot = slotOf(other);
        while (taken.contains(slot) && taken.size() < looks - int(known.size()))
            slot = slot + 1 < looks ? slot + 1 : int(known.size());
        if (other == id)
            return slot;
        taken.insert(slot);
    }
    return slotOf(id);
}

QPixmap iconPixmap(const MethodStyle& style, int side, QIcon::Mode mode)
{
    QPixmap pixmap(side, side);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    const QPointF centre(side / 2.0, side / 2.0);
    if (mode == QIcon::Selected) { // the selection's colour may be near the method's own
        painter.setPen(Qt::NoPen);
        painter.setBrush(Qt::white);
        painter.drawEllipse(centre, side / 2.0, side / 2.0);
    }
    drawMarker(painter, style.marker, centre, side * 0.7, style.color, Qt::transparent);
    return pixmap;
}

} // namespace

MethodStyle methodStyle(const QString& methodId, bool dark)
{
    const int index = lookOf(methodId), color = index % int(colors.size()), round = index / int(colors.size());
    const Pair& pair = colors[static_cast<std::size_t>(color)];
    // Twelve looks in a row differ by their markers alone; as 7 and 12 have no common factor, no two of the 84 are one.
    const auto marker = static_cast<Marker>(index % markers);
    static constexpr Qt::PenStyle lines[] = { Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine };
    return { QColor::fromRgb(dark ? pair.onDark : pair.onLight), marker, lines[round % 4] };
}

QIcon methodIcon(const QString& methodId, bool dark)
{
    QIcon icon;
    for (int side : { 16, 32, 48 })
        for (const QIcon::Mode mode : { QIcon::Normal, QIcon::Selected }) {
            // A table asks for the icon of every row, over and over.
            const QString name
                = QStringLiteral("pikv %1 %2 %3 %4").arg(methodId).arg(side).arg(int(mode)).arg(int(dark));
            QPixmap pixmap;
            if (!QPixmapCache::find(name, &pixmap)) {
                pixmap = iconPixmap(methodStyle(methodId, dark), side, mode);
                QPixmapCache::insert(name, pixmap);
            }
            icon.addPixmap(pixmap, mode);
        }
    return icon;
}

} // namespace pikv::ui
