// SPDX-License-Identifier: GPL-3.0-or-later
// The order of sweeps is kept here; the jobs' line gets two points at a time, so that a pause or another order holds
// from the next point on. What comes of each, and the sentence that says so.
#include "ui/engine/sweepqueue.h"
#include "core/codec/registry.h"
#include "core/study/choices.h"
#include "ui/models/counted.h"
#include <algorithm>
#include <set>
#include <utility>

namespace pikv::ui {
namespace {

constexpr std::size_t mostInFlight = 2;

QString titleOf(const SweepOrder& order)
{
    QStringList parts;
    if (order.isAutomatic()) {
        std::set<std::string> methods;
        for (const MethodSpec& point : order.points)
            if (methods.insert(point.id).second)
                parts << QString::fromStdString(Registry::instance().get(point.id).label);
        return parts.join(QStringLiteral(", "));
    }
    for (const std::string& spec : order.grid.specs)
        parts << QString::fromStdString(spec);
    return parts.join(QLatin1Char(' '));
}

} // namespace

SweepQueue::SweepQueue(JobQueue* queue, DumpStudy* study, QObject* parent)
    : QObject(parent)
    , m_study(study)
    , m_points(queue, JobKind::SweepPoint,
          { [this](const std::string& key, const ResultPtr& result, quint64) { arrived(key, result); },
              [this](const std::string& key, const JobProblem& problem) {
                  if (!problem.isCancel())
                      missed(key, problem);
              } })
{
}

std::vector<SweepQueue::Entry>::iterator SweepQueue::find(quint64 id)
{
    return std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry& entry) { return entry.id == id; });
}

std::string SweepQueue::keyOf(const Entry::Open& open, const Entry& entry)
{
    return pointText(open.point) + (entry.order.grid.nextToken ? " with next tokens" : "")
        + (open.dump ? " of " + open.dump->path().toStdString() : "");
}

std::shared_ptr<OtherDump> SweepQueue::other(const QString& path)
{
    std::shared_ptr<OtherDump>& known = m_others[path];
    if (!known)
        known = std::make_shared<OtherDump>(path, m_study->cache(), m_study->store());
    return known;
}

/// The points of its order that fit the dump and do not wait already.
void SweepQueue::fill(Entry& entry)
{
    const SweepOrder& order = entry.order;
    const std::vector<ImportanceSpec> present { m_study->settings().importance };
    const auto& importances = order.grid.importances.empty() ? present : order.grid.importances;
    std::vector<MethodSpec> methods = order.points;
    if (!order.isAutomatic())
        methods
            = fittingMethods(expandSpecs(order.grid.specs), m_study->study()->info(), [](const auto&, const auto&) {});
    std::vector<std::shared_ptr<OtherDump>> dumps { nullptr };
    for (const QString& path : order.others)
        dumps.push_back(other(path));
    entry.open.clear();
    for (const auto& dump : dumps)
        for (const SweepPoint& point : sweepPoints(methods, importances))
            if (Entry::Open open { point, dump }; m_waiting.emplace(keyOf(open, entry), entry.id).second)
                entry.open.push_back(std::move(open));
    entry.total = int(entry.open.size());
    entry.done = entry.failed = 0;
}

void SweepQueue::request(const SweepOrder& order)
{
    if (!m_study->study())
        return;
    Entry entry;
    entry.id = ++m_lastId;
    entry.order = order;
    entry.title = titleOf(order);
    fill(entry);
    if (entry.total > 0)
        queueUp(std::move(entry));
}

/// Behind the last active one, before what has ended.
void SweepQueue::queueUp(Entry entry)
{
    entry.state = State::Waiting;
    m_total += entry.total;
    const auto last = std::find_if(m_entries.rbegin(), m_entries.rend(), [](const Entry& e) { return e.isActive(); });
    m_entries.insert(last.base(), std::move(entry));
    Q_EMIT listChanged();
    feed();
}

void SweepQueue::offer(const SweepOrder& order)
{
    Entry entry;
    entry.id = ++m_lastId;
    entry.order = order;
    entry.title = titleOf(order);
    entry.state = State::Interrupted;
    const std::size_t importances = std::max<std::size_t>(1, order.grid.importances.size());
    entry.total = int(expandSpecs(order.grid.specs).size() * importances * std::size_t(1 + order.others.size()));
    m_entries.push_back(std::move(entry));
    Q_EMIT listChanged();
}

