// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/enginequeue.h"
#include <QMutexLocker>

namespace pikv::ui {
namespace {
constexpr int reportInterval = 100; ///< ms between progress signals
}

EngineQueue::EngineQueue() { m_sinceReport.start(); }

void EngineQueue::push(Job job)
{
    {
        const QMutexLocker lock(&m_mutex);
        if (m_isRunning && job.urgency < m_running.urgency) {
            // Done again later, unless this very request replaces it.
            m_again = job.method.empty() || job.method != m_running.method;
            m_stop.request_stop();
        } else if (m_isRunning && !job.method.empty() && job.method == m_running.method) {
            m_again = false;
            m_stop.request_stop();
        }
        put(std::move(job), false);
    }
    wake();
}

void EngineQueue::put(Job job, bool front)
{
    auto& list = m_waiting[job.urgency];
    if (!job.method.empty())
        std::erase_if(list, [&](const Job& other) { return other.method == job.method; });
    if (front)
        list.push_front(std::move(job));
    else
        list.push_back(std::move(job));
}

void EngineQueue::dropMethod(const std::string& method)
{
    const QMutexLocker lock(&m_mutex);
    for (auto& list : m_waiting)
        std::erase_if(list, [&](const Job& job) { return job.method == method; });
    if (m_isRunning && m_running.method == method) {
        m_again = false;
        m_stop.request_stop();
    }
}

void EngineQueue::dropAll()
{
    const QMutexLocker lock(&m_mutex);
    for (auto& list : m_waiting)
        list.clear();
    m_again = false;
    if (m_isRunning)
        m_stop.request_stop();
}

void EngineQueue::shutDown()
{
    dropAll();
    const QMutexLocker lock(&m_mutex);
    m_shutDown = true;
}

void EngineQueue::wake() { QMetaObject::invokeMethod(this, &EngineQueue::work, Qt::QueuedConnection); }

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
        return true;
    }
    m_isRunning = false;
    return false;
}

void EngineQueue::work()
{
    Job job;
    bool any = false;
    while (takeNext(job)) {
        if (!any)
            Q_EMIT started();
        any = true;
        const JobControl control(m_stop.get_token(), [this](const Progress& p) {
            if (m_sinceReport.elapsed() < reportInterval)
                return;
            m_sinceReport.restart();
            Q_EMIT progressed(QString::fromStdString(p.stage), p.done, p.total);
        });
        job.run(control);
        const QMutexLocker lock(&m_mutex);
        m_isRunning = false;
        if (m_again && m_stop.stop_requested() && !m_shutDown)
            put(std::move(job), true);
    }
    if (any)
        Q_EMIT idle();
}

} // namespace pikv::ui
