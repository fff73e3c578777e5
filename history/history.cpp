// SPDX-License-Identifier: GPL-3.0-or-later
// What is looked up and kept, each a statement or two; and that no failure of it reaches a measurement.
#include "history/history.h"
#include "core/base/error.h"
#include "core/eval/engineid.h"
#include "core/eval/resultrecord.h"
#include "core/eval/resultsio.h"
#include "history/database.h"
#include <QSqlQuery>
#include <utility>

namespace pikv::history {
namespace {

constexpr int checkEvery = 64; ///< results between two looks at the size
constexpr int mostAtOnce = 20'000;
constexpr int laterPatience = 20; ///< ms, once somebody was waited for in vain

QString text(const std::string& s) { return QString::fromStdString(s); }

QByteArray blob(const std::string& bytes) { return { bytes.data(), qsizetype(bytes.size()) }; }

std::string_view view(const QByteArray& bytes) { return { bytes.constData(), std::size_t(bytes.size()) }; }

/// Nothing where the bytes are not what was written.
std::optional<EvaluationResult> unpacked(const QByteArray& record, const QByteArray& layers = {})
{
    try {
        EvaluationResult result = unpackResult(view(record));
        if (!layers.isEmpty())
            result.layers = unpackLayers(view(layers));
        return result;
    } catch (const Error&) {
        return {};
    }
}

/// Of the first column; nothing where the bytes are not what was written.
std::optional<NextTokenMetrics> scoreIn(const QSqlQuery& query)
{
    try {
        return unpackScore(view(query.value(0).toByteArray()));
    } catch (const Error&) {
        return {};
    }
}

const QString ofKey = QStringLiteral(" WHERE dump=(SELECT id FROM dump WHERE fingerprint=?) AND engine=? AND "
                                     "settings=? AND method=?");

} // namespace

History::History(std::string path, Tell tell, std::uint64_t limit)
    : m_path(std::move(path))
    , m_tell(std::move(tell))
    , m_limit(limit)
{
}

History::~History() = default;

/// What fails once is told once. A file that cannot be opened is left alone from then on; one that could not be written
/// is still read, and written when that works again.
template <typename Work>
void History::guarded(Work work)
{
    if (!m_reads)
        return;
    try {
        if (!m_database) {
            m_reads = false; // unless it opens
            m_database = std::make_unique<Database>(m_path);
            m_reads = true;
        }
        work();
    } catch (const Error& e) {
        m_reads = m_reads && e.kind() == ErrorKind::Resource;
        if (!std::exchange(m_told, true) && m_tell)
            m_tell(std::string(e.what()) + (m_reads ? "; results are not kept now" : "; going on without it"));
        if (m_database && m_reads)
            m_database->setPatience(laterPatience);
    }
}

std::optional<EvaluationResult> History::find(const MeasurementKey& key, Origin origin)
{
    std::optional<EvaluationResult> found;
    guarded([&] {
        QSqlQuery query = m_database->run(QStringLiteral("SELECT record, layers, wanted, id FROM result") + ofKey,
            { text(key.dump), text(key.engine), text(key.settings), text(key.method) });
        if (!query.next())
            return;
        const QByteArray record = query.value(0).toByteArray(), layers = query.value(1).toByteArray();
        const bool wanted = query.value(2).toBool();
        const long long id = query.value(3).toLongLong();
        query.finish();
        found = unpacked(record, layers);
        if (!found) // bytes that are not what was written: measured anew
            m_database->run(QStringLiteral("DELETE FROM result WHERE id=?"), { id });
        else if (origin == Origin::Wanted && !wanted)
            m_database->run(QStringLiteral("UPDATE result SET wanted=1 WHERE id=?"), { id });
    });
    return found;
}

long long History::dumpId(const std::string& fingerprint, const DumpFacts& dump) const
{
    m_database->run(QStringLiteral("INSERT INTO dump(fingerprint, path, model, shape) VALUES(?, ?, ?, ?) "
                                   "ON CONFLICT(fingerprint) DO UPDATE SET path=excluded.path WHERE excluded.path<>''"),
        { text(fingerprint), text(dump.path), text(dump.model), text(dump.shape) });
    return m_database->value(QStringLiteral("SELECT id FROM dump WHERE fingerprint=?"), { text(fingerprint) })
        .toLongLong();
}

void History::add(const MeasurementKey& key, const DumpFacts& dump, const EvaluationResult& result, Origin origin)
{
    guarded([&] {
        const std::string time = timeText(), machine = machineText();
        EvaluationResult stored = result;
        stored.measured = time + " on " + machine;
        const std::string layers = packLayers(std::exchange(stored.layers, {}));
        m_database->transaction([&] {
            m_database->run(
                QStringLiteral("INSERT INTO result(dump, engine, settings, method, spec, time, machine, wanted, "
                               "figures, record, layers) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                               "ON CONFLICT(dump, engine, settings, method) DO UPDATE "
                               "SET wanted=max(wanted, excluded.wanted)%1")
                    // Who timed it several times did so because one time was not enough.
                    .arg(QLatin1String(result.timings > 1 ? ", time=excluded.time, machine=excluded.machine, "
                                                            "figures=excluded.figures, record=excluded.record, "
                                                            "layers=excluded.layers"
                                                          : "")),
                { dumpId(key.dump, dump), text(key.engine), text(key.settings), text(key.method),
                    text(printSpec(result.method)), text(time), text(machine), origin == Origin::Wanted,
                    text(resultToJson(stored)), blob(packResult(stored)), blob(layers) });
        });
        if (m_added++ % checkEvery == 0)
            keepWithinLimit();
    });
}

/// Down to nine tenths, so that not every result asks for it again.
void History::keepWithinLimit()
{
    const auto bytes = [&] {
        return m_database
            ->value(QStringLiteral("SELECT (page_count - freelist_count) * page_size FROM "
                                   "pragma_page_count, pragma_freelist_count, pragma_page_size"))
            .toULongLong();
    };
    if (bytes() <= m_limit)
        return;
    while (bytes() > m_limit / 10 * 9) {
        QSqlQuery gone = m_database->run(QStringLiteral(
            "DELETE FROM result WHERE id IN (SELECT id FROM result WHERE star=0 AND note='' ORDER BY id LIMIT 20)"));
        if (gone.numRowsAffected() <= 0)
            break;
    }
    m_database->dropLoose();
    m_database->vacuum();
}

std::vector<ResultStore::Found> History::all(const MeasurementKey& key)
{
    std::vector<Found> found;
    guarded([&] {
        QSqlQuery query = m_database->run(
            QStringLiteral("SELECT record, wanted FROM (SELECT id, record, wanted FROM result WHERE dump=(SELECT id "
                           "FROM dump WHERE fingerprint=?) AND engine=? AND settings=? ORDER BY id DESC LIMIT %1) "
                           "ORDER BY id")
                .arg(mostAtOnce),
            { text(key.dump), text(key.engine), text(key.settings) });
        while (query.next())
            if (auto result = unpacked(query.value(0).toByteArray()))
                found.push_back({ std::move(*result), query.value(1).toBool() ? Origin::Wanted : Origin::Passed });
    });
    return found;
}

std::optional<NextTokenMetrics> History::findScore(const MeasurementKey& key, const std::string& test)
{
    std::optional<NextTokenMetrics> found;
    guarded([&] {
        QSqlQuery query
            = m_database->run(QStringLiteral("SELECT record FROM score") + ofKey + QStringLiteral(" AND test=?"),
                { text(key.dump), text(key.engine), text(key.settings), text(key.method), text(test) });
        if (query.next())
            found = scoreIn(query);
    });
    return found;
}

void History::addScore(
    const MeasurementKey& key, const std::string& test, const DumpFacts& dump, const NextTokenMetrics& score)
{
    guarded([&] {
        m_database->transaction([&] {
            m_database->run(
                QStringLiteral("INSERT OR %1 INTO score(dump, engine, settings, method, test, time, record) "
                               "VALUES(?, ?, ?, ?, ?, ?, ?)")
                    .arg(QLatin1String(hasKlShares(score) ? "REPLACE" : "IGNORE")), // never less than was known
                { dumpId(key.dump, dump), text(key.engine), text(key.settings), text(key.method), text(test),
                    text(timeText()), blob(packScore(score)) });
        });
    });
}

std::map<std::string, NextTokenMetrics> History::allScores(const MeasurementKey& key, const std::string& test)
{
    std::map<std::string, NextTokenMetrics> found;
    guarded([&] {
        QSqlQuery query = m_database->run(
            QStringLiteral("SELECT record, method FROM score WHERE dump=(SELECT id FROM dump WHERE fingerprint=?) AND "
                           "engine=? AND settings=? AND test=?"),
            { text(key.dump), text(key.engine), text(key.settings), text(test) });
        while (query.next())
            if (const auto score = scoreIn(query))
                found[query.value(1).toString().toStdString()] = *score;
    });
    return found;
}

std::string History::knownHash(const std::string& state, const std::string& kind)
{
    std::string hash;
    guarded([&] {
        hash
            = m_database
                  ->value(QStringLiteral("SELECT hash FROM hash WHERE state=? AND kind=?"), { text(state), text(kind) })
                  .toString()
                  .toStdString();
    });
    return hash;
}

void History::rememberHash(const std::string& state, const std::string& kind, const std::string& hash)
{
    guarded([&] {
        m_database->run(QStringLiteral("INSERT OR REPLACE INTO hash(state, kind, hash) VALUES(?, ?, ?)"),
            { text(state), text(kind), text(hash) });
    });
}

} // namespace pikv::history
