// SPDX-License-Identifier: GPL-3.0-or-later
// A job: work for the engine's thread, with what becomes of its answer or its failure in the window's thread.
#pragma once
#include "core/base/error.h"
#include "core/base/jobcontrol.h"
#include <QMetaType>
#include <QString>
#include <functional>
#include <string>

namespace pikv::ui {

/// What a job is about.
enum class JobKind {
    OpenDump,
    ListTensors,
    Fingerprint,
    Recall,
    RecallScores,
    SaveDump,
    Compress,
    Calibrate,
    LivePoint,
    SweepPoint,
    LoadModel,
    Capture,
    CaptureTexts,
    NextTokenBaseline,
    NextToken,
    Proxy,
    Continuation
};

/// What a user asked for as a thing of its own, and may have to wait for: not the points of methods, nor what only
/// looks something up.
inline bool isTask(JobKind kind)
{
    switch (kind) {
    case JobKind::OpenDump:
    case JobKind::Fingerprint:
    case JobKind::SaveDump:
    case JobKind::Compress:
    case JobKind::Calibrate:
    case JobKind::LoadModel:
    case JobKind::Capture:
    case JobKind::CaptureTexts:
    case JobKind::NextTokenBaseline:
    case JobKind::Continuation:
        return true;
    default:
        return false;
    }
}

/// How a job ended.
enum class JobEnd { Done, Failed, Cancelled };

/// Tells jobs apart: two of one origin are the same question, and the newer one replaces the older one.
struct JobOrigin {
    JobKind kind = JobKind::OpenDump;
    std::string subject {}; ///< a method's id, a point's spec, a file's path; "" where there is only one of the kind
    friend bool operator==(const JobOrigin&, const JobOrigin&) = default;
};

/// What went wrong, and in which job: only whoever waits for that job needs to react.
struct JobProblem : Problem {
    JobOrigin origin {};
    bool isCancel() const { return kind == ErrorKind::Cancelled; }
};

/// From the most urgent: what the user waits for (open, save), the rough and the full answer to an edit, the points of
/// a sweep.
enum class Urgency { Task, Preview, Full, Sweep };
inline constexpr std::size_t urgencies = 4;

/// Called in the thread of the queue's owner.
using JobAnswer = std::function<void()>;

struct Job {
    /// Stopped at every move of the mouse a preview would never be there, and the point would stand still until the
    /// mouse does.
    static constexpr int previewGrace = 80;

    Urgency urgency = Urgency::Task;
    JobOrigin origin {};
    QString label {}; ///< what runs, for the progress text
    /// In the jobs' thread. May throw anything; throws Error{Cancelled} soon after it was asked to stop.
    std::function<JobAnswer(const JobControl&)> run {};
    /// In the thread of the queue's owner, where no answer is to come: `run` threw, or the job was dropped or replaced
    /// (Cancelled).
    std::function<void(const JobProblem&)> failed {};
    bool apart = false; ///< not about the open dump: stays when that dump's work is dropped
    int grace = previewGrace; ///< ms that a Preview may go on though its successor waits
};

} // namespace pikv::ui

Q_DECLARE_METATYPE(pikv::ui::JobProblem)
