// SPDX-License-Identifier: GPL-3.0-or-later
// Results that stay, as the command line keeps them.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <unistd.h>

using namespace pikvtest;

class HistoryTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanupTestCase() { qputenv("PIKV_HISTORY", "off"); }
    void evalAndSweepShareIt();
    void switchedOff();
    void anotherDumpIsMeasured();
    void listSearchExportClear();
    void manyAtOnce();
    void killedSweepsLoseNothing();
    void damagedIsToldOnce();
    void anotherProgramsFile();
    void readOnly();
    void noRoom();

private:
    QString data() const { return m_folder.filePath(QString("data%1").arg(m_count)); }
    QString database() const { return data() + "/pikv-explorer/history.sqlite"; }
    /// compress_seconds of the rows: equal where nothing was measured again.
    static QStringList times(const QByteArray& csv)
    {
        QStringList times;
        for (const Row& row : parseCsv(csv))
            times << row["compress_seconds"];
        return times;
    }

    QTemporaryDir m_folder;
    QString m_dump;
    int m_count = 0;
};

void HistoryTest::initTestCase()
{
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump));
}

void HistoryTest::init()
{
    ++m_count;
    qputenv("XDG_DATA_HOME", data().toUtf8());
    qunsetenv("PIKV_HISTORY");
}

void HistoryTest::evalAndSweepShareIt()
{
    const Finished first = pikv({ "eval", m_dump, "--with", "kivi", "--with", "lora:rank=4", "--csv", "-" });
    QVERIFY2(first.status == 0 && !first.err.contains("history"), first.err);
    const Finished again = pikv({ "eval", m_dump, "--with", "kivi", "--with", "lora:rank=4", "--csv", "-" });
    QCOMPARE(times(again.out), times(first.out));
    QVERIFY2(again.err.contains("2 of 2 results came from the history"), again.err);
    const auto rows = parseCsv(again.out);
    QVERIFY(parseCsv(first.out)[0]["measured"].isEmpty());
    QVERIFY2(rows[0]["measured"].contains("thread"), qPrintable(rows[0]["measured"]));
    for (const QStringList& quiet : { QStringList {}, QStringList { "--quiet" } }) {
        const Finished table = pikv(QStringList { "eval", m_dump, "--with", "kivi", "--with", "lora:rank=32" } + quiet);
        QVERIFY2(table.out.contains("\n* from the history"), table.out);
        QCOMPARE(table.out.count("*"), quiet.isEmpty() ? 3 : 5); // the second time lora's were measured before, too
    }
    // The sweep takes one point over and measures two; eval then finds those.
    const QString folder = m_folder.filePath("sweep");
    const Finished sweep = pikv({ "sweep", m_dump, "--with", "lora:rank=[4,8,16]", "-o", folder });
    QVERIFY2(sweep.status == 0 && sweep.err.contains("1 of 3 results came from the history"), sweep.err);
    const QStringList swept = times(readFile(folder + "/results.csv"));
    QCOMPARE(swept[0], times(first.out)[1]);
    QCOMPARE(times(pikv({ "eval", m_dump, "--with", "lora:rank=16", "--csv", "-" }).out)[0], swept[2]);
    // Layers and heads, too, though nobody asked for them before.
    const auto layers = parseCsv(pikv({ "eval", m_dump, "--with", "lora:rank=16", "--per-layer", "--csv", "-" }).out);
    QCOMPARE(layers.size(), 3 * 3);
    QVERIFY(layers[1]["key_nmse"].toDouble() > 0);
}

void HistoryTest::switchedOff()
{
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi", "--no-history" }).status == 0);
    QVERIFY(!QFile::exists(database()));
    qputenv("PIKV_HISTORY", "off");
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi" }).status == 0);
    QVERIFY(!QFile::exists(database()));
    const Finished none = pikv({ "history" });
    QVERIFY2(none.status == 2 && none.err.contains("PIKV_HISTORY"), none.err);
    qputenv("PIKV_HISTORY", m_folder.filePath("elsewhere.sqlite").toUtf8());
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi" }).status == 0);
    QVERIFY(QFile::exists(m_folder.filePath("elsewhere.sqlite")) && !QFile::exists(database()));
    const QStringList before = times(pikv({ "eval", m_dump, "--with", "kivi", "--csv", "-" }).out);
    QVERIFY(times(pikv({ "eval", m_dump, "--with", "kivi", "--csv", "-", "--no-history" }).out) != before);
}

