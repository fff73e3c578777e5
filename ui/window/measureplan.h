// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <memory>

class QSlider;

namespace pikv::ui {

class MainWindow;
namespace trace {
    class StallWatch;
}

/// Carries out the plan of packaging/measure (PIKV_TRACE_PLAN): waits for the first chart, then drags a slider, sweeps
/// or cancels as a user would, and quits. Does nothing without PIKV_TRACE.
class MeasurePlan : public QObject {
    Q_OBJECT
public:
    explicit MeasurePlan(MainWindow* window);
    ~MeasurePlan() override;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void start();
    void startDrag(const QString& method);
    void dragOn();
    void startSweep();
    void startCancel();

    MainWindow* m_window;
    QPointer<QSlider> m_slider;
    QTimer m_step;
    int m_moves = 0;
    std::unique_ptr<trace::StallWatch> m_stalls;
};

} // namespace pikv::ui
