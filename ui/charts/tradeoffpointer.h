// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/tradeoffdata.h"
#include <QObject>
#include <QPoint>

class QCustomPlot;
class QMouseEvent;

namespace pikv::ui {

class TradeoffScene;

/// The mouse in the trade-off chart: which point it means, and what a click, a Shift-drag or the wheel asks for. The
/// wheel zooms and a drag pans by QCustomPlot itself. Positions are the plot's pixels.
class TradeoffPointer : public QObject {
    Q_OBJECT
public:
    /// `data` is what may be hit now; plot, scene and data outlive the pointer.
    TradeoffPointer(QCustomPlot* plot, const TradeoffScene* scene, const TradeoffData* data, QObject* parent);

    /// Row of the point nearest to `position` within reach, else -1.
    int rowAt(QPointF position) const;
    /// The row that a cursor on `row` (-1: none) reaches by an arrow key, Home or End; -1 where nothing is shown.
    int rowBeside(int row, int key) const;

Q_SIGNALS:
    /// The mouse moves over a point, or over none (-1), with no button down.
    void hovered(int row, const QPoint& globalPosition);
    void left();
    /// Left click on a point, or beside all (-1).
    void clicked(int row, Qt::KeyboardModifiers modifiers);
    /// Shift-drag around points; the rectangle is gone from the chart.
    void surrounded(const QList<int>& rows, Qt::KeyboardModifiers modifiers);
    /// The user zooms or pans: the ranges are the user's from now on.
    void rangeTaken();
    void doubleClicked();
    void legendClicked(const QString& method);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void press(const QMouseEvent& event);
    void move(const QMouseEvent& event);
    void release(const QMouseEvent& event);
    void surround(const QRect& rectangle, Qt::KeyboardModifiers modifiers);

    QCustomPlot* m_plot;
    const TradeoffScene* m_scene;
    const TradeoffData* m_data;
    QPoint m_pressed;
};

} // namespace pikv::ui
