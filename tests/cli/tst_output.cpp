// SPDX-License-Identifier: GPL-3.0-or-later
// Places that cannot be written and memory that is not there: exit status 4, nothing half written.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QFileInfo>
#include <QJsonArray>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class OutputTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_dump;

private Q_SLOTS:
    void initTestCase();
    void unwritablePlaces_data();
    void unwritablePlaces();
    void fileSizeLimit_data();
    void fileSizeLimit();
    void olderFileSurvivesAFailure();
    void fullStandardOutput();
    void closedPipeIsQuiet();
    void tooLittleMemory();
    void tooLittleMemoryToStart();
    void tooLittleDisk();
};

void OutputTest::initTestCase()
{
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump));
}

void OutputTest::unwritablePlaces_data()
{
    QTest::addColumn<QStringList>("arguments");
    const QString below = m_dump + "/x"; // below a file, where not even root can write
    QTest::newRow("generate") << QStringList { "generate", "-o", below, "--layers", "1", "--seq", "8" };
    QTest::newRow("compress") << QStringList { "compress", m_dump, "--with", "identity", "-o", below };
    QTest::newRow("eval csv") << QStringList { "eval", m_dump, "--with", "identity", "--csv", below };
    QTest::newRow("eval json") << QStringList { "eval", m_dump, "--with", "identity", "--json", below };
    QTest::newRow("sweep") << QStringList { "sweep", m_dump, "--with", "identity", "-o", below };
    QTest::newRow("no such folder") << QStringList { "eval", m_dump, "--with", "identity", "--csv",
        "/no/such/folder/x.csv" };
    QTest::newRow("device") << QStringList { "eval", m_dump, "--with", "identity", "--csv", "/dev/full" };
    QTest::newRow("folder") << QStringList { "eval", m_dump, "--with", "identity", "--csv", m_folder.path() };
}

void OutputTest::unwritablePlaces()
{
    QFETCH(QStringList, arguments);
    const Finished result = pikv(arguments);
    QVERIFY2(result.status == 4, result.err);
    QVERIFY2(result.err.startsWith("pikv: error: Cannot "), result.err);
    QCOMPARE(result.err.count('\n'), 1);
    QCOMPARE(result.out, QByteArray()); // refused before the work
    QCOMPARE(filesIn(m_folder.path()), QStringList { "dump.safetensors" });
}

void OutputTest::fileSizeLimit_data()
{
    QTest::addColumn<QStringList>("arguments");
    const QString to = m_folder.filePath("out");
    QTest::newRow("generate") << QStringList { "generate", "-o", to };
    QTest::newRow("compress") << QStringList { "compress", m_dump, "--with", "identity", "-o", to };
    QTest::newRow("json") << QStringList { "eval", m_dump, "--with", "identity", "--per-layer", "--json", to };
}

void OutputTest::fileSizeLimit()
{
    QFETCH(QStringList, arguments);
    const Finished result = limited("-f 4", arguments); // 4 KiB
    QVERIFY2(result.status == 4, result.err);
    QVERIFY2(result.err.contains(m_folder.filePath("out").toUtf8()), result.err);
    QVERIFY2(result.err.contains("ulimit -f"), result.err);
    QCOMPARE(filesIn(m_folder.path()), QStringList { "dump.safetensors" });
}

void OutputTest::olderFileSurvivesAFailure()
{
    const QString to = m_folder.filePath("older.pikv");
    writeFile(to, "older");
    QCOMPARE(limited("-f 4", { "compress", m_dump, "--with", "identity", "-o", to }).status, 4);
    QCOMPARE(readFile(to), QByteArray("older"));
    QFile::remove(to);
}

void OutputTest::fullStandardOutput()
{
    QProcess process;
    process.setStandardOutputFile("/dev/full");
    process.start(pikvProgram(), { "list" });
    const Finished result = finish(process);
    QCOMPARE(result.status, 4);
    QVERIFY2(result.err.contains("standard output"), result.err);
}

void OutputTest::closedPipeIsQuiet()
{
    QProcess process;
    // `true` reads nothing; the status is pikv's own.
    process.start("bash",
        { "-c", "\"$0\" eval \"$1\" --with kivi --csv - | true; exit ${PIPESTATUS[0]}", pikvProgram(), m_dump });
    const Finished result = finish(process);
    QCOMPARE(result.status, 4);
    QVERIFY2(!result.err.contains("error"), result.err);
}

void OutputTest::tooLittleMemory()
{
#if defined(__SANITIZE_ADDRESS__)
    QSKIP("AddressSanitizer reserves terabytes of address space");
#endif
    // A sparse dump of 8 GiB in one layer: its size is what the header says, its bytes take no disk.
    const QString big = m_folder.filePath("big.safetensors");
    DumpFile dump;
    const qint64 tensor = qint64(64) * 262144 * 128 * 2;
    dump.header["__metadata__"] = QJsonObject { { "kv_format", "pikv-kv-1" } };
    const QJsonArray shape { 1, 64, 262144, 128 };
    dump.header["layers.0.key"]
        = QJsonObject { { "dtype", "F16" }, { "shape", shape }, { "data_offsets", QJsonArray { 0, tensor } } };
    dump.header["layers.0.value"]
        = QJsonObject { { "dtype", "F16" }, { "shape", shape }, { "data_offsets", QJsonArray { tensor, 2 * tensor } } };
    const QByteArray head = dump.bytes();
    writeFile(big, head);
    QVERIFY(QFile::resize(big, head.size() + 2 * tensor));
    for (const QStringList& command :
        { QStringList { "eval", big, "--with", "kivi", "--csv", m_folder.filePath("m.csv") },
            QStringList { "compress", big, "--with", "kivi", "-o", m_folder.filePath("m.pikv") },
            QStringList { "sweep", big, "--with", "kivi:key_bits=[2,4]", "-o", m_folder.filePath("m") } }) {
        const Finished result = limited("-v 12000000", command);
        QVERIFY2(result.status == 4, result.err);
        QVERIFY2(result.err.contains("GiB") && result.err.contains("ulimit -v"), result.err);
    }
    QFile::remove(big);
    QVERIFY(!QFile::exists(m_folder.filePath("m.csv")) && !QFile::exists(m_folder.filePath("m.pikv")));
    QDir(m_folder.filePath("m")).removeRecursively();
}

void OutputTest::tooLittleMemoryToStart()
{
#if defined(__SANITIZE_ADDRESS__)
    QSKIP("AddressSanitizer reserves terabytes of address space");
#endif
    // LibTorch's libraries do not fail below such limits, they wait for ever.
    for (const QString& limit : QStringList { "-v 200000", "-v 800000", "-v 1200000" }) {
        const Finished result = limited(limit, { "eval", m_dump, "--with", "lora", "--csv", "-" });
        QCOMPARE(result.status, 4);
        QVERIFY2(result.err.contains("MiB") && result.err.contains(("ulimit " + limit).toUtf8()), result.err);
        QVERIFY(result.out.isEmpty());
    }
}

void OutputTest::tooLittleDisk()
{
    const QString to = m_folder.filePath("huge.safetensors");
    const Finished result = pikv({ "generate", "-o", to, "--layers", "4096", "--seq", "1000000", "--kv-heads", "64" });
    QVERIFY2(result.status == 4, result.err);
    QVERIFY2(result.err.contains("huge.safetensors") && result.err.contains("free"), result.err);
    QCOMPARE(filesIn(m_folder.path()), QStringList { "dump.safetensors" });
}

PIKV_TEST(OutputTest)
#include "tst_output.moc"
