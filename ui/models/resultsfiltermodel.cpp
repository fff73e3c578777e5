// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/resultsfiltermodel.h"
#include "ui/models/resultsmodel.h"
#include <cmath>

namespace pikv::ui {

ResultsFilterModel::ResultsFilterModel(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setDynamicSortFilter(true);
}

void ResultsFilterModel::setFilterText(const QString& text)
{
    m_words = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool ResultsFilterModel::filterAcceptsRow(int sourceRow, const QModelIndex&) const
{
    const auto cell = [&](int column) { return sourceModel()->index(sourceRow, column).data().toString(); };
    const QString text = cell(ResultsModel::MethodColumn) + QLatin1Char(' ') + cell(ResultsModel::ParamsColumn)
        + QLatin1Char(' ') + sourceModel()->index(sourceRow, 0).data(ResultsModel::MethodIdRole).toString();
    return std::all_of(
        m_words.begin(), m_words.end(), [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

bool ResultsFilterModel::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    if (left.column() < ResultsModel::FirstMetricColumn)
        return QString::localeAwareCompare(left.data().toString(), right.data().toString()) < 0;
    const double a = left.data(ResultsModel::RawRole).toDouble(), b = right.data(ResultsModel::RawRole).toDouble();
    if (std::isnan(a) || std::isnan(b))
        return sortOrder() == Qt::AscendingOrder ? !std::isnan(a) : std::isnan(a) && !std::isnan(b);
    return a < b;
}

} // namespace pikv::ui
