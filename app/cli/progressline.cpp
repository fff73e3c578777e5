// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/progressline.h"
#include "app/cli/output.h"
#include <sys/ioctl.h>
#include <unistd.h>

namespace pikv::cli {
namespace {

std::string lineOf(const std::string& activity, const Progress& progress)
{
    std::string line = activity.empty() ? progress.stage : activity + ": " + progress.stage;
    if (progress.total > 0)
        line += " " + std::to_string(progress.done) + " of " + std::to_string(progress.total);
    return line;
}

/// A line that wraps could not be rewritten.
std::size_t terminalWidth()
{
    struct ::winsize size { };
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79u;
}

} // namespace

ProgressLine::ProgressLine()
    : m_terminal(::isatty(STDERR_FILENO) != 0)
    , m_last(m_terminal ? Clock::time_point() : Clock::now())
{
}

void ProgressLine::show(const std::string& activity, const Progress& progress)
{
    const std::scoped_lock lock(m_mutex);
    const auto now = Clock::now();
    if (now - m_last < (m_terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(2000)))
        return;
    m_last = now;
    const std::string line = lineOf(activity, progress);
    writeError(m_terminal ? "\r\033[K" + line.substr(0, terminalWidth()) : "pikv: " + line + "\n");
    m_shown = m_terminal;
}

void ProgressLine::clear()
{
    const std::scoped_lock lock(m_mutex);
    if (m_shown)
        writeError("\r\033[K");
    m_shown = false;
}

} // namespace pikv::cli
