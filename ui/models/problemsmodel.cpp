// SPDX-License-Identifier: GPL-3.0-or-later
// Errors and warnings with their time and what to do about them.
#include "ui/models/problemsmodel.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr int maxEntries = 500;

QString adviceFor(const Problem& problem)
{
    if (problem.message.find("NaN or infinite") != std::string::npos)
        return QObject::tr("Choose Run > Leave NaN and infinity out, or open another dump");
    if (problem.message.find("stores no ") != std::string::npos)
        return QObject::tr("Choose another importance source, or open a dump that has it");
    if (problem.message.starts_with("There is no") || problem.message.starts_with("There are no"))
        return QObject::tr("Choose the command again when that has changed");
    switch (problem.kind) {
    case ErrorKind::Usage:
        return QObject::tr("Change the parameter it names, or uncheck the method");
    case ErrorKind::Input:
        return QObject::tr("Choose another file, or write this one again: a dump with the exporter");
    case ErrorKind::Resource:
        return QObject::tr("Free memory or disk space, or choose another folder, then try again");
    default:
        return QObject::tr("Try again; if it stays, report it with the text of this line");
    }
}

} // namespace

ProblemsModel::ProblemsModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void ProblemsModel::prepend(Entry entry)
{
    // A drag repeats the same refusal at every step, a sweep the same warning at every point: one line with the latest
    // time is enough.
    const auto same = std::find_if(
        m_entries.cbegin(), m_entries.cend(), [&](const Entry& e) { return e.message == entry.message; });
    if (same != m_entries.cend()) {
        const auto row = int(same - m_entries.cbegin());
        if (row > 0) {
            beginMoveRows({}, row, row, {}, 0);
            m_entries.move(row, 0);
            endMoveRows();
        }
        m_entries.front().time = entry.time;
        Q_EMIT dataChanged(index(0, 0), index(0, ColumnCount - 1));
        return;
    }
    beginInsertRows({}, 0, 0);
    m_entries.prepend(std::move(entry));
    endInsertRows();
    if (m_entries.size() > maxEntries) {
        beginRemoveRows({}, maxEntries, maxEntries);
        m_entries.removeLast();
        endRemoveRows();
    }
}

void ProblemsModel::add(const Problem& problem)
{
    prepend({ QDateTime::currentDateTime(), false, QString::fromStdString(problem.message), adviceFor(problem) });
}

void ProblemsModel::addWarning(const QString& message)
{
    prepend({ QDateTime::currentDateTime(), true, message, QObject::tr("Nothing, if this is as you want it") });
}

void ProblemsModel::clear()
{
    if (m_entries.isEmpty())
        return;
    beginRemoveRows({}, 0, int(m_entries.size()) - 1);
    m_entries.clear();
    endRemoveRows();
}

int ProblemsModel::errorCount() const
{
    return int(std::count_if(m_entries.begin(), m_entries.end(), [](const Entry& e) { return !e.warning; }));
}

int ProblemsModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_entries.size()); }
int ProblemsModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant ProblemsModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Entry& e = m_entries.at(index.row());
    if (role == Qt::ForegroundRole && index.column() == MessageColumn)
        return e.warning ? warningColor(QApplication::palette()) : errorColor(QApplication::palette());
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    switch (index.column()) {
    case TimeColumn:
        return e.time.toString(QStringLiteral("HH:mm:ss"));
    case MessageColumn:
        return e.message;
    default:
        return e.advice;
    }
}

QVariant ProblemsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return QAbstractTableModel::headerData(section, orientation, role);
    return section == TimeColumn ? tr("Time") : section == MessageColumn ? tr("Problem") : tr("What to do");
}

} // namespace pikv::ui
