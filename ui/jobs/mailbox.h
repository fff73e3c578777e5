// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <deque>
#include <functional>
#include <mutex>

namespace pikv::ui {

/// Calls that any thread hands over to the thread that this object lives in, in order, each in a turn of the event loop
/// of its own.
class Mailbox : public QObject {
    Q_OBJECT
public:
    explicit Mailbox(QObject* parent = nullptr);

    /// From any thread. After close() nothing happens.
    void post(std::function<void()> call);
    /// From this object's thread: nothing is called any more.
    void close();

Q_SIGNALS:
    /// A call waits. Crosses the threads without an argument: what is handed over is guarded by the mutex alone.
    void posted(QPrivateSignal);

private:
    void callNext();

    std::mutex m_mutex;
    std::deque<std::function<void()>> m_calls;
    bool m_open = true;
};

} // namespace pikv::ui
