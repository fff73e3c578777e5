// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/methodseries.h"

namespace pikv::ui {

/// Where zeros are drawn that a logarithmic axis cannot hold: a strip beyond a break of the axis, with a tick "0".
class BrokenAxes : public TradeoffPlottable {
public:
    BrokenAxes(QCPAxis* x, QCPAxis* y);
    /// Labels of the strips, "0" or "≤ 0"; empty: the axis is whole.
    void set(const QString& left, const QString& lower, const ChartStyle& style);

protected:
    void draw(QCPPainter* painter) override;
    void drawLegendIcon(QCPPainter*, const QRectF&) const override { }

private:
    void drawBreak(QCPPainter* painter, QPointF at, bool across) const;

    QString m_left, m_lower;
    ChartStyle m_style;
};

} // namespace pikv::ui
