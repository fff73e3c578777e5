// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace pikv {

/// How far a method's training of one layer is: a point of a curve.
struct TrainingPoint {
    std::string curve; ///< what is trained: "keys" or "values"
    int layer = 0, layers = 1; ///< of the model, from 0; how many it has
    int step = 0; ///< steps done; 0 begins a curve
    double loss = 0; ///< error energy over signal energy
};

/// Where a job stands: "Encoding layer 7 of 32" is {"Encoding layer", 7, 32}.
struct Progress {
    std::string stage;
    int done = 0;
    int total = 0;
    std::optional<TrainingPoint> training {}; ///< where this is a step of a training
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
