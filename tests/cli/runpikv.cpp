// SPDX-License-Identifier: GPL-3.0-or-later
#include "runpikv.h"
#include <QDir>
#include <QFile>
#include <QTest>

namespace pikvtest {

namespace {
constexpr int kPatience = 240'000; // of a loaded machine, in ms

/// What a test measures is neither found in the user's own history nor kept there.
const bool withoutHistory = qputenv("PIKV_HISTORY", "off");
}

QString pikvProgram() { return QStringLiteral(PIKV_BIN_DIR "/pikv"); }

Finished finish(QProcess& process)
{
    if (!process.waitForFinished(kPatience)) {
        process.kill();
        process.waitForFinished();
    }
    const int status = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    return { status, process.readAllStandardOutput(), process.readAllStandardError() };
}

static Finished runProgram(const QString& program, const QStringList& arguments, const QString& where = {})
{
    QProcess process;
    process.setWorkingDirectory(where);
    process.start(program, arguments);
    return finish(process);
}

Finished pikv(const QStringList& arguments, const QString& where)
{
    return runProgram(pikvProgram(), arguments, where);
}

Finished limited(const QString& limit, const QStringList& arguments)
{
    const QString script = QStringLiteral("ulimit %1 && exec \"$0\" \"$@\"").arg(limit);
    return runProgram(QStringLiteral("bash"), QStringList { QStringLiteral("-c"), script, pikvProgram() } + arguments);
}

std::unique_ptr<QProcess> startPikv(const QStringList& arguments)
{
    auto process = std::make_unique<QProcess>();
    process->start(pikvProgram(), arguments);
    process->waitForStarted();
    return process;
}

bool waitUntil(QProcess& process, const std::function<bool()>& condition)
{
    return QTest::qWaitFor([&] { return condition() || process.state() == QProcess::NotRunning; }, kPatience)
        && process.state() == QProcess::Running;
}

bool generate(const QString& path, const QStringList& options)
{
    const QStringList shape = QStringLiteral("--layers 3 --kv-heads 2 --seq 96 --head-dim 32 --queries 8").split(u' ');
    QStringList arguments { QStringLiteral("generate"), QStringLiteral("-o"), path };
    // An option given twice is an error, so the default one gives way.
    for (int i = 0; i < shape.size(); i += 2)
        if (!options.contains(shape[i]))
            arguments += { shape[i], shape[i + 1] };
    return pikv(arguments + options).status == 0;
}

QList<Row> parseCsv(const QByteArray& text)
{
    QList<QStringList> lines(1, QStringList(QString()));
    bool quoted = false;
    const QString all = QString::fromUtf8(text);
    for (qsizetype i = 0; i < all.size(); ++i) {
        const QChar c = all[i];
        if (c == u'"' && quoted && all.mid(i + 1, 1) == u"\"")
            lines.last().last() += all[++i]; // a doubled one is one
        else if (c == u'"')
            quoted = !quoted;
        else if (c == u',' && !quoted)
            lines.last() << QString();
        else if (c == u'\n' && !quoted)
            lines << QStringList(QString());
        else
            lines.last().last() += c;
    }
    lines.removeLast(); // after the last line end
    QList<Row> rows;
    for (int i = 1; i < lines.size(); ++i) {
        Row row;
        for (int column = 0; column < lines[i].size(); ++column)
            row[lines[0].value(column)] = lines[i][column];
        rows << row;
    }
    return rows;
}

QByteArray readFile(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void writeFile(const QString& path, const QByteArray& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

QStringList filesIn(const QString& folder)
{
    return QDir(folder).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot, QDir::Name);
}

} // namespace pikvtest
