// SPDX-License-Identifier: GPL-3.0-or-later
// Which results a filter text lets through: words of the settings, and conditions on metrics.
#include "ui/models/resultsfiltermodel.h"
#include "core/eval/metrics.h"
#include "ui/models/resultsmodel.h"
#include <QLocale>
#include <QRegularExpression>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

/// Of the metric with that name, or the first whose name begins with it or has it as a word; -1 for none.
int columnOf(const QString& name)
{
    const std::string wanted = name.toStdString();
    const auto& list = metrics();
    const auto matches = [&](const MetricInfo& metric) { return metric.name == wanted; };
    const auto begins = [&](const MetricInfo& metric) { return metric.name.starts_with(wanted); };
    const auto ends = [&](const MetricInfo& metric) { return metric.name.ends_with("_" + wanted); };
    auto at = std::find_if(list.begin(), list.end(), matches);
    if (at == list.end())
        at = std::find_if(list.begin(), list.end(), begins);
    if (at == list.end())
        at = std::find_if(list.begin(), list.end(), ends);
    return at == list.end() ? -1 : ResultsModel::FirstMetricColumn + int(at - list.begin());
}

} // namespace

ResultsFilterModel::ResultsFilterModel(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setDynamicSortFilter(true);
}

void ResultsFilterModel::setFilterText(const QString& text)
{
    static const QRegularExpression bound(QStringLiteral("^([a-z_]+)([<>])=?([0-9.,eE+-]+)$"));
    m_words.clear();
    m_bounds.clear();
    for (const QString& word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
        const QRegularExpressionMatch match = bound.match(word);
        const int column = match.hasMatch() ? columnOf(match.captured(1)) : -1;
        bool ok = false;
        const double value = QLocale::c().toDouble(match.captured(3).replace(QLatin1Char(','), QLatin1Char('.')), &ok);
        if (column >= 0 && ok)
            m_bounds.append({ column, match.captured(2) == QLatin1String("<"), value });
        else
            m_words.append(word);
    }
    invalidateFilter();
}

bool ResultsFilterModel::filterAcceptsRow(int sourceRow, const QModelIndex&) const
{
    if (m_words.isEmpty() && m_bounds.isEmpty())
        return true;
    const QModelIndex first = sourceModel()->index(sourceRow, ResultsModel::MethodColumn);
    const QString text = first.data().toString() + QLatin1Char(' ')
        + first.siblingAtColumn(ResultsModel::ParamsColumn).data().toString() + QLatin1Char(' ')
        + first.data(ResultsModel::MethodIdRole).toString();
    const QString settings = first.data(ResultsModel::SettingsRole).toString();
    const auto has = [&](const QString& word) { // a bare number is meant of what differs from the defaults
        return text.contains(word, Qt::CaseInsensitive)
            || (word.contains(QLatin1Char('=')) && settings.contains(word, Qt::CaseInsensitive));
    };
    const auto keeps = [&](const Bound& bound) { // neither where it was not measured
        const double value = first.siblingAtColumn(bound.column).data(ResultsModel::RawRole).toDouble();
        return bound.less ? value < bound.value : value > bound.value;
    };
    return std::all_of(m_words.begin(), m_words.end(), has) && std::all_of(m_bounds.begin(), m_bounds.end(), keeps);
}

/// Of a cell of the source, which is a ResultsModel.
const EvaluationResult& ResultsFilterModel::resultOf(const QModelIndex& source) const
{
    return *static_cast<const ResultsModel*>(source.model())->row(source.row()).result;
}

bool ResultsFilterModel::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const EvaluationResult &first = resultOf(left), &second = resultOf(right);
    if (left.column() == ResultsModel::MethodColumn && first.method.id == second.method.id)
        return false; // thousands of one method are no work
    if (left.column() < ResultsModel::FirstMetricColumn)
        return QString::localeAwareCompare(left.data().toString(), right.data().toString()) < 0;
    const MetricInfo& metric = metrics()[static_cast<std::size_t>(left.column() - ResultsModel::FirstMetricColumn)];
    const double a = metric.value(first), b = metric.value(second);
    if (std::isnan(a) || std::isnan(b))
        return sortOrder() == Qt::AscendingOrder ? !std::isnan(a) : std::isnan(a) && !std::isnan(b);
    return a < b;
}

} // namespace pikv::ui
