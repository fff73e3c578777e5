// SPDX-License-Identifier: GPL-3.0-or-later
// The table of the next-token tab: a row a method, and a column for each next-token figure of core/eval/metrics.h.
#include "ui/nexttoken/nexttokenmodel.h"
#include "core/codec/registry.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QPalette>
#include <algorithm>
#include <cmath>

namespace pikv::ui {
namespace {

QString withError(double value, double error)
{
    if (std::isnan(value))
        return QStringLiteral("–");
    return std::isnan(error) ? shortNumber(value)
                             : QStringLiteral("%1 ± %2").arg(shortNumber(value), shortNumber(error));
}

QString percent(double value)
{
    return std::isnan(value) ? QStringLiteral("–") : QStringLiteral("%1 %").arg(100 * value, 0, 'f', 1);
}

QString figure(const NextTokenSummary& summary, const MetricInfo& metric)
{
    const double value = metric.score(summary);
    return metric.isShare ? percent(value) : withError(value, metric.scoreError(summary));
}

const std::vector<const MetricInfo*>& figures()
{
    static const std::vector<const MetricInfo*> list = nextTokenMetrics(true);
    return list;
}

QString helpOf(const MetricInfo& metric)
{
    const QString help = utf8(metric.help);
    return !metric.withoutError && !metric.isShare
        ? NextTokenModel::tr("%1, ± standard error (positions taken for independent)").arg(help)
        : help;
}

} // namespace

QString NextTokenModel::nameOf(const QString& method)
{
    if (method.isEmpty())
        return tr("Original");
    if (method == QLatin1String(controlName))
        return tr("Control");
    const MethodInfo* info = Registry::instance().find(method.toStdString());
    return info ? QString::fromStdString(info->label) : method;
}

void NextTokenModel::reset(const NextTokenPtr& baseline)
{
    beginResetModel();
    m_entries.clear();
    if (baseline) {
        m_entries.append({ QString(), baseline, nullptr, std::nullopt, QString(), false });
        m_entries.append({ QLatin1String(controlName), nullptr, nullptr, std::nullopt, QString(), true });
    }
    endResetModel();
    Q_EMIT figuresChanged();
}

void NextTokenModel::setMethods(const QStringList& ids)
{
    QList<NextTokenEntry> entries;
    std::copy_if(m_entries.begin(), m_entries.end(), std::back_inserter(entries),
        [](const NextTokenEntry& entry) { return !entry.isMethod(); });
    for (const QString& id : ids) {
        const NextTokenEntry* known = entry(id);
        entries.append(known ? *known : NextTokenEntry { id, nullptr, nullptr, std::nullopt, QString(), true });
    }
    beginResetModel();
    m_entries = entries;
    endResetModel();
    Q_EMIT figuresChanged();
}

NextTokenEntry* NextTokenModel::find(const QString& method)
{
    for (NextTokenEntry& entry : m_entries)
        if (entry.method == method)
            return &entry;
    return nullptr;
}

const NextTokenEntry* NextTokenModel::entry(const QString& method) const
{
    return const_cast<NextTokenModel*>(this)->find(method);
}

void NextTokenModel::changed(const NextTokenEntry* entry)
{
    const int row = int(entry - m_entries.constData());
    Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
    Q_EMIT figuresChanged();
}

void NextTokenModel::setStale(const QString& method, bool stale)
{
    NextTokenEntry* entry = find(method);
    if (!entry || entry->stale == stale)
        return;
    entry->stale = stale;
    changed(entry);
}

void NextTokenModel::settle()
{
    for (const NextTokenEntry& entry : m_entries)
        if (entry.stale)
            setStale(entry.method, false);
}

void NextTokenModel::put(const NextTokenPtr& result, bool latest)
{
    NextTokenEntry* entry
        = find(result->control ? QLatin1String(controlName) : QString::fromStdString(result->request.method.id));
    if (!entry)
        return;
    entry->failure.clear();
    entry->proxy.reset();
    if (result->preview) {
        entry->preview = result;
        entry->stale = true; // all positions are to come
    } else {
        entry->full = result;
        entry->preview.reset();
        entry->stale = !latest;
    }
    changed(entry);
}

void NextTokenModel::putProxy(const QString& method, const ProxyResult& result)
{
    NextTokenEntry* entry = find(method);
    if (!entry)
        return;
    entry->failure.clear();
    entry->proxy = result;
    entry->stale = false;
    changed(entry);
}

void NextTokenModel::setFailure(const QString& method, const QString& reason)
{
    NextTokenEntry* entry = find(method);
    if (!entry)
        return;
    entry->failure = reason;
    entry->stale = false;
    changed(entry);
}

const NextTokenPosition* NextTokenModel::positionOf(const NextTokenEntry& entry, int index)
{
    for (const NextTokenPtr& result : { entry.preview, entry.full })
        if (result && index >= 0 && std::size_t(index) < result->positions.size())
            return &result->positions[std::size_t(index)];
    return nullptr;
}

int NextTokenModel::positionCount() const
{
    const NextTokenEntry* original = entry({});
    return original ? int(original->full->positions.size()) : 0;
}

QString NextTokenModel::proxyLabel() const
{
    for (const NextTokenEntry& entry : m_entries)
        if (entry.proxy)
            return QString::fromStdString(entry.proxy->label);
    return {};
}

int NextTokenModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_entries.size()); }

