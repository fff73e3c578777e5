// SPDX-License-Identifier: GPL-3.0-or-later
// The table of the next-token tab.
#pragma once
#include "ui/engine/scoring.h"
#include <QAbstractTableModel>
#include <QList>
#include <optional>

namespace pikv::ui {

/// What the next-token test, or its proxy, found for one method.
struct NextTokenEntry {
    QString method; ///< id; "" for the uncompressed cache; controlName for it in another order
    NextTokenPtr full, preview; ///< preview: newer than `full` and of the first positions only, else null
    std::optional<ProxyResult> proxy;
    QString failure; ///< why there is nothing newer
    bool stale = false; ///< a newer result is on its way

    bool isControl() const { return method == QLatin1String(controlName); }
    bool isMethod() const { return !method.isEmpty() && !isControl(); }
};

/// The figures of every method, the uncompressed cache and the control first: what table, bars and curves of the tab
/// share.
class NextTokenModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        MethodColumn,
        StoredColumn,
        FirstFigureColumn ///< nextTokenMetrics() by rank from here on
    };
    using QAbstractTableModel::QAbstractTableModel;

    /// The uncompressed cache, and a row that waits for its control; null: nothing at all.
    void reset(const NextTokenPtr& baseline);
    /// Keeps the methods' rows in this order; new ones wait for their first result.
    void setMethods(const QStringList& ids);
    void setStale(const QString& method, bool stale);
    /// No newer results are to come.
    void settle();
    void put(const NextTokenPtr& result, bool latest);
    void putProxy(const QString& method, const ProxyResult& result);
    void setFailure(const QString& method, const QString& reason);

    const QList<NextTokenEntry>& entries() const { return m_entries; }
    const NextTokenEntry* entry(const QString& method) const;
    /// The newest figures of the entry at one of the positions; null where there are none.
    static const NextTokenPosition* positionOf(const NextTokenEntry& entry, int index);
    int positionCount() const;
    static QString nameOf(const QString& method);
    /// "proxy: …" where rows show the proxy.
    QString proxyLabel() const;

    /// Of a metric, by its CSV name; -1 for none.
    static int columnOf(std::string_view metric);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    /// Any figure; after the signals of the table.
    void figuresChanged();

private:
    NextTokenEntry* find(const QString& method);
    void changed(const NextTokenEntry* entry);
    QString cell(const NextTokenEntry& entry, int column) const;

    QList<NextTokenEntry> m_entries;
};

} // namespace pikv::ui
