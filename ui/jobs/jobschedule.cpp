// SPDX-License-Identifier: GPL-3.0-or-later
// The order of jobs. A job that stops for a more urgent one goes back to the front of its own line; one that was
// replaced or dropped while it ran is stopped for good, whatever stopped it before.
#include "ui/jobs/jobschedule.h"
#include <algorithm>
#include <iterator>
#include <utility>

namespace pikv::ui {

JobSchedule::Jobs JobSchedule::takeOut(const std::function<bool(const Job&)>& matches)
{
    Jobs out;
    for (std::deque<Job>& line : m_waiting) {
        const auto kept
            = std::stable_partition(line.begin(), line.end(), [&](const Job& job) { return !matches(job); });
        std::move(kept, line.end(), std::back_inserter(out));
        line.erase(kept, line.end());
    }
    return out;
}

void JobSchedule::makeWay(const Job& job, Clock::time_point now)
{
    if (!m_running)
        return;
    if (job.origin == m_running->origin) {
        m_again = false;
        if (m_running->urgency != Urgency::Preview || now - m_begun >= std::chrono::milliseconds(m_running->grace))
            m_stop.request_stop();
    } else if (job.urgency < m_running->urgency && !m_stop.stop_requested()) { // else it was stopped for good
        m_again = true;
        m_stop.request_stop();
    }
}

JobSchedule::Jobs JobSchedule::push(Job job, Clock::time_point now)
{
    makeWay(job, now);
    Jobs replaced = takeOut([&](const Job& other) { return other.origin == job.origin; });
    waiting(job.urgency).push_back(std::move(job));
    return replaced;
}

JobSchedule::Jobs JobSchedule::pushLive(Job preview, Job full, Clock::time_point now)
{
    Jobs replaced = push(std::move(preview), now);
    waiting(full.urgency).push_back(std::move(full));
    return replaced;
}

JobSchedule::Jobs JobSchedule::drop(const std::function<bool(const Job&)>& matches)
{
    if (m_running && matches(*m_running)) {
        m_again = false;
        m_stop.request_stop();
    }
    return takeOut(matches);
}

const Job* JobSchedule::take(Clock::time_point now)
{
    const auto line = std::find_if(m_waiting.begin(), m_waiting.end(), [](const auto& jobs) { return !jobs.empty(); });
    if (line == m_waiting.end())
        return nullptr;
    m_running = std::move(line->front());
    line->pop_front();
    m_stop = std::stop_source();
    m_again = false;
    m_begun = now;
    return &*m_running;
}

bool JobSchedule::finish(bool stopped)
{
    const bool again = stopped && m_again;
    if (again)
        waiting(m_running->urgency).push_front(std::move(*m_running));
    m_running.reset();
    m_again = false;
    return again;
}

} // namespace pikv::ui
