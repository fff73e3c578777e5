// SPDX-License-Identifier: GPL-3.0-or-later
// The break of a logarithmic axis and the tick "0" beyond it, drawn by hand: QCustomPlot has no broken axes.
#include "ui/charts/brokenaxes.h"

namespace pikv::ui {

BrokenAxes::BrokenAxes(QCPAxis* x, QCPAxis* y)
    : TradeoffPlottable(x, y)
{
}

void BrokenAxes::set(const QString& left, const QString& lower, const ChartStyle& style)
{
    m_left = left;
    m_lower = lower;
    m_style = style;
}

/// The two strokes that say that an axis is not continuous, across it.
void BrokenAxes::drawBreak(QCPPainter* painter, QPointF at, bool across) const
{
    const qreal length = 4 * m_style.scale, apart = 1.5 * m_style.scale;
    painter->setPen(QPen(m_style.background, 2 * apart));
    painter->drawLine(across ? QLineF(at.x() - apart, at.y(), at.x() + apart, at.y())
                             : QLineF(at.x(), at.y() - apart, at.x(), at.y() + apart));
    painter->setPen(QPen(m_style.text, pen::kFine * m_style.scale));
    for (const qreal shift : { -apart, apart }) {
        const QPointF middle = at + (across ? QPointF(shift, 0) : QPointF(0, shift));
        const QPointF stroke = across ? QPointF(apart, -length) : QPointF(length, -apart);
        painter->drawLine(QLineF(middle - stroke, middle + stroke));
    }
}

void BrokenAxes::draw(QCPPainter* painter)
{
    const QRectF inside = area();
    const QSizeF strip = inside.size() * kBreakStrip;
    const QFontMetricsF metrics(m_style.font);
    const auto label = [&](const QString& text, QPointF corner) {
        const QRectF box(corner, QSizeF(metrics.horizontalAdvance(text), metrics.height()));
        painter->setPen(m_style.text);
        painter->drawText(box.adjusted(-2, -2, 2, 2), Qt::AlignCenter, text);
    };
    painter->setAntialiasing(true);
    painter->setFont(m_style.font);
    const QPen line(m_style.muted, pen::kFine * m_style.scale, Qt::DashLine);
    if (!m_lower.isEmpty()) {
        painter->setPen(line);
        painter->drawLine(
            QLineF(inside.left(), inside.bottom() - strip.height(), inside.right(), inside.bottom() - strip.height()));
        drawBreak(painter, { inside.left(), inside.bottom() - strip.height() }, false);
        label(m_lower,
            { inside.left() - metrics.horizontalAdvance(m_lower) - 6,
                inside.bottom() - (strip.height() + metrics.height()) / 2 });
    }
    if (!m_left.isEmpty()) {
        painter->setPen(line);
        painter->drawLine(
            QLineF(inside.left() + strip.width(), inside.top(), inside.left() + strip.width(), inside.bottom()));
        drawBreak(painter, { inside.left() + strip.width(), inside.bottom() }, true);
        label(m_left, { inside.left() + (strip.width() - metrics.horizontalAdvance(m_left)) / 2, inside.bottom() + 4 });
    }
}

} // namespace pikv::ui
