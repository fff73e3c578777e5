// SPDX-License-Identifier: GPL-3.0-or-later
// Each wish of a user as a statement or two, and the two forms that others read.
#include "history/catalogue.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/eval/engineid.h"
#include "core/eval/resultsio.h"
#include "history/database.h"
#include "history/location.h"
#include <nlohmann/json.hpp>

namespace pikv::history {
namespace {

using Json = nlohmann::ordered_json;

const QString searched
    = QStringLiteral("(dump.path || ' ' || fingerprint || ' ' || model || ' ' || spec || ' ' || settings || ' ' || "
                     "engine || ' ' || time || ' ' || note)");

/// A LIKE pattern of a word that may hold its wildcards.
QString patternOf(const std::string& word)
{
    QString pattern = QString::fromStdString(word);
    for (const char* special : { "\\", "%", "_" })
        pattern.replace(QLatin1String(special), QLatin1String("\\") + QLatin1String(special));
    return QLatin1Char('%') + pattern + QLatin1Char('%');
}

/// " WHERE …" over result and dump, and what belongs in its question marks.
QString conditions(const Query& query, QVariantList& values)
{
    QString sql = QStringLiteral(" WHERE 1");
    for (const std::string& word : query.words) {
        sql += QStringLiteral(" AND ") + searched + QStringLiteral(" LIKE ? ESCAPE '\\'");
        values << patternOf(word);
    }
    if (query.starred)
        sql += QStringLiteral(" AND star=1");
    if (query.id != 0) {
        sql += QStringLiteral(" AND result.id=?");
        values << query.id;
    }
    return sql;
}

const QString joined = QStringLiteral(" FROM result JOIN dump ON dump.id=result.dump");

} // namespace

EvaluationResult Entry::result() const
{
    EvaluationResult result = resultFromJson(figures, "history, result " + std::to_string(id));
    result.measured = time + " on " + machine;
    return result;
}

Catalogue::Catalogue(const std::string& path)
    : m_database(std::make_unique<Database>(path))
{
}

Catalogue::~Catalogue() = default;

std::vector<Entry> Catalogue::list(const Query& query) const
{
    QVariantList values;
    QString sql
        = QStringLiteral("SELECT result.id, spec, settings, dump.path, fingerprint, model, shape, engine, time, "
                         "machine, note, star, figures")
        + joined + conditions(query, values) + QStringLiteral(" ORDER BY result.id DESC");
    if (query.most > 0)
        sql += QStringLiteral(" LIMIT %1").arg(query.most);
    std::vector<Entry> entries;
    QSqlQuery rows = m_database->run(sql, values);
    const auto text = [&](int column) { return rows.value(column).toString().toStdString(); };
    while (rows.next()) {
        Entry entry { rows.value(0).toLongLong(), text(1), text(2), text(3), text(4), text(5), text(6), text(7),
            text(8), text(9), text(10), rows.value(11).toBool(), false, text(12) };
        entry.ofThisEngine = entry.engine == engineId();
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::uint64_t Catalogue::count() const
{
    return m_database->value(QStringLiteral("SELECT count(*) FROM result")).toULongLong();
}

std::uint64_t Catalogue::bytes() const { return bytesOnDisk(m_database->path()); }

void Catalogue::requireOne(long long id, int changed) const
{
    if (changed != 1)
        throw usageError("the history has no result " + std::to_string(id));
}

void Catalogue::setStar(long long id, bool star)
{
    requireOne(id,
        m_database->run(QStringLiteral("UPDATE result SET star=? WHERE id=?"), { star ? 1 : 0, id }).numRowsAffected());
}

void Catalogue::setNote(long long id, const std::string& note)
{
    const QString text = QString::fromStdString(note);
    requireOne(id,
        m_database
            ->run(QStringLiteral("UPDATE result SET note=? WHERE id=?"),
                { text.isNull() ? QStringLiteral("") : text, id })
            .numRowsAffected());
}

std::uint64_t Catalogue::forget(const Query& query, bool starredToo)
{
    QVariantList values;
    const QString spared = starredToo ? QString() : QStringLiteral(" AND star=0 AND note=''");
    std::uint64_t gone = 0;
    m_database->transaction([&] {
        gone = std::uint64_t(m_database
                                 ->run(QStringLiteral("DELETE FROM result WHERE id IN (SELECT result.id") + joined
                                         + conditions(query, values) + spared + QStringLiteral(")"),
                                     values)
                                 .numRowsAffected());
        m_database->dropLoose();
        if (count() == 0) // what is left tells of files alone
            m_database->run(QStringLiteral("DELETE FROM hash"));
    });
    m_database->vacuum();
    m_database->run(QStringLiteral("PRAGMA wal_checkpoint(TRUNCATE)"));
    return gone;
}

std::string entriesToCsv(const std::vector<Entry>& entries, int& leftOut)
{
    leftOut = 0;
    std::string csv = "id,time,machine,engine,settings,dump,fingerprint,star,note,";
    csv += resultsToCsv({});
    for (const Entry& entry : entries) {
        std::string row;
        try {
            const std::string table = resultsToCsv({ entry.result() });
            row = table.substr(table.find('\n') + 1);
        } catch (const Error&) {
            ++leftOut;
            continue;
        }
        csv += std::to_string(entry.id);
        for (const std::string* field :
            { &entry.time, &entry.machine, &entry.engine, &entry.settings, &entry.dump, &entry.fingerprint })
            csv += "," + csvField(*field);
        csv += std::string(",") + (entry.star ? "1" : "0") + "," + csvField(entry.note) + "," + row;
    }
    return csv;
}

std::string entriesToJson(const std::vector<Entry>& entries)
{
    Json list = Json::array();
    for (const Entry& entry : entries)
        list.push_back(
            { { "id", entry.id }, { "time", entry.time }, { "machine", entry.machine }, { "engine", entry.engine },
                { "settings", entry.settings }, { "dump", entry.dump }, { "fingerprint", entry.fingerprint },
                { "model", entry.model }, { "shape", entry.shape }, { "star", entry.star }, { "note", entry.note },
                { "spec", entry.spec }, { "result", Json::parse(entry.figures, nullptr, false) } });
    return Json { { "history", std::move(list) } }.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace pikv::history