int NextTokenModel::columnOf(std::string_view metric)
{
    const auto at = std::find_if(figures().begin(), figures().end(), [&](const auto* m) { return m->name == metric; });
    return at == figures().end() ? -1 : FirstFigureColumn + int(at - figures().begin());
}

int NextTokenModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : FirstFigureColumn + int(figures().size());
}

QString NextTokenModel::cell(const NextTokenEntry& entry, int column) const
{
    if (column == MethodColumn)
        return nameOf(entry.method);
    const auto shown = [&](const NextTokenSummary& summary) {
        return figure(summary, *figures()[std::size_t(column - FirstFigureColumn)]);
    };
    if (entry.proxy)
        return column == StoredColumn ? QStringLiteral("–") : shown(entry.proxy->summary);
    if (!entry.full)
        return entry.failure.isEmpty() ? QStringLiteral("…") : QStringLiteral("–");
    if (column == StoredColumn)
        return QStringLiteral("%1, ×%2").arg(bytesTickText(double(entry.full->storedBytes)),
            shortNumber(
                double(entry.full->originalBytes) / double(std::max<std::uint64_t>(1, entry.full->storedBytes))));
    return shown(entry.full->summary);
}

QVariant NextTokenModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const NextTokenEntry& entry = m_entries.at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return cell(entry, index.column());
    case Qt::TextAlignmentRole:
        return int((index.column() == MethodColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return entry.stale ? QVariant(QApplication::palette().color(QPalette::PlaceholderText)) : QVariant();
    case Qt::DecorationRole:
        return index.column() == MethodColumn && entry.isMethod()
            ? QVariant(methodIcon(entry.method, isDarkPalette(QApplication::palette())))
            : QVariant();
    case Qt::ToolTipRole:
        if (!entry.failure.isEmpty())
            return entry.failure;
        if (entry.proxy)
            return QString::fromStdString(entry.proxy->label);
        if (entry.isControl())
            return tr(
                "The same 16-bit cache, its rows from the last to the first: attention adds the same up in another\n"
                "order and rounds otherwise. A KL that is no larger than this one says nothing");
        return entry.full && entry.isMethod() ? QVariant(QString::fromStdString(printSpec(entry.full->request.method)))
                                              : QVariant();
    default:
        return {};
    }
}

QVariant NextTokenModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return QAbstractTableModel::headerData(section, orientation, role);
    if (role == Qt::TextAlignmentRole)
        return int((section == MethodColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    const bool title = role == Qt::DisplayRole;
    if (section == MethodColumn)
        return title ? tr("Method") : QString();
    if (section == StoredColumn)
        return title ? tr("Stored")
                     : tr("Bytes of the context's compressed cache, and how many times smaller it is than at 16 bits");
    const MetricInfo& metric = *figures()[std::size_t(section - FirstFigureColumn)];
    return title ? columnTitle(metric) : helpOf(metric);
}

} // namespace pikv::ui
