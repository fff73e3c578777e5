// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QList>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <functional>
#include <memory>

namespace pikvtest {

/// What a finished program left: exit status (-1 when it crashed), standard output and standard error.
struct Finished {
    int status = -1;
    QByteArray out, err;
};

QString pikvProgram();
/// Runs pikv to its end in folder `where` (empty: the current one).
Finished pikv(const QStringList& arguments, const QString& where = {});
/// The same below bash, with a limit in force: limited("-f 8", …) is `ulimit -f 8`.
Finished limited(const QString& limit, const QStringList& arguments);
std::unique_ptr<QProcess> startPikv(const QStringList& arguments);
/// Waits until `condition` holds or the program ended; what it left once it ended.
bool waitUntil(QProcess& process, const std::function<bool()>& condition);
Finished finish(QProcess& process);

/// Makes a small dump: 3 layers x [1, 2, 96, 32], with 8 queries. Further options may override.
bool generate(const QString& path, const QStringList& options = {});

/// Rows of a CSV by column name; quoted fields may hold commas.
using Row = QMap<QString, QString>;
QList<Row> parseCsv(const QByteArray& text);
QByteArray readFile(const QString& path);
void writeFile(const QString& path, const QByteArray& bytes);
/// Everything in a folder, hidden files included.
QStringList filesIn(const QString& folder);

} // namespace pikvtest
