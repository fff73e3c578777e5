// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <QElapsedTimer>
#include <QMutex>
#include <QObject>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>

namespace pikv::ui {

/// Work of the engine thread in order of urgency: tasks (open, save), previews, full live results, sweep points. One job
/// runs at a time; a more urgent one stops it, and it is done again later.
class EngineQueue : public QObject {
    Q_OBJECT
public:
    enum Urgency { Task, Preview, Full, Sweep, Urgencies };
    struct Job {
        Urgency urgency = Task;
        std::string method; ///< of Preview and Full: a newer request for it replaces this one
        std::function<void(const JobControl&)> run; ///< throws Error{Cancelled} when stopped
    };

    EngineQueue();
    void push(Job job);
    /// Drops waiting jobs of one method, and stops its running one for good.
    void dropMethod(const std::string& method);
    void dropAll();
    /// Stops the running job and takes no further one.
    void shutDown();

Q_SIGNALS:
    void progressed(const QString& stage, int done, int total);
    void idle();
    void started();

private:
    void wake();
    void work();
    bool takeNext(Job& job);
    void put(Job job, bool front);

    QMutex m_mutex;
    std::deque<Job> m_waiting[Urgencies];
    std::stop_source m_stop;
    Job m_running;
    bool m_isRunning = false, m_again = false, m_shutDown = false;
    QElapsedTimer m_sinceReport;
};

} // namespace pikv::ui
