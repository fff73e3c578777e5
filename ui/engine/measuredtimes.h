// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pikv::ui {

/// Wall seconds since it was made.
class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - m_start).count(); }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point m_start = Clock::now();
};

/// How long the evaluations of one dump took in this run of the program, by method, for estimates of what is to come.
/// Safe to use from several threads.
class MeasuredTimes {
public:
    /// `coded`: of that, compressing and decompressing; the rest is the metrics' time.
    void addEvaluation(const std::string& method, double seconds, double coded);
    void addScore(const std::string& method, double seconds);

    /// Medians of the method's latest ones; nothing where none was measured.
    std::optional<double> evaluation(const std::string& method) const;
    std::optional<double> score(const std::string& method) const;
    /// The same from times of coding that were measured on another day: these, scaled by what an evaluation took here
    /// beside its coding, where that is known.
    std::optional<double> scaled(const std::vector<double>& coded) const;

private:
    using Times = std::map<std::string, std::vector<double>>;
    mutable std::mutex m_mutex;
    Times m_evaluations, m_scores;
    std::vector<double> m_factors; ///< whole evaluation over coding
};

} // namespace pikv::ui
