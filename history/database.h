// SPDX-License-Identifier: GPL-3.0-or-later
// The database file: its tables, its version, and what can be wrong with it as a sentence.
#pragma once
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QVariant>
#include <initializer_list>
#include <string>

namespace pikv::history {

/// One connection, used in the thread that made it. Others, of this program and of others, may read and write the same
/// file meanwhile. Throws Error{Resource}: locked, read-only, no room; Error{Input}: damaged; Error{Usage}: of another
/// program or of a newer version, so never to be removed.
class Database {
public:
    /// Makes the file and its folder where there is none.
    explicit Database(std::string path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    const std::string& path() const { return m_path; }
    /// Runs one statement with these values in the place of its question marks.
    QSqlQuery run(const QString& sql, std::initializer_list<QVariant> values = {}) const;
    QSqlQuery run(const QString& sql, const QVariantList& values) const;
    /// The first column of the first row; invalid where there is none.
    QVariant value(const QString& sql, std::initializer_list<QVariant> values = {}) const;
    /// Deletes scores without their result, and dumps of which nothing is known.
    void dropLoose() const;
    /// Gives the room of what was deleted back to the disk.
    void vacuum() const;
    /// How long somebody else's writing is waited for.
    void setPatience(int milliseconds) const;

    /// `work`, whole or not at all.
    template <typename Work>
    void transaction(Work work) const
    {
        run(QStringLiteral("BEGIN IMMEDIATE"));
        try {
            work();
            run(QStringLiteral("COMMIT"));
        } catch (...) {
            QSqlQuery(m_database).exec(QStringLiteral("ROLLBACK"));
            throw;
        }
    }

private:
    void prepareFile() const;
    void createTables() const;
    void renewScores() const;

    std::string m_path;
    QString m_name;
    QSqlDatabase m_database;
};

} // namespace pikv::history