QList<SweepOrder> SweepQueue::unfinished() const
{
    QList<SweepOrder> orders;
    for (const Entry& entry : m_entries)
        if (!entry.order.isAutomatic() && !entry.order.dump.isEmpty()
            && (entry.isActive() || entry.state == State::Interrupted))
            orders << entry.order;
    return orders;
}

QList<quint64> SweepQueue::interrupted(const QString& dump) const
{
    QList<quint64> ids;
    for (const Entry& entry : m_entries)
        if (entry.state == State::Interrupted && entry.order.dump == dump)
            ids << entry.id;
    return ids;
}

// Running

void SweepQueue::feed()
{
    while (!m_paused && m_study->study() && m_inFlight.size() < mostInFlight) {
        const auto next = std::find_if(m_entries.begin(), m_entries.end(),
            [](const Entry& entry) { return entry.isActive() && !entry.open.empty(); });
        if (next == m_entries.end())
            break;
        start(*next);
    }
    for (Entry& entry : m_entries)
        if (entry.isActive())
            entry.state = !m_inFlight.empty() && m_inFlight.front().entry == entry.id ? State::Running : State::Waiting;
    Q_EMIT stateChanged();
}

void SweepQueue::start(Entry& entry)
{
    const Entry::Open open = std::move(entry.open.front());
    entry.open.pop_front();
    const std::string key = keyOf(open, entry);
    m_inFlight.push_back({ entry.id, key, open });
    const bool isScored = entry.order.grid.nextToken;
    if (const ResultPtr known = isScored || open.dump ? nullptr : m_study->known(open.point)) {
        m_points.answer(key, known);
        return;
    }
    Latest<ResultPtr>::Terms terms;
    terms.label = QString::fromStdString(Registry::instance().get(open.point.method.id).label);
    terms.urgency = Urgency::Sweep;
    m_points.request(key, terms, work(open, entry));
}

std::function<ResultPtr(const JobControl&)> SweepQueue::work(const Entry::Open& open, const Entry& entry)
{
    const std::shared_ptr<SweepTest> test = entry.order.grid.nextToken ? entry.order.test : nullptr;
    if (!open.dump)
        return m_study->measure(open.point, test);
    const OtherDump::Wish wish { open.point, m_study->settings(), m_study->repeat(), test, m_study->times() };
    return [dump = open.dump, wish](const JobControl& control) { return dump->measure(wish, control); };
}

/// Those from `from` on have not begun, or begin anew.
void SweepQueue::takeBack(std::size_t from)
{
    while (m_inFlight.size() > from) {
        const Flight flight = std::move(m_inFlight.back());
        m_inFlight.pop_back();
        m_points.drop(flight.key);
        if (const auto entry = find(flight.entry); entry != m_entries.end() && entry->isActive())
            entry->open.push_front(flight.open);
    }
}

void SweepQueue::arrived(const std::string& key, const ResultPtr& result)
{
    const auto flight
        = std::find_if(m_inFlight.begin(), m_inFlight.end(), [&](const Flight& one) { return one.key == key; });
    const std::shared_ptr<OtherDump> dump = flight == m_inFlight.end() ? nullptr : flight->open.dump;
    const auto entry = flight == m_inFlight.end() ? m_entries.end() : find(flight->entry);
    if (!dump) {
        m_study->rememberSwept(result);
        Q_EMIT ready(result);
    }
    if (entry != m_entries.end() && !entry->order.others.isEmpty())
        Q_EMIT measured(result, dump);
    landed(key, false);
}

/// Where a dump itself is what is wrong, it is said once, and the others go on.
void SweepQueue::missed(const std::string& key, const JobProblem& problem)
{
    const auto flight
        = std::find_if(m_inFlight.begin(), m_inFlight.end(), [&](const Flight& one) { return one.key == key; });
    if (flight != m_inFlight.end() && flight->open.dump && flight->open.dump->isRefused())
        if (const auto entry = find(flight->entry); entry != m_entries.end())
            leaveOut(*entry, flight->open.dump.get(), key);
    Q_EMIT failed(problem);
    landed(key, true);
}

