// SPDX-License-Identifier: GPL-3.0-or-later
// Cells of the ledger: figures of the table of metrics, in its words.
#include "ui/models/ledgermodel.h"
#include "core/codec/registry.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include <QLocale>
#include <QStringList>

namespace pikv::ui {
namespace {

const MetricInfo& metricOf(int column)
{
    static const std::vector<const MetricInfo*> all = ledgerMetrics(true);
    return *all[std::size_t(column) - 1];
}

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

int LedgerModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : 1 + int(ledgerMetrics(true).size());
}

int LedgerModel::firstSharedColumn() const { return 1 + int(ledgerMetrics(false).size()); }

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
    const MetricInfo& metric = metricOf(index.column());
    const double value = metric.value(*row.result);
    const bool isBytes = metric.unit == "bytes";
    if (role == Qt::DisplayRole)
        return value == 0 && isBytes ? QStringLiteral("–") : metricText(metric, value);
    if (role != Qt::ToolTipRole)
        return {};
    if (metric.name == "published_ratio")
        if (const MethodInfo* method = Registry::instance().find(row.result->method.id))
            return method->published.says.empty() ? tr("The whole file is what is published")
                                                  : QString::fromStdString(method->published.says);
    const QString bytes = tr("%1 bytes").arg(QLocale().toString(value, 'f', 0));
    return !isBytes ? QVariant()
        : metric.aboutShared
        ? QVariant(bytes)
        : tr("%1, %2 % of the file")
              .arg(bytes, QLocale().toString(100 * value / double(row.result->storedBytes), 'f', 1));
}

QVariant LedgerModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    if (section == 0)
        return role == Qt::DisplayRole ? QVariant(tr("Method")) : QVariant();
    return role == Qt::DisplayRole ? utf8(metricOf(section).label)
        : role == Qt::ToolTipRole  ? QVariant(utf8(metricOf(section).help))
                                   : QVariant();
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
