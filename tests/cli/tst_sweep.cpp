// SPDX-License-Identifier: GPL-3.0-or-later
// Sweeps: what they write, how they go on, and what an interruption leaves.
#include "runpikv.h"
#include "testmain.h"
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>

using namespace pikvtest;

class SweepTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_dump;
    QString newFolder() { return m_folder.filePath(QString("s%1").arg(++m_count)); }
    int m_count = 0;

private Q_SLOTS:
    void initTestCase();
    void writesTableAndFront();
    void goesOnWhereItStopped();
    void refusesAnotherDumpsFolder();
    void leavesOutWhatDoesNotFit();
    void interruptedSweepKeepsItsResults_data();
    void interruptedSweepKeepsItsResults();
    void vanishingDump_data();
    void vanishingDump();
    void interruptedEvalKeepsItsResults();
    void interruptedGenerateLeavesNothing();
    void secondInterruptKills();
};

namespace {

/// 192 points of some tens of milliseconds each: still at work when the test acts, done soon enough when it goes on.
const char* const kManyPoints = "kivi:key_bits=[1,2,3,4,5,6,7,8],value_bits=[1,2,3,4,5,6,7,8],group_size=[16,32,64]";

QList<Row> results(const QString& folder) { return parseCsv(readFile(folder + "/results.csv")); }

} // namespace

void SweepTest::initTestCase()
{
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump));
    QVERIFY(
        generate(m_folder.filePath("larger.safetensors"), { "--layers", "8", "--seq", "1024", "--head-dim", "64" }));
}

void SweepTest::writesTableAndFront()
{
    const QString folder = newFolder();
    const Finished sweep = pikv(
        { "sweep", m_dump, "--with", "kivi:key_bits=[2,4,8],value_bits=[2,8]", "--with", "identity", "-o", folder });
    QVERIFY2(sweep.status == 0, sweep.err);
    QCOMPARE(filesIn(folder), QStringList({ "pareto.csv", "results.csv", "results.json", "sweep.json" }));
    const auto rows = results(folder);
    QCOMPARE(rows.size(), 7);
    const QJsonObject json = QJsonDocument::fromJson(readFile(folder + "/results.json")).object();
    QCOMPARE(json["results"].toArray().size(), 7);
    QVERIFY(json["results"][0]["stored_breakdown"].isObject());
    const auto front = parseCsv(readFile(folder + "/pareto.csv"));
    for (const Row& point : front) {
        // No result beats a point of the front in both.
        const QString metric = point["front_metric"];
        QVERIFY(metric == "attention_error" || metric == "mse");
        for (const Row& row : rows)
            QVERIFY(!(row["bits_per_element"].toDouble() < point["bits_per_element"].toDouble()
                && row[metric].toDouble() < point[metric].toDouble()));
    }
    QVERIFY(front.size() >= 4);
}

void SweepTest::goesOnWhereItStopped()
{
    const QString folder = newFolder();
    QCOMPARE(pikv({ "sweep", m_dump, "--with", "kivi:key_bits=[2,4]", "-o", folder }).status, 0);
    const QByteArray before = readFile(folder + "/results.csv"), json = readFile(folder + "/results.json");
    QCOMPARE(pikv({ "sweep", m_dump, "--with", "kivi:key_bits=[2,4]", "-o", folder }).status, 0);
    QCOMPARE(readFile(folder + "/results.csv"), before); // timing columns too: nothing was measured again
    QCOMPARE(readFile(folder + "/results.json"), json);
    QCOMPARE(pikv({ "sweep", m_dump, "--with", "kivi:key_bits=[2,4,8]", "-o", folder }).status, 0);
    QVERIFY(readFile(folder + "/results.csv").startsWith(before));
    QCOMPARE(results(folder).size(), 3);
    QCOMPARE(pikv({ "sweep", m_dump, "--with", "identity", "-o", folder, "--restart" }).status, 0);
    QCOMPARE(results(folder).size(), 1);
}

void SweepTest::refusesAnotherDumpsFolder()
{
    const QString folder = newFolder(), other = m_folder.filePath("other.safetensors");
    QVERIFY(generate(other, { "--seed", "9" }));
    QCOMPARE(pikv({ "sweep", m_dump, "--with", "identity", "-o", folder }).status, 0);
    const QByteArray before = readFile(folder + "/results.csv");
    const auto refused = [&](const QStringList& extra, const char* word) {
        const Finished result = pikv(QStringList { "sweep" } + extra + QStringList { "--with", "kivi", "-o", folder });
        QVERIFY2(result.status == 2 && result.err.contains(word) && result.err.contains("--restart"), result.err);
        QCOMPARE(readFile(folder + "/results.csv"), before);
    };
    refused({ other }, "other.safetensors");
    refused({ m_dump, "--seed", "4" }, "seed");
    refused({ m_dump, "--importance", "recency" }, "importance");
    QVERIFY(generate(m_dump)); // written again: it may have changed
    refused({ m_dump }, "changed");
    QFile::remove(folder + "/sweep.json");
    refused({ m_dump }, "results.csv");
}

