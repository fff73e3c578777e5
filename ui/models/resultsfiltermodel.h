// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSortFilterProxyModel>

namespace pikv {
struct EvaluationResult;
}

namespace pikv::ui {

/// Results sorted by their raw values (missing ones last in either direction) and filtered by a text whose words must
/// all be found in method or parameters, defaults included ("kivi key_bits=2"), or are bounds of a metric
/// ("attention<0.1", "bits_per_element>2").
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
    struct Bound {
        int column;
        bool less;
        double value;
    };
    const EvaluationResult& resultOf(const QModelIndex& source) const;

    QStringList m_words;
    QList<Bound> m_bounds;
};

} // namespace pikv::ui