/// All points of the dump that have not come to an end, but for one.
void SweepQueue::leaveOut(Entry& entry, const OtherDump* dump, const std::string& but)
{
    const auto forget = [&](const std::string& key) {
        m_waiting.erase(key);
        --entry.total;
        --m_total;
    };
    std::erase_if(m_inFlight, [&](const Flight& flight) {
        if (flight.entry != entry.id || flight.open.dump.get() != dump || flight.key == but)
            return false;
        m_points.drop(flight.key);
        forget(flight.key);
        return true;
    });
    std::erase_if(entry.open, [&](const Entry::Open& open) {
        if (open.dump.get() != dump)
            return false;
        forget(keyOf(open, entry));
        return true;
    });
}

void SweepQueue::landed(const std::string& key, bool hasFailed)
{
    m_waiting.erase(key);
    m_points.drop(key); // the same point may be asked for again
    const auto flight
        = std::find_if(m_inFlight.begin(), m_inFlight.end(), [&](const Flight& one) { return one.key == key; });
    if (flight == m_inFlight.end())
        return;
    const auto entry = find(flight->entry);
    m_inFlight.erase(flight);
    ++m_done;
    m_failed += hasFailed ? 1 : 0;
    if (entry != m_entries.end()) {
        ++entry->done;
        entry->failed += hasFailed ? 1 : 0;
        if (entry->done == entry->total) {
            end(*entry, State::Finished);
            sortEnded();
        }
    }
    feed();
    settle();
}

/// What has ended stands behind what is active, the latest first.
void SweepQueue::sortEnded()
{
    std::stable_partition(m_entries.begin(), m_entries.end(), [](const Entry& entry) { return entry.isActive(); });
    Q_EMIT listChanged();
}

/// Takes what is still to come of it out.
void SweepQueue::end(Entry& entry, State state)
{
    const auto isIts = [&](const Flight& flight) { return flight.entry == entry.id; };
    for (const Flight& flight : m_inFlight)
        if (isIts(flight))
            m_points.drop(flight.key);
    std::erase_if(m_inFlight, isIts);
    std::erase_if(m_waiting, [&](const auto& waiting) { return waiting.second == entry.id; });
    m_total -= entry.total - entry.done;
    entry.open.clear();
    entry.state = state;
}

void SweepQueue::settle()
{
    if (m_total == 0 || m_done < m_total)
        return;
    const int total = std::exchange(m_total, 0), failures = std::exchange(m_failed, 0);
    m_done = 0;
    Q_EMIT finished(total, total, failures);
}

// What the user does

void SweepQueue::setPaused(bool paused)
{
    if (std::exchange(m_paused, paused) == paused)
        return;
    if (paused)
        takeBack(1);
    feed();
}

void SweepQueue::move(quint64 id, int row)
{
    const auto from = find(id);
    if (from == m_entries.end() || !from->isActive())
        return;
    const auto active
        = std::count_if(m_entries.begin(), m_entries.end(), [](const Entry& entry) { return entry.isActive(); });
    const auto to = m_entries.begin() + std::clamp<std::ptrdiff_t>(row, 0, active - 1);
    if (to < from)
        std::rotate(to, from, from + 1);
    else if (from < to)
        std::rotate(from, from + 1, to + 1);
    else
        return;
    takeBack(1);
    Q_EMIT listChanged();
    feed();
}

void SweepQueue::cancel(quint64 id)
{
    const auto entry = find(id);
    if (entry == m_entries.end() || !entry->isActive())
        return;
    end(*entry, State::Cancelled);
    sortEnded();
    feed();
    settle();
}

void SweepQueue::runAgain(quint64 id, const std::shared_ptr<SweepTest>& test)
{
    const auto at = find(id);
    if (at == m_entries.end() || at->isActive() || !m_study->study())
        return;
    Entry entry = std::move(*at);
    m_entries.erase(at);
    entry.order.test = test;
    fill(entry);
    if (entry.total > 0)
        queueUp(std::move(entry));
    else
        Q_EMIT listChanged();
}

