// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/invocation.h"
#include "app/cli/output.h"

namespace pikv::cli {

JobControl Invocation::job(const std::string& activity)
{
    if (quiet)
        return JobControl(m_stop);
    return JobControl(m_stop, [this, activity](const Progress& progress) { m_progress.show(activity, progress); });
}

void Invocation::warn(const std::string& message)
{
    if (!m_warned.insert(message).second)
        return; // what holds of a dump or a method would come with every result
    m_progress.clear();
    writeErrorLine("warning: " + message);
}

void Invocation::note(const std::string& message)
{
    m_progress.clear();
    if (!quiet)
        writeErrorLine(message);
}

} // namespace pikv::cli
