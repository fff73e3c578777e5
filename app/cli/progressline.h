// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <chrono>
#include <mutex>
#include <string>

namespace pikv::cli {

/// Progress on standard error. On a terminal one line that is rewritten at most ten times a second; elsewhere a line of
/// its own at most every two seconds, so that logs stay short and short jobs stay silent.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const std::string& activity, const Progress& progress);
    /// Takes the line off the terminal.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    std::mutex m_mutex;
    bool m_terminal;
    bool m_shown = false;
    Clock::time_point m_last;
};

} // namespace pikv::cli
