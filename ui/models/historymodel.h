// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "history/catalogue.h"
#include <QAbstractTableModel>
#include <QList>

namespace pikv::ui {

/// Stored results as a table: a star to check, a note to write, and what was measured.
class HistoryModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Star, Time, Dump, Method, Importance, Bits, AttentionError, Engine, Note, ColumnCount };
    explicit HistoryModel(QObject* parent = nullptr);

    /// A stored result with those of its figures that are shown.
    struct Row {
        /// Reads the figures, which takes too long for the window's thread where there are many.
        explicit Row(history::Entry stored);

        history::Entry entry;
        double bits, attentionError; ///< NaN where the method is no more
    };
    void setRows(std::vector<Row> rows);
    const history::Entry& entry(int row) const { return m_rows.at(std::size_t(row)).entry; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    /// Stars and notes; starChosen() or noteChosen() tells who keeps them.
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    void starChosen(qlonglong id, bool star);
    void noteChosen(qlonglong id, const QString& note);

private:
    QString text(const Row& row, int column) const;

    std::vector<Row> m_rows;
};

} // namespace pikv::ui
