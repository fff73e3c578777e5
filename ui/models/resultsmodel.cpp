// SPDX-License-Identifier: GPL-3.0-or-later
// The table of results: live points, and points of sweeps, each configured method once.
#include "ui/models/resultsmodel.h"
#include "core/codec/registry.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QFont>
#include <QPalette>
#include <algorithm>
#include <cmath>
#include <utility>

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

QString allParams(const EvaluationResult& result)
{
    QStringList list;
    const MethodInfo* info = Registry::instance().find(result.method.id);
    for (const ParamSpec& param : info ? info->params : std::vector<ParamSpec>())
        list << QString::fromStdString(param.name + "=" + printParam(result.method.params.value(param.name)));
    return list.join(QLatin1Char(' '));
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

ResultPtr sharedBy(ResultPtr result, int caches)
{
    if (!result || result->sharedCaches == caches)
        return result;
    auto copy = std::make_shared<EvaluationResult>(*result);
    copy->sharedCaches = caches;
    return copy;
}

} // namespace

ResultsModel::ResultsModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

/// All at once: views and charts do their work once for them.
void ResultsModel::append(QList<ResultRow> rows)
{
    if (rows.isEmpty())
        return;
    beginInsertRows({}, int(m_rows.size()), int(m_rows.size() + rows.size()) - 1);
    for (ResultRow& row : rows) {
        row.result = sharedBy(std::move(row.result), m_sharedCaches);
        row.swept = sharedBy(std::move(row.swept), m_sharedCaches);
        m_index.append(*row.result);
    }
    m_rows.append(std::move(rows));
    endInsertRows();
}

int ResultsModel::replace(int row, ResultRow with)
{
    with.result = sharedBy(std::move(with.result), m_sharedCaches);
    with.swept = sharedBy(std::move(with.swept), m_sharedCaches);
    m_index.replace(row, *with.result);
    m_rows[row] = std::move(with);
    Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
    return row;
}

int ResultsModel::rowOf(const EvaluationResult& result) const
{
    for (const int row : m_index.candidates(result))
        if (sameSettings(*m_rows.at(row).result, result))
            return row;
    return -1;
}

int ResultsModel::currentRow(const QString& methodId) const
{
    const auto at = std::find_if(m_rows.begin(), m_rows.end(),
        [id = methodId.toStdString()](const ResultRow& row) { return row.current && row.result->method.id == id; });
    return at == m_rows.end() ? -1 : int(at - m_rows.begin());
}

int ResultsModel::put(ResultPtr result, bool current)
{
    if (current)
        return putCurrent(std::move(result));
    const int row = rowOf(*result);
    if (row < 0) {
        append({ { std::move(result), false, false, {} } });
        return int(m_rows.size()) - 1;
    }
    ResultRow merged = m_rows.at(row);
    if (merged.current) {
        merged.swept = result;
        if (merged.result->preview)
            merged.result = result; // the same settings, in full
    } else {
        merged.result = result;
    }
    return replace(row, std::move(merged));
}

void ResultsModel::addSwept(const QList<ResultPtr>& results)
{
    QList<ResultRow> fresh;
    for (const ResultPtr& result : results)
        if (rowOf(*result) < 0)
            fresh.append({ result, false, false, {} });
    append(std::move(fresh));
}

void ResultsModel::scoreSwept(const std::function<const NextTokenMetrics*(const EvaluationResult&)>& scoreOf)
{
    for (ResultRow& row : m_rows) {
        ResultPtr& swept = row.current ? row.swept : row.result;
        const NextTokenMetrics* score = swept && !hasNextToken(swept->nextToken) ? scoreOf(*swept) : nullptr;
        if (!score)
            continue;
        auto scored = std::make_shared<EvaluationResult>(*swept);
        scored->nextToken = *score;
        swept = scored;
    }
    if (!m_rows.isEmpty())
        Q_EMIT dataChanged(index(0, 0), index(int(m_rows.size()) - 1, columnCount() - 1));
}

/// The form's point leaves the sweep's point that it stood on, and takes in the one that it comes to.
int ResultsModel::putCurrent(ResultPtr result)
{
    int row = currentRow(QString::fromStdString(result->method.id));
    ResultPtr left = row < 0 ? nullptr : m_rows.at(row).swept, taken;
    if (left && sameSettings(*left, *result))
        taken = std::exchange(left, nullptr);
    if (const int met = rowOf(*result); met >= 0 && met != row) {
        taken = m_rows.at(met).result;
        if (row < 0)
            row = met;
        else
            removeRowsAt({ met });
        row = row > met ? row - 1 : row;
    }
    if (taken && result->preview)
        result = taken; // better than a preview of the same
    if (row < 0)
        append({ { result, true, false, taken } });
    else
        replace(row, { result, true, false, taken });
    if (left)
        append({ { left, false, false, {} } });
    return row < 0 ? currentRow(QString::fromStdString(result->method.id)) : row;
}

QList<ResultRow> ResultsModel::rowsOf(const QString& methodId) const
{
    QList<ResultRow> rows;
    const std::string id = methodId.toStdString();
    for (const ResultRow& row : m_rows)
        if (row.result->method.id == id)
            rows.append(row);
    return rows;
}

void ResultsModel::restore(const QList<ResultRow>& rows)
{
    QList<ResultRow> missing;
    for (const ResultRow& row : rows) {
        const bool currentThere = row.current && currentRow(QString::fromStdString(row.result->method.id)) >= 0;
        if (rowOf(*row.result) < 0)
            missing.append({ row.result, row.current && !currentThere, false, row.swept });
    }
    append(std::move(missing));
}

void ResultsModel::removeSweep()
{
    QList<int> rows;
    for (int row = 0; row < int(m_rows.size()); ++row) {
        m_rows[row].swept = nullptr;
        if (!m_rows.at(row).current)
            rows << row;
    }
    removeRowsAt(rows);
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
    const std::string id = methodId.toStdString();
    for (int row = 0; row < int(m_rows.size()); ++row)
        if (m_rows.at(row).result->method.id == id)
            rows.append(row);
    removeRowsAt(rows);
}

void ResultsModel::removeRowsAt(QList<int> rows)
{
    std::sort(rows.begin(), rows.end(), std::greater<>());
    for (qsizetype i = 0; i < rows.size();) { // a run of neighbours at once: views and charts do their work once for it
        const int last = rows.at(i);
        int first = last;
        while (++i < rows.size() && rows.at(i) == first - 1)
            --first;
        beginRemoveRows({}, first, last);
        m_rows.remove(first, last - first + 1);
        m_index.remove(first, last - first + 1);
        endRemoveRows();
    }
}

void ResultsModel::clear()
{
    if (m_rows.isEmpty())
        return;
    beginRemoveRows({}, 0, int(m_rows.size()) - 1);
    m_rows.clear();
    m_index.clear();
    endRemoveRows();
}

void ResultsModel::setSharedCaches(int caches)
{
    if (std::exchange(m_sharedCaches, caches) == caches)
        return;
    for (int row = 0; row < int(m_rows.size()); ++row)
        replace(row, m_rows.at(row));
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
    case SettingsRole:
        return allParams(*row.result);
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
        return utf8(metric.label);
    if (role == Qt::ToolTipRole)
        return utf8(metric.help);
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    return {};
}

} // namespace pikv::ui
