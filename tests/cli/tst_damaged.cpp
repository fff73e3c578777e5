// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are not what they should be: exit status 3 and one sentence that names file and fault.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QJsonArray>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

using namespace pikvtest;

class DamagedTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_good, m_bad;
    void row(const char* name, const QByteArray& bytes, const char* expected);
    void changed(const char* name, const std::function<void(DumpFile&)>& change, const char* expected);

private Q_SLOTS:
    void initTestCase();
    void damagedFileIsRefused_data();
    void damagedFileIsRefused();
    void missingFileAndFolder();
    void evalAndSweepRefuseTheSame();
    void damagedContainer();
    void damagedResults_data();
    void damagedResults();
};

void DamagedTest::initTestCase()
{
    m_good = m_folder.filePath("good.safetensors");
    m_bad = m_folder.filePath("bad.safetensors");
    QVERIFY(generate(m_good));
}

void DamagedTest::row(const char* name, const QByteArray& bytes, const char* expected)
{
    QTest::newRow(name) << bytes << QByteArray(expected);
}

void DamagedTest::changed(const char* name, const std::function<void(DumpFile&)>& change, const char* expected)
{
    DumpFile dump = DumpFile::read(m_good);
    change(dump);
    row(name, dump.bytes(), expected);
}

void DamagedTest::damagedFileIsRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("expected");
    const QByteArray good = DumpFile::read(m_good).bytes();
    const QString key = "layers.0.key", value = "layers.0.value";
    row("empty", {}, "empty");
    row("five bytes", good.left(5), "safetensors");
    row("text", "key,value\n1,2\n3,4\n", "safetensors");
    row("half of it", good.left(good.size() / 2), "cut short");
    row("last byte missing", good.chopped(1), "cut short");
    row("one byte too many", good + 'x', "bytes");
    QByteArray length = good;
    qToLittleEndian(quint64(good.size()), length.data());
    row("header length beyond the file", length, "header");
    qToLittleEndian(quint64(1) << 62, length.data());
    row("header length of 4 EiB", length, "header");
    changed(
        "overlapping offsets",
        [&](DumpFile& d) { d.describe(value, "data_offsets", d.header[key].toObject()["data_offsets"]); }, "layers.0.");
    changed(
        "offsets out of range",
        [&](DumpFile& d) {
            d.describe(value, "data_offsets", QJsonArray { 1'000'000'000, 1'000'012'288 });
        },
        "a gap is not allowed");
    changed(
        "unknown dtype", [&](DumpFile& d) { d.describe(key, "dtype", "F17"); }, "F17");
    changed(
        "dtype of no cache", [&](DumpFile& d) { d.describe(key, "dtype", "I16"); }, "i16");
    changed(
        "key and value disagree",
        [&](DumpFile& d) {
            d.describe(value, "shape", QJsonArray { 1, 2, 48, 64 });
        },
        "disagree");
    changed(
        "shape larger than its bytes",
        [&](DumpFile& d) {
            d.describe(key, "shape", QJsonArray { 1, 2, 96, 33 });
        },
        "layers.0.key");
    changed(
        "three dimensions",
        [&](DumpFile& d) {
            d.describe(key, "shape", QJsonArray { 2, 96, 32 });
        },
        "4 were expected");
    changed(
        "value of layer 2 missing",
        [&](DumpFile& d) {
            d.header["other"] = d.header["layers.2.value"];
            d.header.remove("layers.2.value");
        },
        "layer 2 has no value");
}

void DamagedTest::damagedFileIsRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, expected);
    writeFile(m_bad, bytes);
    const Finished info = pikv({ "info", m_bad });
    QVERIFY2(info.status == 3, info.err);
    QVERIFY2(info.err.startsWith("pikv: error: "), info.err);
    QVERIFY2(info.err.contains("bad.safetensors"), info.err);
    QVERIFY2(info.err.contains(expected), info.err);
    QCOMPARE(info.err.count('\n'), 1);
    QCOMPARE(info.out, QByteArray());
}

void DamagedTest::missingFileAndFolder()
{
    Finished info = pikv({ "info", "/no/such/dump.safetensors" });
    QCOMPARE(info.status, 3);
    QVERIFY2(info.err.contains("/no/such/dump.safetensors") && info.err.contains("no such file"), info.err);
    info = pikv({ "info", m_folder.path() });
    QCOMPARE(info.status, 3);
    QVERIFY2(info.err.contains("folder"), info.err);
}

void DamagedTest::evalAndSweepRefuseTheSame()
{
    writeFile(m_bad, readFile(m_good).chopped(1));
    for (const QStringList& command : { QStringList { "eval", m_bad, "--csv", m_folder.filePath("r.csv") },
             QStringList { "sweep", m_bad, "-o", m_folder.filePath("s") },
             QStringList { "compress", m_bad, "--with", "identity", "-o", m_folder.filePath("c.pikv") },
             QStringList { "decompress", m_bad, "-o", m_folder.filePath("d.safetensors") } }) {
        const Finished result = pikv(command);
        QVERIFY2(result.status == 3, result.err);
        QVERIFY2(result.err.contains("bad.safetensors"), result.err);
    }
    QCOMPARE(filesIn(m_folder.path()), QStringList({ "bad.safetensors", "good.safetensors" }));
}

void DamagedTest::damagedContainer()
{
    const QString container = m_folder.filePath("c.pikv"), restored = m_folder.filePath("restored.safetensors");
    QCOMPARE(pikv({ "compress", m_good, "--with", "kivi", "-o", container }).status, 0);
    QByteArray bytes = readFile(container);
    bytes[bytes.size() - 100] = char(bytes[bytes.size() - 100] ^ 1); // payload
    writeFile(container, bytes);
    const Finished result = pikv({ "decompress", container, "-o", restored });
    QVERIFY2(result.status == 3, result.err);
    QVERIFY2(result.err.contains("c.pikv"), result.err);
    QVERIFY(!QFile::exists(restored));
    const Finished plain = pikv({ "decompress", m_good, "-o", restored });
    QVERIFY2(plain.status == 3 && plain.err.contains("not compressed"), plain.err);
    QFile::remove(container);
}

void DamagedTest::damagedResults_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("empty") << QByteArray() << QByteArray("empty");
    QTest::newRow("another table") << QByteArray("a,b\n1,2\n") << QByteArray("'a'");
    QTest::newRow("fields missing") << QByteArray("compressor,params,original_bytes,stored_bytes\nkivi\n")
                                    << QByteArray("line 2");
    QTest::newRow("not a number") << QByteArray("compressor,params,original_bytes,stored_bytes\nkivi,,9,many\n")
                                  << QByteArray("many");
    QTest::newRow("unknown method") << QByteArray("compressor,params,original_bytes,stored_bytes\nzip,,9,9\n")
                                    << QByteArray("zip");
    QTest::newRow("no rows") << QByteArray("compressor,params,original_bytes,stored_bytes\n")
                             << QByteArray("no results");
}

void DamagedTest::damagedResults()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, expected);
    if (pikv({ "plot", "x", "-o", "y" }).err.contains("built without charts"))
        QSKIP("built without charts");
    const QString table = m_folder.filePath("table.csv"), folder = m_folder.filePath("charts");
    writeFile(table, bytes);
    const Finished result = pikv({ "plot", table, "-o", folder });
    QVERIFY2(result.status == 3, result.err);
    QVERIFY2(result.err.contains("table.csv") && result.err.contains(expected), result.err);
    QVERIFY(!QFile::exists(folder));
}

PIKV_TEST(DamagedTest)
#include "tst_damaged.moc"
