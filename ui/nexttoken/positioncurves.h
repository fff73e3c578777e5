// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/chartsource.h"
#include <QWidget>

class QCustomPlot;

namespace pikv::ui {

class NextTokenController;
class RefreshTimer;

/// KL of every method along the positions; a marker where its most likely token is not the original's. A click moves
/// the cursor.
class PositionCurves : public QWidget, public ChartSource {
    Q_OBJECT
public:
    explicit PositionCurves(NextTokenController* controller, QWidget* parent = nullptr);

    void setLog(bool log);
    void refreshNow();
    /// Middle of a position's column in this widget's pixels.
    QPoint pointOf(int position) const;

    QString chartTitle() const override;
    void paintChart(const ChartSheet& sheet) override;

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void fill(QCustomPlot& plot, const ChartStyle& style, bool withCursor) const;
    int positionAt(QPointF pixel) const;
    QString tooltipOf(int position) const;

    NextTokenController* m_controller;
    QCustomPlot* m_plot;
    RefreshTimer* m_refresh;
    bool m_log = false;
};

} // namespace pikv::ui
