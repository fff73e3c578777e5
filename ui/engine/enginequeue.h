// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <QElapsedTimer>
#include <QMutex>
#include <QObject>
#include <QTimer>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>

namespace pikv::ui {

/// Work of the engine thread in order of urgency: tasks (open, save), previews, full live results, sweep points. One
/// job runs at a time; a more urgent one stops it, and it is done again later.
class EngineQueue : public QObject {
    Q_OBJECT
public:
    enum Urgency { Task, Preview, Full, Sweep, Urgencies };
    /// Stopped at every move of the mouse a preview would never be there, and the point would stand still until the
    /// mouse does.
    static constexpr int previewGrace = 80;
    struct Job {
        Urgency urgency = Task;
        std::string method; ///< of Preview and Full: a newer request for it replaces this one
        QString label; ///< what runs, for the progress text
        std::function<void(const JobControl&)> run; ///< returns when stopped; lets no exception out
        bool apart = false; ///< not about the open dump: stays when that dump's work is dropped
        int grace = previewGrace; ///< ms that a Preview may go on though its successor waits
    };

    static constexpr int restAfter = 2000; ///< ms from idle() to rested()

    EngineQueue();
    void push(Job job);
    /// Both at once, in place of all earlier ones for their method. Pushed one by one the engine thread might begin the
    /// one and take the other for its successor.
    void pushLive(Job preview, Job full);
    /// Drops waiting live jobs of one method, and stops its running one for good.
    void dropLive(const std::string& method);
    /// The same for its points of a sweep.
    void dropSweep(const std::string& method);
    /// Drops everything; stopped() follows as soon as nothing of it runs any more.
    void dropAll();
    /// The same for all but the jobs apart.
    void dropDumpWork();
    /// For the end of the queue's thread, to be called in it.
    void stopResting() { m_rest.stop(); }
    /// Stops the running job and takes no further one.
    void shutDown();
    /// For jobs: has `call` called in the thread of whoever listens to answered(), if they still do.
    void answer(std::function<void()> call) { Q_EMIT answered(call); }

Q_SIGNALS:
    void progressed(int urgency, const QString& label, const QString& stage, int done, int total);
    /// Every one, however fast they come: a curve needs them all.
    void trained(const QString& label, const pikv::TrainingPoint& point);
    void answered(const std::function<void()>& call);
    void started();
    void idle();
    void stopped();
    /// idle() for a while: no user is in the middle of something. Emitted in the queue's thread.
    void rested();

private:
    void makeWay(const Job& job);
    void wake();
    void work();
    bool takeNext(Job& job);
    void finish(Job job);
    void put(Job job, bool front);
    void dropWhere(const std::function<bool(const Job&)>& matches);
    void dropAndTell(const std::function<bool(const Job&)>& matches);

    QMutex m_mutex;
    std::deque<Job> m_waiting[Urgencies];
    std::stop_source m_stop;
    Job m_running;
    bool m_isRunning = false, m_again = false, m_tellStopped = false, m_shutDown = false;
    QElapsedTimer m_sinceStart, m_sinceReport;
    QTimer m_rest { this }; ///< a child: it moves to the queue's thread with it
};

} // namespace pikv::ui
