// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/jobs/jobqueue.h"
#include <QObject>
#include <QString>
#include <chrono>
#include <optional>
#include <vector>

namespace pikv::ui {

/// What runs and waits beside live points and sweeps: opening, saving, learning, models. The newest of what has ended
/// stays for a while where it was asked for as a thing to keep.
class TaskList : public QObject {
    Q_OBJECT
public:
    enum class State { Waiting, Running, Finished, Failed, Cancelled };
    struct Task {
        quint64 id = 0;
        JobOrigin origin;
        QString title; ///< "Saving prompt.pikv"
        State state = State::Waiting;
        QString label {}; ///< of its progress
        int done = 0, total = 0; ///< of its present stage; 0: not known
        std::chrono::steady_clock::time_point began {};
        bool isActive() const { return state == State::Waiting || state == State::Running; }
        /// Of the present stage, by what of it is done; nothing while that says little.
        std::optional<double> secondsLeft() const;
    };

    explicit TaskList(JobQueue* queue, QObject* parent = nullptr);

    /// Active ones in the order of asking, then what has ended.
    const std::vector<Task>& tasks() const { return m_tasks; }
    void cancel(quint64 id);
    /// Forgets one that has ended.
    void remove(quint64 id);
    void removeEnded();

Q_SIGNALS:
    void listChanged();
    void stateChanged();

private:
    std::vector<Task>::iterator active(const JobOrigin& origin);
    void noteQueued(const JobOrigin& origin, const QString& label);
    void noteEnded(const JobOrigin& origin, JobEnd end);

    JobQueue* m_queue;
    std::vector<Task> m_tasks;
    quint64 m_lastId = 0;
};

} // namespace pikv::ui
