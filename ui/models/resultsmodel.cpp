// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/resultsmodel.h"
#include "core/codec/registry.h"
#include "ui/models/metrictext.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QFont>
#include <QPalette>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

QString methodLabel(const EvaluationResult& result)
{
    const MethodInfo* info = Registry::instance().find(result.method.id);
    return QString::fromStdString(info ? info->label : result.method.id);
}

QString changedParams(const EvaluationResult& result)
{
    const std::string spec = printSpec(result.method);
    const auto colon = spec.find(':');
    return colon == std::string::npos ? QObject::tr("defaults") : QString::fromStdString(spec.substr(colon + 1));
}

QVariant metricCell(const MetricInfo& metric, const EvaluationResult& result, int role)
{
    const double value = metric.value(result);
    if (role == ResultsModel::RawRole)
        return value;
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::DisplayRole)
        return std::isnan(value) ? QStringLiteral("–") : metricText(metric, value);
    return {};
}

} // namespace

ResultsModel::ResultsModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

int ResultsModel::put(ResultPtr result, bool current)
{
    const auto same = [&](const ResultRow& row) {
        if (row.current != current || row.result->method.id != result->method.id)
            return false;
        return current || (row.result->method == result->method && row.result->importance == result->importance);
    };
    const auto at = std::find_if(m_rows.begin(), m_rows.end(), same);
    if (at != m_rows.end()) {
        const int row = int(at - m_rows.begin());
        *at = { std::move(result), current, false };
        Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
        return row;
    }
    const int row = int(m_rows.size());
    beginInsertRows({}, row, row);
    m_rows.append({ std::move(result), current, false });
    endInsertRows();
    return row;
}

void ResultsModel::setStale(const QString& methodId, bool stale)
{
    for (int row = 0; row < int(m_rows.size()); ++row) {
        ResultRow& r = m_rows[row];
        if (!r.current || r.stale == stale || QString::fromStdString(r.result->method.id) != methodId)
            continue;
        r.stale = stale;
        Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
    }
}

void ResultsModel::removeMethod(const QString& methodId)
{
    QList<int> rows;
    for (int row = 0; row < int(m_rows.size()); ++row)
        if (QString::fromStdString(m_rows.at(row).result->method.id) == methodId)
            rows.append(row);
    removeRowsAt(rows);
}

void ResultsModel::removeRowsAt(QList<int> rows)
{
    std::sort(rows.begin(), rows.end(), std::greater<>());
    for (int row : rows) {
        beginRemoveRows({}, row, row);
        m_rows.removeAt(row);
        endRemoveRows();
    }
}

void ResultsModel::clear()
{
    if (m_rows.isEmpty())
        return;
    beginRemoveRows({}, 0, int(m_rows.size()) - 1);
    m_rows.clear();
    endRemoveRows();
}

int ResultsModel::metricColumn(std::string_view metric) const
{
    const auto& list = metrics();
    for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i].name == metric)
            return FirstMetricColumn + int(i);
    return -1;
}

int ResultsModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_rows.size()); }

int ResultsModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : FirstMetricColumn + int(metrics().size());
}

QVariant ResultsModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ResultRow& row = m_rows.at(index.row());
    const QString id = QString::fromStdString(row.result->method.id);
    switch (role) {
    case MethodIdRole:
        return id;
    case CurrentRole:
        return row.current;
    case StaleRole:
        return row.stale;
    case PreviewRole:
        return row.result->preview;
    case Qt::ForegroundRole:
        return row.stale || row.result->preview ? QVariant(QApplication::palette().color(QPalette::PlaceholderText))
                                                : QVariant();
    case Qt::FontRole: {
        QFont font = QApplication::font();
        font.setBold(row.current); // the form's point among those of the sweep
        return font;
    }
    default:
        break;
    }
    if (index.column() >= FirstMetricColumn)
        return metricCell(metrics()[static_cast<std::size_t>(index.column() - FirstMetricColumn)], *row.result, role);
    if (role == Qt::ToolTipRole)
        return resultTooltip(*row.result, methodLabel(*row.result), nullptr, nullptr);
    if (index.column() == MethodColumn && role == Qt::DecorationRole)
        return methodIcon(id, isDarkPalette(QApplication::palette()));
    if (role != Qt::DisplayRole && role != RawRole)
        return {};
    return index.column() == MethodColumn ? methodLabel(*row.result) : changedParams(*row.result);
}

QVariant ResultsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return QAbstractTableModel::headerData(section, orientation, role);
    if (section < FirstMetricColumn)
        return role == Qt::DisplayRole      ? QVariant(section == MethodColumn ? tr("Method") : tr("Parameters"))
            : role == Qt::TextAlignmentRole ? QVariant(int(Qt::AlignLeft | Qt::AlignVCenter))
                                            : QVariant();
    const MetricInfo& metric = metrics()[static_cast<std::size_t>(section - FirstMetricColumn)];
    if (role == Qt::DisplayRole)
        return QString::fromUtf8(metric.label.data(), qsizetype(metric.label.size()));
    if (role == Qt::ToolTipRole)
        return QString::fromUtf8(metric.help.data(), qsizetype(metric.help.size()));
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    return {};
}

} // namespace pikv::ui
