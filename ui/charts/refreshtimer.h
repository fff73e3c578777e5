// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>
#include <functional>

class QWidget;

namespace pikv::ui {

/// Draws the changes of a frame once, and those of a hidden chart when it is shown.
class RefreshTimer : public QObject {
    Q_OBJECT
public:
    RefreshTimer(QWidget* chart, std::function<void()> refresh);
    void schedule();
    /// Forgets what is scheduled, for a chart that was brought up to date by hand.
    void cancel();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void run();

    QWidget* m_chart;
    std::function<void()> m_refresh;
    QTimer m_timer;
    bool m_pending = false;
};

} // namespace pikv::ui
