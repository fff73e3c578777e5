// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/cli/progressline.h"
#include "core/base/jobcontrol.h"
#include "core/eval/evaluator.h"
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

namespace pikv::cli {

/// What every command shares: the common options, interruption, and what goes to standard error.
class Invocation {
public:
    explicit Invocation(std::stop_token stop)
        : m_stop(std::move(stop))
    {
    }

    std::string device = "auto";
    int threads = 0; ///< 0: all cores
    std::uint64_t seed = 0;
    bool quiet = false;

    /// A job whose progress is shown as "`activity`: Evaluating layer 3 of 30".
    JobControl job(const std::string& activity = {});
    bool interrupted() const { return m_stop.stop_requested(); }
    DeviceChoice deviceChoice() const { return parseDevice(device); }

    /// A line on standard error: a warning always, but each once, a note unless --quiet.
    void warn(const std::string& message);
    void note(const std::string& message);
    void clearProgress() { m_progress.clear(); }

private:
    std::stop_token m_stop;
    ProgressLine m_progress;
    std::set<std::string> m_warned;
};

} // namespace pikv::cli
