// SPDX-License-Identifier: GPL-3.0-or-later
// The results of the open dump as an item model; charts and table read it.
#pragma once
#include "core/eval/evaluator.h"
#include "ui/models/settingsindex.h"
#include <QAbstractTableModel>
#include <QList>
#include <functional>
#include <memory>

namespace pikv::ui {

using ResultPtr = std::shared_ptr<const EvaluationResult>;

/// One row of the results table. A row is a configured method with its importance source; its result is replaced in
/// place when a newer one arrives (preview first, full result after it).
struct ResultRow {
    ResultPtr result;
    bool current = false; ///< the method at the parameters of the form ("live" point), not a point of a sweep
    bool stale = false; ///< a newer result is being computed; the old one stays on screen
    ResultPtr
        swept; ///< of a current row: the sweep's point of the same settings, which is shown apart once they differ
};

/// Results as a table: first columns method and parameters, then every metric of pikv::metrics(). The one model that
/// table and charts share; its rows are what charts draw, its selection is the brushing bus.
class ResultsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { MethodColumn, ParamsColumn, FirstMetricColumn };
    enum Role {
        RawRole = Qt::UserRole, ///< double of a metric cell, for sorting and export
        MethodIdRole, ///< QString, of any cell of a row
        CurrentRole, ///< bool
        StaleRole, ///< bool
        PreviewRole, ///< bool
        SettingsRole, ///< QString: every parameter as name=value, defaults included
    };
    explicit ResultsModel(QObject* parent = nullptr);

    /// Replaces the row of the same settings, or the current row of the same method when `current`; else appends.
    /// Every configuration has one row: a point of a sweep at the settings of the form is its current row. Returns the
    /// row.
    int put(ResultPtr result, bool current);
    /// Appends points of sweeps at once, each of another configuration; those of which there is a row are left out.
    void addSwept(const QList<ResultPtr>& results);
    /// Gives points of sweeps that have none the next-token figures that `scoreOf` knows; null: none.
    void scoreSwept(const std::function<const NextTokenMetrics*(const EvaluationResult&)>& scoreOf);
    /// The method's row at the parameters of the form; -1 where there is none.
    int currentRow(const QString& methodId) const;
    QList<ResultRow> rowsOf(const QString& methodId) const;
    /// Brings rows back that were taken out; what is there already of their settings stays.
    void restore(const QList<ResultRow>& rows);
    /// All points of sweeps.
    void removeSweep();
    void setStale(const QString& methodId, bool stale);
    void removeMethod(const QString& methodId);
    void removeRowsAt(QList<int> rows);
    void clear();
    /// Caches that share a calibration in the amortised ratio, 1 at first: of every result that is here and to come.
    void setSharedCaches(int caches);
    const ResultRow& row(int index) const { return m_rows.at(index); }
    int resultCount() const { return int(m_rows.size()); }
    int metricColumn(std::string_view metric) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void append(QList<ResultRow> rows);
    int replace(int row, ResultRow with);
    int rowOf(const EvaluationResult& result) const;
    int putCurrent(ResultPtr result);

    QList<ResultRow> m_rows;
    SettingsIndex m_index; ///< of m_rows
    int m_sharedCaches = 1;
};

} // namespace pikv::ui
