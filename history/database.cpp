// SPDX-License-Identifier: GPL-3.0-or-later
// Results hang at their dumps; scores of the next-token test lie apart, for a result may have several or none. `record`
// and `layers` are what the engine that measured reads back fast; `figures` is what everybody can read.
#include "history/database.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "history/location.h"
#include <QSqlError>
#include <QUuid>
#include <filesystem>

namespace pikv::history {
namespace {

constexpr int schema = 2; ///< grows with every change of the tables
constexpr int programId = 0x50694B56; ///< "PiKV": SQLite's application_id
constexpr int patience = 2000; ///< ms

constexpr const char* scoreTable
    = "CREATE TABLE score(id INTEGER PRIMARY KEY, dump INTEGER NOT NULL REFERENCES dump(id), engine TEXT NOT NULL,"
      " settings TEXT NOT NULL, method TEXT NOT NULL, test TEXT NOT NULL, time TEXT NOT NULL, record BLOB NOT NULL,"
      " UNIQUE(dump, engine, settings, method, test))";

const char* const tables[] = {
    "CREATE TABLE dump(id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, path TEXT NOT NULL,"
    " model TEXT NOT NULL, shape TEXT NOT NULL)",
    "CREATE TABLE result(id INTEGER PRIMARY KEY AUTOINCREMENT, dump INTEGER NOT NULL REFERENCES dump(id),"
    " engine TEXT NOT NULL, settings TEXT NOT NULL, method TEXT NOT NULL, spec TEXT NOT NULL, time TEXT NOT NULL,"
    " machine TEXT NOT NULL, wanted INTEGER NOT NULL, star INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',"
    " figures TEXT NOT NULL, record BLOB NOT NULL, layers BLOB NOT NULL,"
    " UNIQUE(dump, engine, settings, method))",
    scoreTable,
    "CREATE TABLE hash(state TEXT NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY(state, kind))",
};

/// What SQLite says, as a user can act on it. Error{Input}: no database can be read from the file at all.
Error sentence(const std::string& path, const QSqlError& error)
{
    const std::string file = "the history " + inQuotes(path);
    switch (error.nativeErrorCode().toInt() & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
        return resourceError(file + " is locked by another program");
    case 8: // SQLITE_READONLY
        return resourceError(file + " cannot be written: it is read-only");
    case 10: // SQLITE_IOERR
    case 13: // SQLITE_FULL
        return resourceError(file + " cannot be written: the disk is full or failing");
    case 14: // SQLITE_CANTOPEN
        return resourceError(file + " cannot be opened: its folder cannot be written");
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
        return inputError(file + " is damaged; move it away, or forget it with 'pikv history --clear --all'");
    default:
        return resourceError(file + " cannot be used: " + error.databaseText().toStdString());
    }
}

} // namespace

Database::Database(std::string path)
    : m_path(std::move(path))
    , m_name(QUuid::createUuid().toString())
{
    std::error_code ignored; // opening says that there is no folder
    std::filesystem::create_directories(std::filesystem::path(m_path).parent_path(), ignored);
    m_database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), m_name);
    if (!m_database.isValid())
        throw resourceError("there is no history: Qt's driver for SQLite (libqt6sql6-sqlite) is not installed");
    m_database.setDatabaseName(QString::fromStdString(m_path));
    m_database.setConnectOptions(QStringLiteral("QSQLITE_BUSY_TIMEOUT=%1").arg(patience));
    try {
        if (!m_database.open())
            throw sentence(m_path, m_database.lastError());
        prepareFile();
    } catch (...) {
        m_database = {};
        QSqlDatabase::removeDatabase(m_name);
        throw;
    }
}

Database::~Database()
{
    m_database.close();
    m_database = {};
    QSqlDatabase::removeDatabase(m_name);
}

QSqlQuery Database::run(const QString& sql, const QVariantList& values) const
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    bool good = query.prepare(sql);
    for (const QVariant& value : values)
        query.addBindValue(value);
    good = good && query.exec();
    if (!good)
        throw sentence(m_path, query.lastError());
    return query;
}

QSqlQuery Database::run(const QString& sql, std::initializer_list<QVariant> values) const
{
    return run(sql, QVariantList(values));
}

QVariant Database::value(const QString& sql, std::initializer_list<QVariant> values) const
{
    QSqlQuery query = run(sql, values);
    return query.next() ? query.value(0) : QVariant();
}

void Database::setPatience(int milliseconds) const { run(QStringLiteral("PRAGMA busy_timeout=%1").arg(milliseconds)); }

void Database::vacuum() const
{
    QSqlQuery query = run(QStringLiteral("PRAGMA incremental_vacuum"));
    while (query.next()) { }
}

void Database::dropLoose() const
{
    run(QStringLiteral(
        "DELETE FROM score WHERE NOT EXISTS (SELECT 1 FROM result WHERE result.dump=score.dump AND "
        "result.engine=score.engine AND result.settings=score.settings AND result.method=score.method)"));
    run(QStringLiteral("DELETE FROM dump WHERE NOT EXISTS (SELECT 1 FROM result WHERE result.dump=dump.id)"));
}

void Database::prepareFile() const
{
    if (value(QStringLiteral("PRAGMA user_version")).toInt() == 0)
        createTables();
    if (value(QStringLiteral("PRAGMA application_id")).toInt() != programId)
        throw usageError(inQuotes(m_path) + " is a database of another program, not a history");
    if (value(QStringLiteral("PRAGMA user_version")).toInt() > schema)
        throw usageError("the history " + inQuotes(m_path)
            + " was written by a newer version of the program; update this one, or name another file in PIKV_HISTORY");
    if (value(QStringLiteral("PRAGMA user_version")).toInt() < schema)
        renewScores();
    // SQLite refuses this at once where somebody else is at work in a new file; then the next one who opens it does it.
    QSqlQuery(m_database).exec(QStringLiteral("PRAGMA journal_mode=WAL"));
    // A crash of the program loses nothing with NORMAL in this mode; a power cut may lose the last results.
    run(QStringLiteral("PRAGMA synchronous=NORMAL"));
}

/// Version 1 had a column for each of five figures. Its scores are an older engine's, so nobody will ask for them.
void Database::renewScores() const
{
    transaction([&] {
        if (value(QStringLiteral("PRAGMA user_version")).toInt() >= schema) // another process was faster
            return;
        run(QStringLiteral("DROP TABLE score"));
        run(QLatin1String(scoreTable));
        run(QStringLiteral("PRAGMA user_version=%1").arg(schema));
    });
}

/// In an empty file alone: tables that are there are another program's, or those that another process made meanwhile.
void Database::createTables() const
{
    const auto isEmpty = [&] { return value(QStringLiteral("SELECT count(*) FROM sqlite_schema")).toInt() == 0; };
    if (!isEmpty())
        return;
    run(QStringLiteral("PRAGMA auto_vacuum=INCREMENTAL")); // before anything else is written
    transaction([&] {
        if (!isEmpty())
            return;
        for (const char* table : tables)
            run(QLatin1String(table));
        run(QStringLiteral("PRAGMA application_id=%1").arg(programId));
        run(QStringLiteral("PRAGMA user_version=%1").arg(schema));
    });
}

} // namespace pikv::history
