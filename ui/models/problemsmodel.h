// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include <QAbstractTableModel>
#include <QDateTime>
#include <QList>

namespace pikv::ui {

/// What went wrong, newest first and each sentence once, and what to do about it.
class ProblemsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { TimeColumn, MessageColumn, AdviceColumn, ColumnCount };
    struct Entry {
        QDateTime time;
        bool warning = false;
        QString message, advice;
    };
    explicit ProblemsModel(QObject* parent = nullptr);

    void add(const Problem& problem);
    void addWarning(const QString& message);
    void clear();
    int errorCount() const;
    const Entry& entry(int row) const { return m_entries.at(row); }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void prepend(Entry entry);
    QList<Entry> m_entries;
};

} // namespace pikv::ui
