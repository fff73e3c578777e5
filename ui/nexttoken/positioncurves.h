// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/curveschart.h"

namespace pikv::ui {

class NextTokenController;

/// KL of every method along the positions; a marker where its most likely token is not the original's. A click moves
/// the cursor.
class PositionCurves : public CurvesChart {
    Q_OBJECT
public:
    explicit PositionCurves(NextTokenController* controller, QWidget* parent = nullptr);

    void setLog(bool log);
    /// Middle of a position's column in this widget's pixels.
    QPoint pointOf(int position) const;

    QString chartTitle() const override;

protected:
    void fill(QCustomPlot& plot, const ChartStyle& style, int width, bool onScreen) const override;
    bool hasData() const override;
    QString description() const override;
    QString emptyText() const override;
    QString tooltipAt(QPointF position) const override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    int positionAt(QPointF pixel) const;
    QString tooltipOf(int position) const;

    NextTokenController* m_controller;
    bool m_log = false;
};

} // namespace pikv::ui