void SweepTest::leavesOutWhatDoesNotFit()
{
    const QString dump = m_folder.filePath("dim40.safetensors"), folder = newFolder();
    QVERIFY(generate(dump, { "--head-dim", "40" }));
    const Finished some = pikv({ "sweep", dump, "--with", "q8_0", "--with", "kivi", "-o", folder });
    QVERIFY2(some.status == 0 && some.err.contains("left out: q8_0"), some.err);
    QCOMPARE(results(folder).size(), 1);
    const Finished none = pikv({ "sweep", dump, "--with", "q8_0", "-o", newFolder() });
    QVERIFY2(none.status == 2 && none.err.contains("head_dim 40"), none.err);
}

void SweepTest::interruptedSweepKeepsItsResults_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
}

void SweepTest::interruptedSweepKeepsItsResults()
{
    QFETCH(int, signal);
    const QString folder = newFolder(), dump = m_folder.filePath("larger.safetensors");
    const auto process = startPikv({ "sweep", dump, "--with", kManyPoints, "-o", folder });
    QVERIFY(waitUntil(*process, [&] { return results(folder).size() >= 2; }));
    ::kill(pid_t(process->processId()), signal);
    const Finished stopped = finish(*process);
    QCOMPARE(stopped.status, 130);
    QVERIFY2(stopped.err.contains("interrupted"), stopped.err);
    QCOMPARE(filesIn(folder), QStringList({ "pareto.csv", "results.csv", "results.json", "sweep.json" }));
    const auto kept = results(folder);
    QVERIFY(kept.size() >= 2 && kept.size() < 192);
    QCOMPARE(QJsonDocument::fromJson(readFile(folder + "/results.json"))["results"].toArray().size(), kept.size());
    // What was finished is not measured again.
    const QByteArray before = readFile(folder + "/results.csv");
    QCOMPARE(
        pikv({ "sweep", dump, "--with", "kivi:key_bits=1,value_bits=1,group_size=[16,32]", "-o", folder }).status, 0);
    QCOMPARE(readFile(folder + "/results.csv"), before);
}

void SweepTest::vanishingDump_data()
{
    QTest::addColumn<bool>("remove");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("vanishes") << true << QByteArray("vanished");
    QTest::newRow("changes") << false << QByteArray("while it was open");
}

void SweepTest::vanishingDump()
{
    QFETCH(bool, remove);
    QFETCH(QByteArray, expected);
    const QString folder = newFolder(), dump = m_folder.filePath("passing.safetensors");
    QVERIFY(QFile::copy(m_folder.filePath("larger.safetensors"), dump));
    const auto process = startPikv({ "sweep", dump, "--with", kManyPoints, "-o", folder });
    QVERIFY(waitUntil(*process, [&] { return results(folder).size() >= 1; }));
    QVERIFY(remove ? QFile::remove(dump) : QFile::resize(dump, 5000));
    const Finished stopped = finish(*process);
    QFile::remove(dump);
    QVERIFY2(stopped.status == 3, stopped.err);
    QVERIFY2(stopped.err.contains("passing.safetensors") && stopped.err.contains(expected), stopped.err);
    QVERIFY(results(folder).size() >= 1);
}

void SweepTest::interruptedEvalKeepsItsResults()
{
    const QString csv = m_folder.filePath("e.csv");
    QStringList arguments { "eval", m_folder.filePath("larger.safetensors"), "--csv", csv };
    for (int i = 0; i < 400; ++i)
        arguments += { "--with", "kivi" };
    const auto process = startPikv(arguments);
    QByteArray progress;
    QVERIFY(waitUntil(*process, [&] { return (progress += process->readAllStandardError()).contains("kivi ("); }));
    ::kill(pid_t(process->processId()), SIGINT);
    const Finished stopped = finish(*process);
    QCOMPARE(stopped.status, 130);
    const auto kept = parseCsv(readFile(csv)).size();
    QVERIFY(kept < 400);
    // The first line of progress comes after two seconds: the point that it names is the one after the last result.
    const int named = progress.split('(').value(1).split('/').value(0).toInt();
    QVERIFY2(kept >= named - 1, progress);
}

void SweepTest::interruptedGenerateLeavesNothing()
{
    QTemporaryDir folder;
    const auto process
        = startPikv({ "generate", "-o", folder.filePath("big.safetensors"), "--layers", "64", "--seq", "8192" });
    QVERIFY(waitUntil(*process, [&] { return !filesIn(folder.path()).isEmpty(); }));
    ::kill(pid_t(process->processId()), SIGINT);
    QCOMPARE(finish(*process).status, 130);
    QCOMPARE(filesIn(folder.path()), QStringList());
}

void SweepTest::secondInterruptKills()
{
    const QString folder = newFolder();
    const auto process
        = startPikv({ "sweep", m_folder.filePath("larger.safetensors"), "--with", kManyPoints, "-o", folder });
    QVERIFY(waitUntil(*process, [&] { return results(folder).size() >= 1; }));
    ::kill(pid_t(process->processId()), SIGSTOP); // so that both arrive before it can answer the first
    ::kill(pid_t(process->processId()), SIGINT);
    ::kill(pid_t(process->processId()), SIGTERM);
    ::kill(pid_t(process->processId()), SIGCONT);
    QVERIFY(process->waitForFinished(60000));
    QCOMPARE(process->exitStatus(), QProcess::CrashExit);
    QVERIFY(results(folder).size() >= 1);
}

PIKV_TEST(SweepTest)
#include "tst_sweep.moc"
