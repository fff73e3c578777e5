// SPDX-License-Identifier: GPL-3.0-or-later
// Two lists in one. Another list resets the model: what a view has selected is found again by its key.
#include "ui/engine/queuemodel.h"
#include "ui/models/counted.h"
#include "ui/models/durationtext.h"
#include <QFileInfo>
#include <QMimeData>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr int refreshInterval = 100; ///< ms
const QString rowFormat = QStringLiteral("application/x-pikv-sweep");

QString stateText(SweepQueue::State state, bool isPaused)
{
    using State = SweepQueue::State;
    switch (state) {
    case State::Waiting:
        return isPaused ? QueueModel::tr("Paused") : QueueModel::tr("Waiting");
    case State::Running:
        return isPaused ? QueueModel::tr("Pausing") : QueueModel::tr("Running");
    case State::Finished:
        return QueueModel::tr("Finished");
    case State::Cancelled:
        return QueueModel::tr("Cancelled");
    case State::Interrupted:
        return QueueModel::tr("Interrupted");
    }
    return {};
}

QString stateText(TaskList::State state)
{
    using State = TaskList::State;
    switch (state) {
    case State::Waiting:
        return QueueModel::tr("Waiting");
    case State::Running:
        return QueueModel::tr("Running");
    case State::Finished:
        return QueueModel::tr("Finished");
    case State::Failed:
        return QueueModel::tr("Failed");
    case State::Cancelled:
        return QueueModel::tr("Cancelled");
    }
    return {};
}

QString timeText(bool isActive, const std::optional<double>& seconds)
{
    return !isActive ? QString() : seconds ? durationText(*seconds) : QueueModel::tr("unknown");
}

QString dumpNames(const SweepOrder& order)
{
    QStringList names { QFileInfo(order.dump).fileName() };
    for (const QString& other : order.others)
        names << QFileInfo(other).fileName();
    return names.join(QStringLiteral(", "));
}

} // namespace

QueueModel::QueueModel(TaskList* tasks, SweepQueue* sweeps, QObject* parent)
    : QAbstractTableModel(parent)
    , m_tasks(tasks)
    , m_sweeps(sweeps)
{
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(refreshInterval);
    connect(&m_refresh, &QTimer::timeout, this, [this] {
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    });
    const auto later = [this] {
        if (!m_refresh.isActive())
            m_refresh.start();
    };
    connect(sweeps, &SweepQueue::listChanged, this, &QueueModel::reload);
    connect(sweeps, &SweepQueue::stateChanged, this, later);
    connect(tasks, &TaskList::listChanged, this, &QueueModel::reload);
    connect(tasks, &TaskList::stateChanged, this, later);
}

void QueueModel::reload()
{
    beginResetModel();
    m_rows.clear();
    for (const TaskList::Task& task : m_tasks->tasks())
        if (task.isActive())
            m_rows.push_back({ true, task.id });
    for (const SweepQueue::Entry& entry : m_sweeps->entries())
        m_rows.push_back({ false, entry.id });
    for (const TaskList::Task& task : m_tasks->tasks())
        if (!task.isActive())
            m_rows.push_back({ true, task.id });
    endResetModel();
}

// Rows and what is behind them

QueueModel::Key QueueModel::keyAt(int row) const
{
    return row >= 0 && row < rowCount() ? m_rows[std::size_t(row)] : Key();
}

int QueueModel::rowOf(const Key& key) const
{
    const auto at = std::find(m_rows.begin(), m_rows.end(), key);
    return at == m_rows.end() ? -1 : int(at - m_rows.begin());
}

const TaskList::Task* QueueModel::taskOf(const Key& key) const
{
    const auto& tasks = m_tasks->tasks();
    const auto at = std::find_if(
        tasks.begin(), tasks.end(), [&](const TaskList::Task& task) { return key.isTask && task.id == key.id; });
    return at == tasks.end() ? nullptr : &*at;
}

const SweepQueue::Entry* QueueModel::sweepOf(const Key& key) const
{
    const auto& entries = m_sweeps->entries();
    const auto at = std::find_if(entries.begin(), entries.end(),
        [&](const SweepQueue::Entry& entry) { return !key.isTask && entry.id == key.id; });
    return at == entries.end() ? nullptr : &*at;
}

bool QueueModel::isActive(const Key& key) const
{
    const TaskList::Task* task = taskOf(key);
    const SweepQueue::Entry* sweep = sweepOf(key);
    return (task && task->isActive()) || (sweep && sweep->isActive());
}

