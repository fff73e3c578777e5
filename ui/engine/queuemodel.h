// SPDX-License-Identifier: GPL-3.0-or-later
// The table of all work, over the two lists that know it.
#pragma once
#include "ui/engine/sweepqueue.h"
#include "ui/engine/tasklist.h"
#include <QAbstractTableModel>
#include <QTimer>

namespace pikv::ui {

/// Everything that runs, waits and has ended, as a table for a view: tasks, then sweeps, whose active ones can be
/// dragged to another place, then tasks that have ended.
class QueueModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { WorkColumn, StateColumn, ProgressColumn, TimeColumn, ColumnCount };
    enum Role { ActiveRole = Qt::UserRole, MovableRole };
    /// Tells rows apart while others come and go.
    struct Key {
        bool isTask = false;
        quint64 id = 0; ///< 0: none
        bool operator==(const Key&) const = default;
    };
    QueueModel(TaskList* tasks, SweepQueue* sweeps, QObject* parent = nullptr);

    Key keyAt(int row) const;
    int rowOf(const Key& key) const;
    /// One row up or down among the sweeps.
    void move(const Key& key, int rows);
    void cancel(const Key& key);
    /// Forgets what has ended: one, or all.
    void remove(const Key& key);
    void removeEnded();
    bool hasEnded() const;
    int activeCount() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
    QStringList mimeTypes() const override;
    QMimeData* mimeData(const QModelIndexList& indexes) const override;
    /// Moves the row itself; the view has nothing left to do, so it is told that nothing was dropped.
    bool dropMimeData(
        const QMimeData* data, Qt::DropAction action, int row, int column, const QModelIndex& parent) override;

private:
    const TaskList::Task* taskOf(const Key& key) const;
    const SweepQueue::Entry* sweepOf(const Key& key) const;
    QString text(const SweepQueue::Entry& entry, int column) const;
    QString text(const TaskList::Task& task, int column) const;
    bool isActive(const Key& key) const;
    void reload();

    TaskList* m_tasks;
    SweepQueue* m_sweeps;
    std::vector<Key> m_rows;
    QTimer m_refresh; ///< states change at every point; the eye is slower
};

} // namespace pikv::ui
