// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include <functional>
#include <limits>
#include <stop_token>
#include <string>

namespace pikv {

/// Where a job stands: "Encoding layer 7 of 32" is {"Encoding layer", 7, 32}.
struct Progress {
    std::string stage;
    int done = 0;
    int total = 0;
    /// A number worth a curve while the job runs, such as a training loss; NaN where there is none.
    double value = std::numeric_limits<double>::quiet_NaN();
};
using ProgressSink = std::function<void(const Progress&)>;

/// What a running job knows of the outside: whether to stop, and whom to tell how far it is.
/// Jobs call checkpoint() at least every 50 ms of work. A default-constructed one never stops and tells nobody.
class JobControl {
public:
    JobControl() = default;
    explicit JobControl(std::stop_token stop, ProgressSink sink = {})
        : m_stop(std::move(stop))
        , m_sink(std::move(sink))
    {
    }
    bool stopRequested() const { return m_stop.stop_requested(); }
    /// Throws Error{Cancelled} when the job was asked to stop.
    void checkpoint() const
    {
        if (stopRequested())
            throw cancelledError();
    }
    void report(const Progress& progress) const
    {
        if (m_sink)
            m_sink(progress);
    }
    const std::stop_token& stopToken() const { return m_stop; }

private:
    std::stop_token m_stop;
    ProgressSink m_sink;
};

} // namespace pikv