void QueueModel::move(const Key& key, int rows)
{
    if (const SweepQueue::Entry* entry = sweepOf(key))
        m_sweeps->move(key.id, int(entry - m_sweeps->entries().data()) + rows);
}

void QueueModel::cancel(const Key& key)
{
    if (key.isTask)
        m_tasks->cancel(key.id);
    else
        m_sweeps->cancel(key.id);
}

void QueueModel::remove(const Key& key)
{
    if (key.isTask)
        m_tasks->remove(key.id);
    else
        m_sweeps->remove(key.id);
}

void QueueModel::removeEnded()
{
    m_tasks->removeEnded();
    m_sweeps->removeEnded();
}

bool QueueModel::hasEnded() const { return activeCount() < rowCount(); }

int QueueModel::activeCount() const
{
    return int(std::count_if(m_rows.begin(), m_rows.end(), [this](const Key& key) { return isActive(key); }));
}

// Cells

int QueueModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_rows.size()); }
int QueueModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QString QueueModel::text(const SweepQueue::Entry& entry, int column) const
{
    switch (column) {
    case WorkColumn:
        return entry.order.isAutomatic()
            ? tr("%1 (default sweep)").arg(entry.title)
            : entry.title + (entry.order.grid.nextToken ? tr(", with next-token KL") : QString())
                + (entry.order.others.isEmpty() ? QString() : tr(", over %1 dumps").arg(entry.order.others.size() + 1));
    case StateColumn:
        return stateText(entry.state, m_sweeps->isPaused());
    case ProgressColumn: {
        const QString points = counted(entry.total, tr("point"), tr("points"));
        const QString done
            = entry.done == entry.total ? points : tr("%1 of %2").arg(QString::number(entry.done), points);
        return entry.failed > 0 ? tr("%1, %2 failed").arg(done).arg(entry.failed) : done;
    }
    default:
        return timeText(entry.isActive(), entry.isActive() ? m_sweeps->secondsLeft(entry) : std::nullopt);
    }
}

QString QueueModel::text(const TaskList::Task& task, int column) const
{
    switch (column) {
    case WorkColumn:
        return task.title;
    case StateColumn:
        return stateText(task.state);
    case ProgressColumn:
        return !task.isActive() ? QString()
            : task.total > 0    ? tr("%1, %2 of %3").arg(task.label).arg(task.done).arg(task.total)
                                : task.label;
    default:
        return timeText(task.isActive(), task.secondsLeft());
    }
}

QVariant QueueModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Key key = keyAt(index.row());
    const TaskList::Task* task = taskOf(key);
    const SweepQueue::Entry* sweep = sweepOf(key);
    switch (role) {
    case Qt::DisplayRole:
        return sweep ? text(*sweep, index.column()) : task ? text(*task, index.column()) : QString();
    case Qt::ToolTipRole:
        if (sweep && !sweep->order.isAutomatic())
            return tr("%1\nImportance: %2\nDump: %3")
                .arg(sweep->title, QString::fromStdString(printImportances(sweep->order.grid.importances)),
                    dumpNames(sweep->order));
        return data(index, Qt::DisplayRole);
    case ActiveRole:
        return isActive(key);
    case MovableRole:
        return sweep && sweep->isActive();
    default:
        return {};
    }
}

QVariant QueueModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return QAbstractTableModel::headerData(section, orientation, role);
    const QStringList titles { tr("Work"), tr("State"), tr("Progress"), tr("Time left") };
    return titles.value(section);
}

// Dragging

Qt::ItemFlags QueueModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags all = QAbstractTableModel::flags(index);
    if (!index.isValid())
        return all | Qt::ItemIsDropEnabled;
    return index.data(MovableRole).toBool() ? all | Qt::ItemIsDragEnabled : all;
}

QStringList QueueModel::mimeTypes() const { return { rowFormat }; }

QMimeData* QueueModel::mimeData(const QModelIndexList& indexes) const
{
    auto* data = new QMimeData;
    if (!indexes.isEmpty())
        data->setData(rowFormat, QByteArray::number(keyAt(indexes.front().row()).id)); // rows may move meanwhile
    return data;
}

bool QueueModel::dropMimeData(
    const QMimeData* data, Qt::DropAction action, int row, int column, const QModelIndex& parent)
{
    Q_UNUSED(column)
    const Key key { false, data->data(rowFormat).toULongLong() };
    const int from = rowOf(key);
    if (action != Qt::MoveAction || from < 0)
        return false;
    int to = row >= 0 ? row : parent.isValid() ? parent.row() : rowCount();
    if (row >= 0 && from < row)
        --to; // the gap that the row leaves
    move(key, to - from);
    return false;
}

} // namespace pikv::ui
