// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/qtbarframe.h"
#include <QGraphicsItem>
#include <QMargins>

namespace pikv::ui {

/// Above bars, axes and grid.
inline constexpr qreal kFrontOfBars = 20;

/// What the bars of a group stand for: in a column beside the bars where the chart is wide and high enough, else in
/// rows below them.
class QtBarFrame::Legend : public QGraphicsItem {
public:
    Legend(QChart* chart, const QList<BarLegendEntry>& entries, const ChartStyle& style);
    /// Lays itself out in a chart of this size; returns the margins that it needs there.
    QMargins arrange(QSizeF chart);
    QRectF boundingRect() const override { return m_box; }
    void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) override;

private:
    QList<BarLegendEntry> m_entries;
    ChartStyle m_style;
    QRectF m_box;
    QList<qreal> m_widths; ///< of the entries
    QList<QPointF> m_places; ///< of the entries' upper left corners
    qreal m_line = 0; ///< height of an entry
};

} // namespace pikv::ui
