// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <functional>

class QWidget;

namespace pikv::ui {

class FileCommands;
class Session;

/// Stands between the user and what would lose a capture that is not saved: asks, saves, and goes on.
class UnsavedGuard : public QObject {
    Q_OBJECT
public:
    UnsavedGuard(Session* session, FileCommands* files, QWidget* window);

    /// Does `then`, which ends the use of the open dump, now, or once the user let the capture go or it is saved; never
    /// where they keep it. The question does not stop the event loop: charts go on drawing behind it.
    void leaveDump(const std::function<void()>& then);

private:
    void takeAnswer(int button, const std::function<void()>& then);

    Session* m_session;
    FileCommands* m_files;
    QWidget* m_window;
    bool m_asking = false;
};

} // namespace pikv::ui
