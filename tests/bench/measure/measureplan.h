// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QList>
#include <QObject>
#include <QPair>
#include <QPoint>
#include <QPointer>
#include <QString>
#include <QTimer>
#include <functional>
#include <memory>

class QSlider;

namespace pikv::ui {

class MainWindow;
namespace trace {
class StallWatch;
}

/// Carries out the plan of packaging/measure (PIKV_TRACE_PLAN): waits for the first chart, then drags a slider, sweeps,
/// cancels or undoes edits as a user would, and quits. Does nothing without PIKV_TRACE.
class MeasurePlan : public QObject {
    Q_OBJECT
public:
    explicit MeasurePlan(MainWindow* window);
    ~MeasurePlan() override;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private Q_SLOTS:
    void stampFrame();

private:
    void start();
    void startDrag(const QString& method);
    void takeSlider();
    void startNextToken(const QString& method);
    void dragOn();
    void moveMouse(QPoint to);
    void startSweep();
    void startCancel();
    void startUndo();
    void editOn();
    void undoEdit();
    bool isSettled() const;

    MainWindow* m_window;
    QString m_method; ///< whose sliders are dragged
    QList<QPointer<QSlider>> m_sliders; ///< yet to be dragged
    QPointer<QSlider> m_slider;
    QList<QPair<quint64, bool>>
        m_entered; ///< ids of results, and whether previews, that wait for the chart's next frame
    bool m_complete = false, m_started = false; ///< the first chart: its results are there, and drawn
    QTimer m_step;
    QList<std::function<void()>> m_edits; ///< yet to be done and undone
    quint64 m_edit = 0; ///< the present one
    bool m_undoing = false; ///< its undo is not on screen yet
    int m_moves = 0;
    std::unique_ptr<trace::StallWatch> m_stalls;
};

} // namespace pikv::ui