void SweepQueue::remove(quint64 id)
{
    if (std::erase_if(m_entries, [&](const Entry& entry) { return entry.id == id && !entry.isActive(); }) > 0)
        Q_EMIT listChanged();
}

void SweepQueue::removeEnded()
{
    if (std::erase_if(m_entries, [](const Entry& entry) { return !entry.isActive(); }) > 0)
        Q_EMIT listChanged();
}

// What the window's state does

void SweepQueue::dropMethod(const QString& methodId)
{
    const std::string id = methodId.toStdString();
    std::set<std::string> dropped;
    for (const Flight& flight : m_inFlight)
        if (flight.open.point.method.id == id)
            dropped.insert(flight.key);
    std::erase_if(m_inFlight, [&](const Flight& flight) {
        const auto entry = find(flight.entry);
        if (!dropped.contains(flight.key) || entry == m_entries.end())
            return false;
        m_points.drop(flight.key);
        m_waiting.erase(flight.key);
        --entry->total;
        --m_total;
        return true;
    });
    for (Entry& entry : m_entries) {
        const auto gone = std::erase_if(entry.open, [&](const Entry::Open& open) {
            if (open.point.method.id != id)
                return false;
            m_waiting.erase(keyOf(open, entry));
            return true;
        });
        entry.total -= int(gone);
        m_total -= int(gone);
        if (entry.isActive() && entry.done == entry.total)
            end(entry, entry.total > 0 ? State::Finished : State::Cancelled);
    }
    std::erase_if(m_entries,
        [](const Entry& entry) { return !entry.isActive() && entry.order.isAutomatic() && entry.total == 0; });
    sortEnded();
    feed();
    settle();
}

void SweepQueue::dropAll()
{
    m_inFlight.clear();
    m_points.dropAll();
    m_waiting.clear();
    m_others.clear();
    m_total = m_done = m_failed = 0;
    std::erase_if(m_entries, [](const Entry& entry) {
        return entry.state != State::Interrupted && (entry.order.isAutomatic() || !entry.isActive());
    });
    for (Entry& entry : m_entries) {
        entry.open.clear();
        entry.state = State::Interrupted;
    }
    Q_EMIT listChanged();
    Q_EMIT stateChanged();
}

void SweepQueue::suspend()
{
    takeBack(0);
    for (Entry& entry : m_entries)
        if (entry.isActive() && entry.order.isAutomatic())
            end(entry, State::Cancelled);
    std::erase_if(m_entries, [](const Entry& entry) { return entry.order.isAutomatic(); });
    if (m_total == m_done)
        m_total = m_done = m_failed = 0;
    Q_EMIT listChanged();
}

void SweepQueue::cancelAll()
{
    const int all = m_total, came = m_done, failures = m_failed;
    for (Entry& entry : m_entries)
        if (entry.isActive())
            end(entry, State::Cancelled);
    m_total = m_done = m_failed = 0;
    Q_EMIT listChanged();
    Q_EMIT stateChanged();
    if (all > 0)
        Q_EMIT finished(came, all, failures);
}

std::optional<double> SweepQueue::secondsLeft(const Entry& entry) const
{
    const MeasuredTimes& times = *m_study->times();
    std::map<std::string, int> counts;
    for (const Entry::Open& open : entry.open)
        ++counts[open.point.method.id];
    for (const Flight& flight : m_inFlight)
        counts[flight.open.point.method.id] += flight.entry == entry.id ? 1 : 0;
    double seconds = 0;
    for (const auto& [method, count] : counts) {
        const auto evaluation = times.evaluation(method), score = times.score(method);
        if (count == 0)
            continue;
        if (!evaluation || (entry.order.grid.nextToken && !score))
            return {};
        seconds += count * (*evaluation + (entry.order.grid.nextToken ? *score : 0));
    }
    return seconds;
}

QString SweepQueue::summary(int done, int total, int failed)
{
    const QString points = counted(total, tr("point"), tr("points"));
    if (done < total)
        return tr("Sweep cancelled after %1 of %2").arg(QString::number(done), points);
    if (failed > 0)
        return tr("Sweep finished: %1 of %2, %3 failed")
            .arg(QString::number(total - failed), points, QString::number(failed));
    return tr("Sweep finished: %1").arg(points);
}

} // namespace pikv::ui
