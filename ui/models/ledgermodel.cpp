// SPDX-License-Identifier: GPL-3.0-or-later
// Cells of the ledger: figures of the table of metrics, in its words.
#include "ui/models/ledgermodel.h"
#include "core/codec/registry.h"
#include "ui/models/metrictext.h"
#include <QLocale>
#include <QStringList>

namespace pikv::ui {
namespace {

/// Behind the name.
const std::vector<const MetricInfo*>& columns()
{
    static const std::vector<const MetricInfo*> list = [] {
        std::vector<const MetricInfo*> metrics;
        for (const LedgerPartInfo& part : ledgerParts())
            metrics.push_back(findMetric(part.name));
        for (const char* name :
            { "stored_bytes", "compression_ratio", "published_ratio", "kept_share", "shared_bytes" })
            metrics.push_back(findMetric(name));
        return metrics;
    }();
    return list;
}

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

} // namespace

void LedgerModel::setRows(const QList<Row>& rows)
{
    QList<Row> counted;
    for (const Row& row : rows)
        if (row.result && row.result->ledger.total() > 0)
            counted << row;
    if (counted == m_rows)
        return;
    beginResetModel();
    m_rows = counted;
    endResetModel();
}

int LedgerModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_rows.size()); }

/// The last column: shared bytes of each of the caches that share them.
int LedgerModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(columns().size()) + 2;
}

QVariant LedgerModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row& row = m_rows.at(index.row());
    if (index.column() == 0) {
        if (role == Qt::ToolTipRole)
            return QString::fromStdString(printSpec(row.result->method));
        return role == Qt::DisplayRole ? QVariant(row.name) : QVariant();
    }
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignRight | Qt::AlignVCenter);
    const bool isShareOfEach = index.column() > int(columns().size());
    const MetricInfo& metric
        = isShareOfEach ? *findMetric("shared_bytes") : *columns()[std::size_t(index.column()) - 1];
    const double value = metric.value(*row.result)
        / (isShareOfEach ? double(std::max<std::int64_t>(1, row.result->sharedCaches)) : 1.0);
    if (role == Qt::DisplayRole)
        return value == 0 && metric.countsBytes() ? QStringLiteral("–") : metricText(metric, value);
    if (role != Qt::ToolTipRole)
        return {};
    if (metric.name == "published_ratio")
        if (const MethodInfo* method = Registry::instance().find(row.result->method.id))
            return method->published.says.empty() ? tr("The whole file is what is published")
                                                  : QString::fromStdString(method->published.says);
    return metric.countsBytes() ? tr("%1 bytes, %2 % of the file")
                                      .arg(QLocale().toString(value, 'f', 0))
                                      .arg(QLocale().toString(100 * value / double(row.result->storedBytes), 'f', 1))
                                : QVariant();
}

QVariant LedgerModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const bool isShareOfEach = section > int(columns().size());
    if (role == Qt::DisplayRole)
        return section == 0 ? tr("Method")
            : isShareOfEach ? tr("Shared / N")
                            : text(columns()[std::size_t(section) - 1]->label);
    if (role == Qt::ToolTipRole && section > 0)
        return isShareOfEach ? tr("Shared bytes spread over the caches that share the calibration")
                             : text(columns()[std::size_t(section) - 1]->help);
    return {};
}

QString LedgerModel::asText() const
{
    QStringList lines;
    for (int row = -1; row < rowCount(); ++row) {
        QStringList cells;
        for (int column = 0; column < columnCount(); ++column)
            cells << (row < 0 ? headerData(column, Qt::Horizontal, Qt::DisplayRole)
                              : index(row, column).data(Qt::DisplayRole))
                         .toString();
        lines << cells.join(QLatin1Char('\t'));
    }
    return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

} // namespace pikv::ui
