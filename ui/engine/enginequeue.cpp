// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/enginequeue.h"
#include <QMutexLocker>
#include <utility>

namespace pikv::ui {
namespace {

constexpr int reportInterval = 100; ///< ms between progress signals

bool isLive(const EngineQueue::Job& job)
{
    return job.urgency == EngineQueue::Preview || job.urgency == EngineQueue::Full;
}

} // namespace

EngineQueue::EngineQueue()
{
    m_sinceReport.start();
    m_rest.setSingleShot(true);
    m_rest.setInterval(restAfter);
    connect(&m_rest, &QTimer::timeout, this, &EngineQueue::rested);
}

/// Stops what runs where `job` replaces it or is more urgent.
void EngineQueue::makeWay(const Job& job)
{
    if (!m_isRunning)
        return;
    if (isLive(job) && isLive(m_running) && job.method == m_running.method) {
        m_again = false;
        if (m_running.urgency != Preview || m_sinceStart.elapsed() >= m_running.grace)
            m_stop.request_stop();
    } else if (job.urgency < m_running.urgency && !m_stop.stop_requested()) { // else it was stopped for good
        m_again = true;
        m_stop.request_stop();
    }
}

void EngineQueue::push(Job job)
{
    {
        const QMutexLocker lock(&m_mutex);
        makeWay(job);
        put(std::move(job), false);
    }
    wake();
}

void EngineQueue::pushLive(Job preview, Job full)
{
    {
        const QMutexLocker lock(&m_mutex);
        makeWay(preview);
        put(std::move(preview), false);
        put(std::move(full), false);
    }
    wake();
}

void EngineQueue::wake() { QMetaObject::invokeMethod(this, &EngineQueue::work, Qt::QueuedConnection); }

void EngineQueue::put(Job job, bool front)
{
    auto& list = m_waiting[job.urgency];
    if (isLive(job))
        std::erase_if(list, [&](const Job& other) { return other.method == job.method; });
    if (front)
        list.push_front(std::move(job));
    else
        list.push_back(std::move(job));
}

void EngineQueue::dropWhere(const std::function<bool(const Job&)>& matches)
{
    for (auto& list : m_waiting)
        std::erase_if(list, matches);
    if (m_isRunning && matches(m_running)) {
        m_again = false;
        m_stop.request_stop();
    }
}

void EngineQueue::dropLive(const std::string& method)
{
    const QMutexLocker lock(&m_mutex);
    dropWhere([&](const Job& job) { return isLive(job) && job.method == method; });
}

void EngineQueue::dropSweep(const std::string& method)
{
    const QMutexLocker lock(&m_mutex);
    dropWhere([&](const Job& job) { return job.urgency == Sweep && job.method == method; });
}

void EngineQueue::dropAll()
{
    dropAndTell([](const Job&) { return true; });
}

void EngineQueue::dropDumpWork()
{
    dropAndTell([](const Job& job) { return !job.apart; });
}

void EngineQueue::dropAndTell(const std::function<bool(const Job&)>& matches)
{
    bool idleNow = false;
    {
        const QMutexLocker lock(&m_mutex);
        dropWhere(matches);
        idleNow = !m_isRunning || !matches(m_running);
        m_tellStopped = !idleNow;
    }
    if (idleNow)
        Q_EMIT stopped();
}

void EngineQueue::shutDown()
{
    const QMutexLocker lock(&m_mutex);
    dropWhere([](const Job&) { return true; });
    m_shutDown = true;
}

bool EngineQueue::takeNext(Job& job)
{
    const QMutexLocker lock(&m_mutex);
    for (auto& list : m_waiting) {
        if (list.empty() || m_shutDown)
            continue;
        job = m_running = std::move(list.front());
        list.pop_front();
        m_stop = std::stop_source();
        m_isRunning = true;
        m_again = false;
        m_sinceStart.start();
        return true;
    }
    return false;
}

void EngineQueue::finish(Job job)
{
    bool tell = false;
    {
        const QMutexLocker lock(&m_mutex);
        m_isRunning = false;
        m_running = {};
        if (m_again && m_stop.stop_requested() && !m_shutDown)
            put(std::move(job), true);
        tell = std::exchange(m_tellStopped, false);
    }
    if (tell)
        Q_EMIT stopped();
}

void EngineQueue::work()
{
    Job job;
    bool any = false;
    while (takeNext(job)) {
        if (!std::exchange(any, true)) {
            m_rest.stop();
            Q_EMIT started();
        }
        const JobControl control(m_stop.get_token(), [this, &job](const Progress& p) {
            if (p.training)
                Q_EMIT trained(job.label, *p.training);
            if (m_sinceReport.elapsed() < reportInterval)
                return;
            m_sinceReport.restart();
            Q_EMIT progressed(job.urgency, job.label, QString::fromStdString(p.stage), p.done, p.total);
        });
        job.run(control);
        finish(std::move(job));
    }
    if (any) {
        m_rest.start();
        Q_EMIT idle();
    }
}

} // namespace pikv::ui
