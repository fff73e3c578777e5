// SPDX-License-Identifier: GPL-3.0-or-later
// The columns of the history, and the two that are edited.
#include "ui/models/historymodel.h"
#include "core/base/error.h"
#include "ui/models/metrictext.h"
#include <QDateTime>
#include <QFileInfo>
#include <QLocale>
#include <cmath>

namespace pikv::ui {
namespace {

QString importanceOf(const history::Entry& entry)
{
    const QString settings = QString::fromStdString(entry.settings);
    return settings.section(QLatin1Char(' '), 0, 0).section(QLatin1Char('='), 1);
}

QString figure(const char* metric, double value)
{
    return std::isnan(value) ? QStringLiteral("–") : metricText(*findMetric(metric), value);
}

} // namespace

HistoryModel::Row::Row(history::Entry stored)
    : entry(std::move(stored))
    , bits(kNoValue)
    , attentionError(kNoValue)
{
    try {
        const EvaluationResult result = entry.result();
        bits = result.bitsPerElement();
        attentionError = result.quality.attentionError;
    } catch (const Error&) {
        // Of a method that is no more: its row says that it was there.
    }
}

HistoryModel::HistoryModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void HistoryModel::setRows(std::vector<Row> rows)
{
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int HistoryModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_rows.size()); }

int HistoryModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(ColumnCount); }

QString HistoryModel::text(const Row& row, int column) const
{
    const history::Entry& entry = row.entry;
    switch (column) {
    case Time: {
        const auto time = QDateTime::fromString(QString::fromStdString(entry.time), Qt::ISODate).toLocalTime();
        return time.toString(QStringLiteral("yyyy-MM-dd HH:mm"));
    }
    case Dump:
        return entry.dump.empty() ? tr("captured text") : QFileInfo(QString::fromStdString(entry.dump)).fileName();
    case Method:
        return QString::fromStdString(entry.spec);
    case Importance:
        return importanceOf(entry);
    case Bits:
        return figure("bits_per_element", row.bits);
    case AttentionError:
        return figure("attention_error", row.attentionError);
    case Engine:
        return entry.ofThisEngine ? tr("this one") : tr("another");
    case Note:
        return QString::fromStdString(entry.note);
    default:
        return {};
    }
}

QVariant HistoryModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row& row = m_rows.at(std::size_t(index.row()));
    if (index.column() == Star) {
        if (role == Qt::CheckStateRole)
            return row.entry.star ? Qt::Checked : Qt::Unchecked;
        return role == Qt::AccessibleTextRole ? QVariant(row.entry.star ? tr("starred") : tr("not starred"))
                                              : QVariant();
    }
    if (role == Qt::ToolTipRole)
        return tr("%1\n%2\n%3\nfingerprint %4\nmeasured on %5\nby %6")
            .arg(QString::fromStdString(row.entry.spec), QString::fromStdString(row.entry.settings),
                QString::fromStdString(row.entry.dump), QString::fromStdString(row.entry.fingerprint),
                QString::fromStdString(row.entry.machine), QString::fromStdString(row.entry.engine));
    if (role == Qt::TextAlignmentRole && (index.column() == Bits || index.column() == AttentionError))
        return int(Qt::AlignRight | Qt::AlignVCenter);
    return role == Qt::DisplayRole || role == Qt::EditRole ? QVariant(text(row, index.column())) : QVariant();
}

bool HistoryModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    history::Entry& entry = m_rows.at(std::size_t(index.row())).entry;
    if (index.column() == Star && role == Qt::CheckStateRole) {
        entry.star = value.toInt() == Qt::Checked;
        Q_EMIT starChosen(entry.id, entry.star);
    } else if (index.column() == Note && role == Qt::EditRole) {
        entry.note = value.toString().simplified().toStdString();
        Q_EMIT noteChosen(entry.id, QString::fromStdString(entry.note));
    } else {
        return false;
    }
    Q_EMIT dataChanged(index, index);
    return true;
}

Qt::ItemFlags HistoryModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.column() == Star ? flags | Qt::ItemIsUserCheckable
        : index.column() == Note  ? flags | Qt::ItemIsEditable
                                  : flags;
}

QVariant HistoryModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return QAbstractTableModel::headerData(section, orientation, role);
    const QStringList titles { tr("★"), tr("Measured"), tr("Dump"), tr("Method"), tr("Importance"),
        tr("Bits per element"), tr("Attention error"), tr("Engine"), tr("Note") };
    return titles.value(section);
}

} // namespace pikv::ui
