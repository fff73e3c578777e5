// SPDX-License-Identifier: GPL-3.0-or-later
// One job at a time, by urgency. A more urgent one stops the one that runs, which is queued again; a successor for the
// same key replaces it.
#include "ui/jobs/jobqueue.h"
#include "core/eval/problem.h"
#include "ui/jobs/jobschedule.h"
#include "ui/jobs/mailbox.h"
#include <QDeadlineTimer>
#include <QThread>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace pikv::ui {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds reportInterval(100);

JobAnswer failureOf(const Job& job, const Problem& problem)
{
    if (!job.failed)
        return {};
    return [failed = job.failed, problem = JobProblem { problem, job.origin }] { failed(problem); };
}

/// What the job answers, or its failure.
JobAnswer outcomeOf(const Job& job, const JobControl& control, JobEnd& end)
{
    try {
        return job.run(control);
    } catch (...) {
        const Problem problem = currentProblem();
        end = problem.kind == ErrorKind::Cancelled ? JobEnd::Cancelled : JobEnd::Failed;
        return failureOf(job, problem);
    }
}

} // namespace

/// What both threads use; `schedule`, `closing` and `tellStopped` under the mutex.
struct JobQueue::Shared {
    explicit Shared(JobQueue* owner, JobThreadHooks given)
        : queue(owner)
        , hooks(std::move(given))
    {
    }
    void post(JobAnswer call)
    {
        if (call)
            mail.post(std::move(call));
    }
    void postCancelled(const JobSchedule::Jobs& jobs)
    {
        for (const Job& job : jobs) {
            postEnd(job.origin, JobEnd::Cancelled);
            post(failureOf(job, { ErrorKind::Cancelled, "Cancelled" }));
        }
    }
    void postQueued(const JobOrigin& origin, const QString& label)
    {
        if (isTask(origin.kind))
            mail.post([q = queue, origin, label] { Q_EMIT q->taskQueued(origin, label); });
    }
    void postEnd(const JobOrigin& origin, JobEnd end)
    {
        if (isTask(origin.kind))
            mail.post([q = queue, origin, end] { Q_EMIT q->taskEnded(origin, end); });
    }
    JobControl controlFor(const Job& job, std::stop_token stop);
    void runTaken(const Job& job, std::unique_lock<std::mutex>& lock);
    void loop();

    JobQueue* const queue; ///< for calls through `mail`, which ends before it does
    const JobThreadHooks hooks;
    Mailbox mail;
    std::mutex mutex;
    std::condition_variable wake;
    JobSchedule schedule;
    bool closing = false, tellStopped = false;
    Clock::time_point reported; ///< jobs' thread only
};

JobControl JobQueue::Shared::controlFor(const Job& job, std::stop_token stop)
{
    return JobControl(std::move(stop), [this, &job](const Progress& p) {
        if (p.training)
            mail.post([q = queue, label = job.label, point = *p.training] { Q_EMIT q->trained(label, point); });
        if (const auto now = Clock::now(); now - reported >= reportInterval) {
            reported = now;
            mail.post([q = queue, urgency = job.urgency, label = job.label, p] {
                Q_EMIT q->progressed(urgency, label, QString::fromStdString(p.stage), p.done, p.total);
            });
        }
    });
}

void JobQueue::Shared::runTaken(const Job& job, std::unique_lock<std::mutex>& lock)
{
    const JobControl control = controlFor(job, schedule.stopToken());
    const JobOrigin origin = job.origin;
    const QString label = job.label;
    JobEnd end = JobEnd::Done;
    if (isTask(origin.kind))
        mail.post([q = queue, origin] { Q_EMIT q->taskBegan(origin); });
    lock.unlock();
    JobAnswer outcome = outcomeOf(job, control, end);
    lock.lock();
    if (schedule.finish(end == JobEnd::Cancelled)) {
        postQueued(origin, label);
    } else {
        postEnd(origin, end);
        post(std::move(outcome));
    }
    if (std::exchange(tellStopped, false))
        mail.post([q = queue] { Q_EMIT q->stopped(); });
}

void JobQueue::Shared::loop()
{
    if (hooks.begin)
        hooks.begin();
    bool busy = false, rested = true;
    std::unique_lock lock(mutex);
    while (!closing) {
        if (const Job* job = schedule.take()) {
            if (!std::exchange(busy, true))
                mail.post([q = queue] { Q_EMIT q->started(); });
            runTaken(*job, lock);
            rested = false;
        } else if (std::exchange(busy, false)) {
            mail.post([q = queue] { Q_EMIT q->idle(); });
        } else if (rested) {
            wake.wait(lock);
        } else if (wake.wait_for(lock, std::chrono::milliseconds(restAfter)) == std::cv_status::timeout) {
            rested = true;
            lock.unlock();
            if (hooks.rest)
                hooks.rest();
            lock.lock();
        }
    }
}

JobQueue::JobQueue(JobThreadHooks hooks, QObject* parent)
    : QObject(parent)
    , m_shared(new Shared(this, std::move(hooks)))
    , m_thread(QThread::create([shared = m_shared] { shared->loop(); }))
{
    m_thread->setObjectName(QStringLiteral("pikv-engine"));
    m_thread->start();
}

JobQueue::~JobQueue()
{
    if (m_thread)
        shutDown(-1);
}

bool JobQueue::shutDown(int patience)
{
    m_shared->mail.close();
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->schedule.drop([](const Job&) { return true; });
        m_shared->closing = true;
    }
    m_shared->wake.notify_one();
    const bool ended = m_thread->wait(QDeadlineTimer(patience));
    if (ended) {
        delete m_thread;
        delete m_shared;
    }
    m_thread = nullptr;
    m_shared = nullptr;
    return ended;
}

void JobQueue::push(Job job)
{
    {
        const std::lock_guard lock(m_shared->mutex);
        const JobOrigin origin = job.origin;
        const QString label = job.label;
        m_shared->postCancelled(m_shared->schedule.push(std::move(job)));
        m_shared->postQueued(origin, label); // behind the end of what it replaced
    }
    m_shared->wake.notify_one();
}

void JobQueue::pushLive(Job preview, Job full)
{
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->postCancelled(m_shared->schedule.pushLive(std::move(preview), std::move(full)));
    }
    m_shared->wake.notify_one();
}

void JobQueue::drop(const JobOrigin& origin)
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->postCancelled(m_shared->schedule.drop([&](const Job& job) { return job.origin == origin; }));
}

void JobQueue::dropDumpWork()
{
    dropAndTell([](const Job& job) { return !job.apart; });
}

void JobQueue::dropAll()
{
    dropAndTell([](const Job&) { return true; });
}

void JobQueue::dropAndTell(const std::function<bool(const Job&)>& matches)
{
    const std::lock_guard lock(m_shared->mutex);
    m_shared->postCancelled(m_shared->schedule.drop(matches));
    const Job* running = m_shared->schedule.running();
    m_shared->tellStopped = running && matches(*running);
    if (!m_shared->tellStopped)
        m_shared->mail.post([this] { Q_EMIT stopped(); });
}

void JobQueue::later(std::function<void()> call) { m_shared->post(std::move(call)); }

} // namespace pikv::ui
