// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/engine/queuemodel.h"
#include <QWidget>

class QAction;
class QLabel;
class QPushButton;
class QTableView;

namespace pikv::ui {

/// The work that runs, waits and has ended, and what can be done about them by mouse and keyboard.
class QueuePanel : public QWidget {
    Q_OBJECT
public:
    QueuePanel(TaskList* tasks, SweepQueue* sweeps, QWidget* parent = nullptr);

    /// The command that pauses: a button shows it.
    void setPauseAction(QAction* action);

Q_SIGNALS:
    void runAgainRequested(quint64 sweep);
    /// How much runs and waits.
    void activeChanged(int count);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void createTable();
    QPushButton* addButton(const QString& text, const char* name, const QString& tip);
    QueueModel::Key current() const;
    void choose(const QueueModel::Key& key);
    void runAgain();
    void moveBy(int rows);
    void cancelOrForget();
    void showButtons();

    QueueModel* m_model;
    QTableView* m_table;
    QLabel* m_empty;
    QPushButton *m_pause, *m_up, *m_down, *m_cancel, *m_again, *m_clear;
    QueueModel::Key m_chosen; ///< what is current stays so while rows come and go
};

} // namespace pikv::ui