void HistoryTest::anotherDumpIsMeasured()
{
    const QString other = m_folder.filePath("other.safetensors");
    QVERIFY(generate(other, { "--seed", "3" }));
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi" }).status == 0);
    const Finished result = pikv({ "eval", other, "--with", "kivi" });
    QVERIFY2(!result.err.contains("history"), result.err);
    QVERIFY(QFile::remove(other) && QFile::copy(m_dump, other)); // now it is the same one
    QVERIFY(pikv({ "eval", other, "--with", "kivi" }).err.contains("1 of 1 result came from the history"));
    for (const QStringList& changed : { QStringList { "--seed", "1" }, { "--importance", "recency" } })
        QVERIFY(!pikv(QStringList { "eval", other, "--with", "kivi" } + changed).err.contains("history"));
}

void HistoryTest::listSearchExportClear()
{
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi", "--with", "lora:rank=4", "--with", "identity" }).status == 0);
    const Finished all = pikv({ "history" });
    QVERIFY2(all.out.contains("lora:rank=4") && all.out.contains("dump.safetensors"), all.out);
    QVERIFY2(all.err.contains("3 results shown of 3") && all.err.contains("bytes"), all.err);
    QVERIFY(!pikv({ "history", "RANK=4" }).out.contains("kivi"));
    QVERIFY(pikv({ "history", "--id", "1", "--star", "--note", "kept, \"quoted\"" }).out.contains("kept"));
    QVERIFY(!pikv({ "history", "--starred" }).out.contains("lora"));
    const Finished missing = pikv({ "history", "--id", "99", "--star" });
    QVERIFY2(missing.status == 2 && missing.err.contains("99"), missing.err);
    QVERIFY(pikv({ "history", "--star" }).status == 2);
    const auto rows = parseCsv(pikv({ "history", "--export", "-" }).out);
    QCOMPARE(rows.size(), 3);
    QCOMPARE(rows[2]["note"], QString("kept, \"quoted\""));
    QVERIFY(rows[0]["attention_error"].toDouble() >= 0 && !rows[0]["fingerprint"].isEmpty());
    const QString json = m_folder.filePath("history.json");
    QVERIFY(pikv({ "history", "--export", json }).status == 0);
    QVERIFY(readFile(json).contains("\"fingerprint\""));
    QVERIFY2(pikv({ "history", "--clear", "identity" }).err.contains("forgot 1 result, 2 left"), "");
    QVERIFY(pikv({ "history", "--clear" }).err.contains("forgot 1 result, 1 left"));
    QVERIFY(pikv({ "history", "--clear", "--all" }).err.contains("forgot 1 result, 0 left"));
}

void HistoryTest::manyAtOnce()
{
    std::vector<std::unique_ptr<QProcess>> running;
    for (int i = 0; i < 4; ++i)
        running.push_back(startPikv({ "sweep", m_dump, "--with", "kivi:key_bits=[1,2,3,4],value_bits=[2,4]", "-o",
            m_folder.filePath(QString("many%1").arg(i)) }));
    for (const auto& process : running) {
        const Finished end = finish(*process);
        QVERIFY2(end.status == 0 && !end.err.contains("warning"), end.err);
    }
    QVERIFY(pikv({ "history" }).err.contains("8 results shown of 8"));
}

