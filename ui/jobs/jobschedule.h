// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/jobs/job.h"
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

namespace pikv::ui {

/// Which job is next, and which has to stop for it: the rules of JobQueue, without its thread. Not thread-safe.
class JobSchedule {
public:
    using Clock = std::chrono::steady_clock;
    using Jobs = std::vector<Job>;

    /// Adds a job in place of all earlier ones of its origin. What runs is asked to stop where the job replaces it (a
    /// preview may use up its grace first) or is more urgent (it will be done again). Returns the waiting jobs that it
    /// replaced.
    Jobs push(Job job, Clock::time_point now = Clock::now());
    /// Both at once: pushed one by one the thread might begin the one and take the other for its successor.
    Jobs pushLive(Job preview, Job full, Clock::time_point now = Clock::now());
    /// Takes the matching jobs out, and stops the running one for good where it matches. Returns those that waited.
    Jobs drop(const std::function<bool(const Job&)>& matches);

    /// Begins the most urgent waiting job, the oldest of them; null where none waits. It stays where it is until
    /// finish().
    const Job* take(Clock::time_point now = Clock::now());
    /// Null while nothing runs.
    const Job* running() const { return m_running ? &*m_running : nullptr; }
    /// Of the running job.
    std::stop_token stopToken() const { return m_stop.get_token(); }
    /// The running job has ended, `stopped` where it did not get to its end. True where it waits to be done again.
    bool finish(bool stopped);

private:
    void makeWay(const Job& job, Clock::time_point now);
    Jobs takeOut(const std::function<bool(const Job&)>& matches);
    std::deque<Job>& waiting(Urgency urgency) { return m_waiting[static_cast<std::size_t>(urgency)]; }

    std::array<std::deque<Job>, urgencies> m_waiting;
    std::optional<Job> m_running;
    std::stop_source m_stop;
    bool m_again = false; ///< the running job stops for a more urgent one only
    Clock::time_point m_begun;
};

} // namespace pikv::ui
