// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <QAbstractTableModel>
#include <QList>
#include <memory>

namespace pikv::ui {

/// What the bytes of some results are for, a result a row: the parts of the ledger, the whole file, its ratio, the same
/// as published, and what is shared.
class LedgerModel : public QAbstractTableModel {
    Q_OBJECT
public:
    struct Row {
        QString name;
        std::shared_ptr<const EvaluationResult> result;
        bool operator==(const Row&) const = default;
    };
    using QAbstractTableModel::QAbstractTableModel;

    /// Those of the rows whose bytes were counted.
    void setRows(const QList<Row>& rows);
    const QList<Row>& rows() const { return m_rows; }

    /// From here on columns tell of a calibration that several caches share.
    int firstSharedColumn() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    /// Columns with tabs, rows with line ends, as spreadsheets take them.
    QString asText() const;

private:
    QList<Row> m_rows;
};

} // namespace pikv::ui
