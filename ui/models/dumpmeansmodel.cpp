// SPDX-License-Identifier: GPL-3.0-or-later
// What several dumps gave, and its means: ten thousand samples a metric, so only settings that changed are computed,
// and not in the window's thread.
#include "ui/models/dumpmeansmodel.h"
#include "core/codec/registry.h"
#include "ui/models/counted.h"
#include "ui/models/metrictext.h"
#include "ui/models/utf8.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QtConcurrentRun>
#include <algorithm>
#include <cmath>
#include <utility>

namespace pikv::ui {
namespace {

constexpr int settleTime = 150; ///< ms

const MetricInfo& metricOf(int column)
{
    return metrics()[static_cast<std::size_t>(column - DumpMeansModel::FirstMetricColumn)];
}

} // namespace

DumpMeansModel::DumpMeansModel(QObject* parent)
    : QAbstractTableModel(parent)
{
    m_later.setSingleShot(true);
    m_later.setInterval(settleTime);
    connect(&m_later, &QTimer::timeout, this, &DumpMeansModel::compute);
    connect(&m_work, &QFutureWatcherBase::finished, this, [this] { takeOver(m_work.result()); });
}

DumpMeansModel::~DumpMeansModel()
{
    if (m_stop)
        *m_stop = true;
}

std::size_t DumpMeansModel::dumpAt(const QString& path, const CachePtr& cache)
{
    const auto known
        = std::find_if(m_dumps.begin(), m_dumps.end(), [&](const Dump& dump) { return dump.path == path; });
    if (known != m_dumps.end()) {
        known->cache = cache;
        return std::size_t(known - m_dumps.begin());
    }
    m_dumps.push_back({ path, cache });
    return m_dumps.size() - 1;
}

DumpMeansModel::Setting& DumpMeansModel::settingOf(const EvaluationResult& result)
{
    for (const int at : m_index.candidates(result)) {
        Setting& setting = m_settings[std::size_t(at)];
        const auto any
            = std::find_if(setting.byDump.begin(), setting.byDump.end(), [](const auto& one) { return one; });
        if (any != setting.byDump.end() && sameSettings(**any, result))
            return setting;
    }
    m_index.append(result);
    return m_settings.emplace_back();
}

void DumpMeansModel::add(const QString& path, const CachePtr& dump, const ResultOf& result)
{
    const std::size_t at = dumpAt(path, dump);
    Setting& setting = settingOf(*result);
    if (setting.byDump.size() <= at)
        setting.byDump.resize(at + 1);
    setting.byDump[at] = result;
    setting.isNew = true;
    m_later.start();
}

bool DumpMeansModel::has(const QString& path, const EvaluationResult& settings) const
{
    for (std::size_t dump = 0; dump < m_dumps.size(); ++dump)
        for (const int at : m_index.candidates(settings))
            if (const Setting& one = m_settings[std::size_t(at)]; m_dumps[dump].path == path && dump < one.byDump.size()
                && one.byDump[dump] && sameSettings(*one.byDump[dump], settings))
                return true;
    return false;
}

void DumpMeansModel::clear()
{
    ++m_generation;
    m_later.stop();
    if (m_stop)
        *m_stop = true;
    beginResetModel();
    m_dumps.clear();
    m_settings.clear();
    m_index.clear();
    m_shown.clear();
    m_isByLength = false;
    endResetModel();
}

/// One work at a time: what comes meanwhile waits for its end.
void DumpMeansModel::compute()
{
    if (m_work.isRunning())
        return;
    std::vector<std::int64_t> lengths;
    for (const Dump& dump : m_dumps)
        lengths.push_back(cacheInfo(*dump.cache).seq());
    const bool byLength = meansByLength(lengths);
    for (Setting& setting : m_settings)
        setting.isNew = setting.isNew || byLength != m_isByLength;
    std::vector<std::pair<std::size_t, std::vector<ResultOf>>> wanted;
    for (std::size_t at = 0; at < m_settings.size(); ++at) {
        Setting& setting = m_settings[at];
        const auto there = std::count_if(setting.byDump.begin(), setting.byDump.end(), [](const auto& r) { return r; });
        if (std::exchange(setting.isNew, false) && there > 1)
            wanted.emplace_back(at, setting.byDump);
    }
    if (wanted.empty())
        return;
    m_stop = std::make_shared<std::atomic<bool>>(false);
    m_work.setFuture(QtConcurrent::run([wanted, stop = m_stop, generation = m_generation, byLength] {
        Computed computed { generation, byLength, {} };
        for (const auto& [at, results] : wanted) {
            if (*stop)
                break;
            std::vector<DumpResults> dumps;
            for (const ResultOf& result : results)
                if (result)
                    dumps.push_back({ nullptr, {}, { *result } });
            auto means = meansOverDumps(dumps, seed, byLength);
            std::erase_if(means, [](const DumpsMean& mean) { return mean.dumps < 2; });
            computed.means.emplace_back(at, std::move(means));
        }
        return computed;
    }));
}

void DumpMeansModel::takeOver(const Computed& computed)
{
    if (computed.generation == m_generation) {
        beginResetModel();
        m_isByLength = computed.isByLength;
        for (const auto& [at, means] : computed.means)
            m_settings[at].means = means;
        m_shown.clear();
        for (std::size_t at = 0; at < m_settings.size(); ++at)
            for (std::size_t mean = 0; mean < m_settings[at].means.size(); ++mean)
                m_shown.push_back({ at, mean });
        endResetModel();
    }
    m_later.start(); // what came meanwhile
}

std::vector<QString> DumpMeansModel::names() const
{
    std::vector<std::string> paths;
    for (const Dump& dump : m_dumps)
        paths.push_back(dump.path.isEmpty() ? tr("captured").toStdString() : dump.path.toStdString());
    std::vector<QString> names;
    for (const std::string& name : shortNames(paths))
        names.push_back(QString::fromStdString(name));
    return names;
}

const DumpsMean& DumpMeansModel::mean(int row) const
{
    const Row& shown = m_shown[std::size_t(row)];
    return m_settings[shown.setting].means[shown.mean];
}

bool DumpMeansModel::isOfRow(const Dump& dump, int row) const
{
    return !m_isByLength || cacheInfo(*dump.cache).seq() == mean(row).setting.tokens;
}

QList<DumpMeansModel::OfDump> DumpMeansModel::ofDumps(int row) const
{
    QList<OfDump> list;
    const Setting& setting = m_settings[m_shown[std::size_t(row)].setting];
    const std::vector<QString> all = names();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (isOfRow(m_dumps[i], row))
            list.append({ all[i], i < setting.byDump.size() ? setting.byDump[i] : nullptr });
    return list;
}

QString DumpMeansModel::dumpsText(int row) const
{
    const QString dumps = counted(qsizetype(mean(row).dumps), tr("dump"), tr("dumps"));
    return m_isByLength ? tr("%1 of %2").arg(dumps, counted(mean(row).setting.tokens, tr("token"), tr("tokens")))
                        : dumps;
}

std::vector<DumpResults> DumpMeansModel::dumps() const
{
    std::vector<DumpResults> dumps;
    const std::vector<QString> all = names();
    for (std::size_t i = 0; i < all.size(); ++i) {
        dumps.push_back({ m_dumps[i].cache, all[i].toStdString(), {} });
        for (const Setting& setting : m_settings)
            if (!setting.means.empty() && i < setting.byDump.size() && setting.byDump[i])
                dumps.back().results.push_back(*setting.byDump[i]);
    }
    return dumps;
}

std::vector<DumpsMean> DumpMeansModel::means() const
{
    std::vector<DumpsMean> all;
    for (const Setting& setting : m_settings)
        all.insert(all.end(), setting.means.begin(), setting.means.end());
    return all;
}

QString DumpMeansModel::intervalText(const MetricInfo& metric, const MeanInterval& interval)
{
    if (interval.count == 0)
        return QStringLiteral("–");
    const QString mean = metricText(metric, interval.mean);
    return std::isnan(interval.low) || interval.low == interval.high
        ? mean
        : tr("%1 [%2, %3]").arg(mean, metricText(metric, interval.low), metricText(metric, interval.high));
}

int DumpMeansModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(m_shown.size()); }

int DumpMeansModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : FirstMetricColumn + int(metrics().size());
}

QVariant DumpMeansModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const DumpsMean& shown = mean(index.row());
    const QString id = QString::fromStdString(shown.setting.method.id);
    if (role == MethodIdRole)
        return id;
    if (index.column() >= FirstMetricColumn) {
        const MetricInfo& metric = metricOf(index.column());
        const MeanInterval& interval = shown.of(metric);
        if (role == RawRole)
            return interval.mean;
        if (role == Qt::TextAlignmentRole)
            return int(Qt::AlignRight | Qt::AlignVCenter);
        if (role == Qt::ToolTipRole) {
            QString rows;
            for (const OfDump& one : ofDumps(index.row()))
                rows += tooltipRow(
                    one.name, one.result ? metricText(metric, metric.value(*one.result)) : tr("not measured"), false);
            return QStringLiteral("<b>%1</b><table cellspacing=0>%2</table>")
                .arg(utf8(metric.label).toHtmlEscaped(), rows);
        }
        return role == Qt::DisplayRole ? QVariant(intervalText(metric, interval)) : QVariant();
    }
    if (index.column() == MethodColumn && role == Qt::DecorationRole)
        return methodIcon(id, isDarkPalette(QApplication::palette()));
    if (index.column() == DumpsColumn && role == RawRole)
        return double(shown.dumps);
    if (role != Qt::DisplayRole && role != RawRole)
        return {};
    switch (index.column()) {
    case MethodColumn: {
        const MethodInfo* info = Registry::instance().find(shown.setting.method.id);
        return info ? QString::fromStdString(info->label) : id;
    }
    case ParamsColumn: {
        const QString text = QString::fromStdString(printSpec(shown.setting.method));
        return text == id ? tr("defaults") : text.mid(id.size() + 1);
    }
    case ImportanceColumn:
        return QString::fromStdString(printImportance(shown.setting.importance));
    default:
        return tr("%1 of %2").arg(shown.dumps).arg(ofDumps(index.row()).size())
            + (m_isByLength ? tr(", %1").arg(counted(shown.setting.tokens, tr("token"), tr("tokens"))) : QString());
    }
}

QVariant DumpMeansModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return QAbstractTableModel::headerData(section, orientation, role);
    if (section < FirstMetricColumn) {
        const QStringList titles { tr("Method"), tr("Parameters"), tr("Importance"), tr("Dumps") };
        return role == Qt::DisplayRole ? QVariant(titles.at(section)) : QVariant();
    }
    const MetricInfo& metric = metricOf(section);
    if (role == Qt::DisplayRole)
        return utf8(metric.label);
    if (role == Qt::ToolTipRole)
        return tr("%1\nMean over the dumps, and in brackets its 95 % interval (bootstrap)").arg(utf8(metric.help));
    return role == Qt::TextAlignmentRole ? QVariant(int(Qt::AlignRight | Qt::AlignVCenter)) : QVariant();
}

} // namespace pikv::ui
