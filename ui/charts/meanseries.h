// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/methodseries.h"

namespace pikv::ui {

/// Means over dumps: a square in the method's colour, with bars from end to end of both intervals.
class MeanSeries : public TradeoffPlottable {
public:
    MeanSeries(QCPAxis* x, QCPAxis* y);
    void set(const QList<TradeoffMean>& means, const QPointF& whole, const ChartStyle& style);

protected:
    void draw(QCPPainter* painter) override;
    void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override;

private:
    void drawBar(QCPPainter* painter, QPointF from, QPointF to) const;

    QList<TradeoffMean> m_means;
    QPointF m_whole;
    ChartStyle m_style;
};

} // namespace pikv::ui
