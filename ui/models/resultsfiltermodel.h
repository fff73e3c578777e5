// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSortFilterProxyModel>

namespace pikv::ui {

/// Results sorted by their raw values (missing ones last in either direction) and filtered by a text that method or
/// parameters must contain; several words must all be found.
class ResultsFilterModel : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit ResultsFilterModel(QObject* parent = nullptr);

public Q_SLOTS:
    void setFilterText(const QString& text);

protected:
    bool filterAcceptsRow(int sourceRow, const QModelIndex& sourceParent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList m_words;
};

} // namespace pikv::ui
