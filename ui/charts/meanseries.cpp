// SPDX-License-Identifier: GPL-3.0-or-later
// How a mean over dumps and its intervals are painted.
#include "ui/charts/meanseries.h"
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr qreal kSquare = 9, kCap = 3.5; // side; half of what ends a bar

} // namespace

MeanSeries::MeanSeries(QCPAxis* x, QCPAxis* y)
    : TradeoffPlottable(x, y)
{
    setName(QCoreApplication::translate("Tradeoff", "Mean over dumps, 95 %"));
}

void MeanSeries::set(const QList<TradeoffMean>& means, const QPointF& whole, const ChartStyle& style)
{
    m_means = means;
    m_whole = whole;
    m_style = style;
}

void MeanSeries::drawBar(QCPPainter* painter, QPointF from, QPointF to) const
{
    drawCut(painter, from, to);
    const QPointF cap = from.x() == to.x() ? QPointF(kCap * m_style.scale, 0) : QPointF(0, kCap * m_style.scale);
    for (const QPointF& end : { from, to })
        drawCut(painter, end - cap, end + cap);
}

void MeanSeries::draw(QCPPainter* painter)
{
    painter->setAntialiasing(true);
    const QRectF inside = area();
    const auto clampedX = [&](double value) {
        const double pixel = mKeyAxis->coordToPixel(value);
        return std::isfinite(pixel) ? std::clamp(pixel, inside.left() - 20, inside.right() + 20) : inside.left() - 20;
    };
    const auto clampedY = [&](double value) {
        const double pixel = mValueAxis->coordToPixel(value);
        return std::isfinite(pixel) ? std::clamp(pixel, inside.top() - 20, inside.bottom() + 20) : inside.bottom() + 20;
    };
    for (const TradeoffMean& mean : std::as_const(m_means)) {
        const QColor color = methodStyle(mean.method, m_style.dark).color;
        const QPointF at = pixel(mean.at);
        painter->setPen(QPen(color, pen::kLine * m_style.scale, Qt::SolidLine, Qt::FlatCap));
        painter->setBrush(Qt::NoBrush);
        if (mean.x.upper > mean.x.lower && !mean.at.edgeX)
            drawBar(painter, { clampedX(mean.x.lower), at.y() }, { clampedX(mean.x.upper), at.y() });
        if (mean.y.upper > mean.y.lower && !mean.at.edgeY)
            drawBar(painter, { at.x(), clampedY(mean.y.lower) }, { at.x(), clampedY(mean.y.upper) });
        if (!inside.adjusted(-1, -1, 1, 1).contains(at))
            continue;
        const qreal side = kSquare * m_style.scale;
        painter->setPen(QPen(m_style.background, m_style.scale));
        painter->setBrush(color);
        painter->drawRect(QRectF(at - QPointF(side, side) / 2, QSizeF(side, side)));
    }
}

void MeanSeries::drawLegendIcon(QCPPainter* painter, const QRectF& rect) const
{
    painter->setAntialiasing(true);
    painter->setPen(QPen(m_style.text, pen::kLine * m_style.scale, Qt::SolidLine, Qt::FlatCap));
    const QPointF at = rect.center(), reach(rect.width() * 0.4, 0), cap(0, kCap * m_style.scale);
    painter->drawLine(at - reach, at + reach);
    for (const QPointF& end : { at - reach, at + reach })
        painter->drawLine(end - cap, end + cap);
    const qreal side = kSquare * m_style.scale;
    painter->setPen(Qt::NoPen);
    painter->setBrush(m_style.text);
    painter->drawRect(QRectF(at - QPointF(side, side) / 2, QSizeF(side, side)));
}

} // namespace pikv::ui
