// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include "core/base/jobcontrol.h"
#include "core/model/model.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pikv {
class NextTokenSession;
class Study;
}

namespace pikv::ui {

/// The next-token test of a sweep's points: opened, model included, when the first of them needs it.
class SweepTest {
public:
    /// One that is open already, or `model`, or where that is null the one at `path`; `predict` positions, 0:
    /// defaultPositions().
    SweepTest(std::shared_ptr<NextTokenSession> open, ModelPtr model, std::string path, std::int64_t predict);

    /// In the jobs' thread, with studies of one dump. Throws Error; what was wrong the first time is said again.
    std::shared_ptr<NextTokenSession> session(const Study& study, const JobControl& job);
    /// The same model's test of another dump. In the jobs' thread.
    std::shared_ptr<SweepTest> another() const;
    /// The model's path, for the command line.
    const std::string& modelPath() const { return m_path; }

private:
    std::shared_ptr<NextTokenSession> m_session;
    ModelPtr m_model;
    std::string m_path;
    std::int64_t m_predict;
    std::optional<Problem> m_problem;
};

} // namespace pikv::ui
