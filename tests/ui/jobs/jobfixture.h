// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/jobs/jobqueue.h"
#include <QSignalSpy>
#include <QStringList>
#include <QTest>
#include <QThread>
#include <atomic>

namespace jobfixture {

/// Holds a job in the jobs' thread until it is opened, or asks to be let out when the job is stopped.
struct Gate {
    std::atomic<bool> open = false;
    std::atomic<int> entered = 0;

    void pass(const pikv::JobControl& control)
    {
        ++entered;
        while (!open) {
            control.checkpoint();
            QThread::usleep(200);
        }
    }
    bool waitEntered(int times = 1)
    {
        return QTest::qWaitFor([&] { return entered >= times; }, 20'000);
    }
};

/// How jobs ended, in order: "name" for an answer, "name: cancelled" or "name: message" for a failure.
struct Log {
    QStringList lines;

    pikv::ui::Job job(pikv::ui::Urgency urgency, const std::string& name, Gate* gate = nullptr)
    {
        using namespace pikv::ui;
        Job made;
        made.urgency = urgency;
        made.origin = { urgency == Urgency::Sweep ? JobKind::SweepPoint : JobKind::LivePoint, name };
        made.label = QString::fromStdString(name);
        made.run = [this, name, gate](const pikv::JobControl& control) -> JobAnswer {
            if (gate)
                gate->pass(control);
            return [this, name] { lines << QString::fromStdString(name); };
        };
        made.failed = [this, name](const JobProblem& problem) {
            lines << QString::fromStdString(name + ": " + (problem.isCancel() ? "cancelled" : problem.message));
        };
        return made;
    }
};

} // namespace jobfixture
