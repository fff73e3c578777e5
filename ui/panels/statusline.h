// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace pikv::ui {

/// The status bar's permanent part: what runs and how far it is, a button that cancels it, device, threads and memory.
class StatusLine : public QWidget {
    Q_OBJECT
public:
    explicit StatusLine(QWidget* parent = nullptr);

    void setBusy(bool busy);
    void setProgress(const QString& stage, int done, int total);

Q_SIGNALS:
    void cancelRequested();

private:
    void showMachine();

    QLabel *m_stage, *m_machine;
    QProgressBar* m_bar;
    QToolButton* m_cancel;
    QTimer m_showBusy, m_refresh;
};

} // namespace pikv::ui