/// kill -9 in the middle of a sweep: what its folder tells of is in the history, which opens again.
void HistoryTest::killedSweepsLoseNothing()
{
    const QString larger = m_folder.filePath("larger.safetensors");
    QVERIFY(generate(larger, { "--layers", "4", "--seq", "256" }));
    const QString points = "kivi:key_bits=[1,2,3,4,5,6,7,8],value_bits=[1,2,3,4,5,6,7,8]";
    int stored = 0;
    for (int round = 0; round < 8; ++round) {
        const QString folder = m_folder.filePath(QString("killed%1-%2").arg(m_count).arg(round));
        const auto process = startPikv({ "sweep", larger, "--with", points, "-o", folder });
        const auto told = [&] { return int(parseCsv(readFile(folder + "/results.csv")).size()); };
        QVERIFY(waitUntil(*process, [&] { return told() > stored; }) || told() == 64);
        QTest::qWait(7 * round);
        process->kill();
        (void)finish(*process);
        const Finished list = pikv({ "history", "--most", "0" });
        QVERIFY2(list.status == 0, list.err);
        const int now = int(list.out.count('\n')) - 1;
        QVERIFY2(now >= told() && now >= stored, qPrintable(QString("%1 of %2").arg(now).arg(told())));
        stored = now;
    }
    QVERIFY(stored > 0);
    const Finished last = pikv({ "sweep", larger, "--with", points, "-o", m_folder.filePath("last") });
    QVERIFY2(last.status == 0, last.err);
    QVERIFY2(last.err.contains(QString("%1 of 64 results came from the history").arg(stored).toUtf8()), last.err);
}

void HistoryTest::damagedIsToldOnce()
{
    QDir().mkpath(data() + "/pikv-explorer");
    writeFile(database(), QByteArray(9000, 'x'));
    const Finished result = pikv({ "eval", m_dump, "--with", "kivi", "--with", "lora" });
    QVERIFY2(result.status == 0 && result.err.count("is damaged") == 1, result.err);
    const Finished list = pikv({ "history" });
    QVERIFY2(list.status == 3 && list.err.contains("is damaged"), list.err);
    QCOMPARE(pikv({ "history", "--clear" }).status, 3);
    QCOMPARE(pikv({ "history", "--clear", "--all", "--starred" }).status, 3);
    QCOMPARE(pikv({ "history", "--clear", "--all" }).status, 0);
    QVERIFY(!pikv({ "eval", m_dump, "--with", "kivi" }).err.contains("damaged"));
    QVERIFY(pikv({ "history" }).err.contains("1 result shown of 1"));
}

/// What is no history stays, whatever is to be forgotten.
void HistoryTest::anotherProgramsFile()
{
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi" }).status == 0);
    QByteArray bytes = readFile(database());
    bytes.replace(68, 4, "mine"); // SQLite's application_id
    writeFile(database(), bytes);
    const Finished clear = pikv({ "history", "--clear", "--all" });
    QVERIFY2(clear.status == 2 && clear.err.contains("another program"), clear.err);
    QCOMPARE(readFile(database()), bytes);
}

/// Root may write everything: as another user.
void HistoryTest::readOnly()
{
    QVERIFY(pikv({ "eval", m_dump, "--with", "kivi" }).status == 0);
    QStringList command { QStringLiteral("setpriv"), "--reuid=65534", "--clear-groups", pikvProgram() };
    if (::geteuid() != 0)
        command = { pikvProgram() };
    QVERIFY(QFile::setPermissions(m_folder.path(), QFile::Permissions(0x5555)));
    QVERIFY(QFile::setPermissions(database(), QFile::Permissions(0x4444)));
    QVERIFY(QFile::setPermissions(data() + "/pikv-explorer", QFile::Permissions(0x5555)));
    QProcess process;
    process.start(command[0], command.mid(1) + QStringList { "eval", m_dump, "--with", "kivi", "--with", "lora" });
    const Finished result = finish(process);
    QFile::setPermissions(data() + "/pikv-explorer", QFile::Permissions(0x7755));
    QFile::setPermissions(m_folder.path(), QFile::Permissions(0x7700));
    if (result.status == 127 || result.err.contains("setpriv"))
        QSKIP("no way to be another user");
    QVERIFY2(result.status == 0 && result.out.contains("lora"), result.err);
    QCOMPARE(result.err.count("warning: "), 1);
    QVERIFY2(result.err.contains("cannot be"), result.err);
}

/// A limit on the size of files stands for a full disk.
void HistoryTest::noRoom()
{
    const Finished result = limited("-f 8", { "eval", m_dump, "--with", "kivi", "--with", "lora" });
    QVERIFY2(result.status == 0 && result.out.contains("lora"), result.err);
    QVERIFY2(result.err.count("warning: ") == 1 && result.err.contains("disk is full"), result.err);
}

PIKV_TEST(HistoryTest)
#include "tst_history.moc"
