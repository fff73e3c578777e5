// SPDX-License-Identifier: GPL-3.0-or-later
// The jobs' line as a list for the eye.
#include "ui/engine/tasklist.h"
#include <QFileInfo>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr std::size_t mostEnded = 20;

/// What it leaves is something that the user may look for.
bool isKept(JobKind kind)
{
    return kind == JobKind::SaveDump || kind == JobKind::Compress || kind == JobKind::Calibrate
        || kind == JobKind::Capture || kind == JobKind::CaptureTexts;
}

} // namespace

std::optional<double> TaskList::Task::secondsLeft() const
{
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (state != State::Running || done <= 0 || total <= done || spent < 1)
        return {};
    return spent * (total - done) / done;
}

TaskList::TaskList(JobQueue* queue, QObject* parent)
    : QObject(parent)
    , m_queue(queue)
{
    connect(queue, &JobQueue::taskQueued, this, &TaskList::noteQueued);
    connect(queue, &JobQueue::taskEnded, this, &TaskList::noteEnded);
    connect(queue, &JobQueue::taskBegan, this, [this](const JobOrigin& origin) {
        const auto task = active(origin);
        if (task == m_tasks.end())
            return;
        task->state = State::Running;
        task->began = std::chrono::steady_clock::now();
        Q_EMIT stateChanged();
    });
    connect(queue, &JobQueue::progressed, this,
        [this](Urgency, const QString& label, const QString& stage, int done, int total) {
            for (Task& task : m_tasks) {
                if (task.state != State::Running || !task.title.startsWith(label))
                    continue;
                if (task.label != stage)
                    task.began = std::chrono::steady_clock::now();
                task.label = stage;
                task.done = done;
                task.total = total;
                Q_EMIT stateChanged();
            }
        });
}

std::vector<TaskList::Task>::iterator TaskList::active(const JobOrigin& origin)
{
    return std::find_if(
        m_tasks.begin(), m_tasks.end(), [&](const Task& task) { return task.isActive() && task.origin == origin; });
}

void TaskList::noteQueued(const JobOrigin& origin, const QString& label)
{
    const QString file = QFileInfo(QString::fromStdString(origin.subject)).fileName();
    Task task { ++m_lastId, origin, isKept(origin.kind) && !file.isEmpty() ? label + QLatin1Char(' ') + file : label };
    if (const auto before = active(origin); before != m_tasks.end()) {
        task.id = before->id;
        *before = std::move(task); // it makes way, and begins anew
    } else {
        const auto ended
            = std::find_if(m_tasks.begin(), m_tasks.end(), [](const Task& one) { return !one.isActive(); });
        m_tasks.insert(ended, std::move(task));
    }
    Q_EMIT listChanged();
}

void TaskList::noteEnded(const JobOrigin& origin, JobEnd end)
{
    const auto at = active(origin);
    if (at == m_tasks.end())
        return;
    at->state = end == JobEnd::Done ? State::Finished : end == JobEnd::Failed ? State::Failed : State::Cancelled;
    if (!isKept(origin.kind))
        m_tasks.erase(at);
    std::stable_partition(m_tasks.begin(), m_tasks.end(), [](const Task& task) { return task.isActive(); });
    while (!m_tasks.empty() && !m_tasks.back().isActive() && m_tasks.size() > mostEnded)
        m_tasks.pop_back();
    Q_EMIT listChanged();
}

void TaskList::cancel(quint64 id)
{
    for (const Task& task : m_tasks)
        if (task.id == id && task.isActive())
            return m_queue->drop(JobOrigin(task.origin));
}

void TaskList::remove(quint64 id)
{
    if (std::erase_if(m_tasks, [&](const Task& task) { return task.id == id && !task.isActive(); }) > 0)
        Q_EMIT listChanged();
}

void TaskList::removeEnded()
{
    if (std::erase_if(m_tasks, [](const Task& task) { return !task.isActive(); }) > 0)
        Q_EMIT listChanged();
}

} // namespace pikv::ui
