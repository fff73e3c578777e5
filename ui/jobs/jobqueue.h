// SPDX-License-Identifier: GPL-3.0-or-later
// The one thread that works, and the line of jobs before it.
//
// One job runs at a time. A more urgent one stops it, and it is done again later; a newer one of the same origin
// replaces it. Every job ends once: its answer is called, or failed() is. The catch that turns whatever a job throws
// into a problem is here and nowhere else.
#pragma once
#include "ui/jobs/job.h"
#include <QObject>
#include <functional>
#include <memory>

class QThread;

namespace pikv::ui {

/// Called in the jobs' thread, where given.
struct JobThreadHooks {
    std::function<void()> begin {}; ///< before the first job
    std::function<void()> rest {}; ///< no job for a while: no user is in the middle of something
};

/// Lives, and calls answers and emits signals, in the thread that made it; the jobs run in a thread of its own.
class JobQueue : public QObject {
    Q_OBJECT
public:
    static constexpr int restAfter = 2000; ///< ms without a job until the thread rests

    explicit JobQueue(JobThreadHooks hooks = {}, QObject* parent = nullptr);
    /// Stops the running job and waits for its end, however long that takes, unless shutDown() was called.
    ~JobQueue() override;
    /// Stops the running job, takes no further one, calls nobody any more, and waits `patience` ms for the thread's
    /// end. False where it did not come: the thread and what it uses then stay for the rest of the process.
    bool shutDown(int patience);

    /// A job replaces all earlier ones of its origin.
    void push(Job job);
    /// Rough and full answer to one question, both at once.
    void pushLive(Job preview, Job full);
    /// Drops what waits of that origin, and stops what runs of it for good.
    void drop(const JobOrigin& origin);
    /// Drops all but the jobs apart; stopped() follows as soon as nothing of it runs any more.
    void dropDumpWork();
    /// Drops everything; stopped() follows as soon as nothing runs any more.
    void dropAll();
    /// Has `call` called in a later turn of the owner's event loop, behind the answers that are on their way.
    void later(std::function<void()> call);

Q_SIGNALS:
    /// How far the running job is; at most ten times a second. `stage` may be "", `total` 0.
    void progressed(pikv::ui::Urgency urgency, const QString& label, const QString& stage, int done, int total);
    /// Every step of a training, however fast they come: a curve needs them all.
    void trained(const QString& label, const pikv::TrainingPoint& point);
    /// Of jobs that are tasks (isTask()): one waits, from now on or once more; it runs; it has ended, or was dropped.
    void taskQueued(const pikv::ui::JobOrigin& origin, const QString& label);
    void taskBegan(const pikv::ui::JobOrigin& origin);
    void taskEnded(const pikv::ui::JobOrigin& origin, pikv::ui::JobEnd end);
    /// A job has begun and none ran before.
    void started();
    /// No job runs or waits any more.
    void idle();
    /// What dropAll() or dropDumpWork() dropped has ended.
    void stopped();

private:
    struct Shared;
    void dropAndTell(const std::function<bool(const Job&)>& matches);

    Shared* m_shared; ///< on the heap, as the thread: both outlive the queue where an operation does not end in time
    QThread* m_thread;
};

} // namespace pikv::ui
