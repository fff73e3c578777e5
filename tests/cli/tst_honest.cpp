// SPDX-License-Identifier: GPL-3.0-or-later
// Nothing is lost or made up: exact copies stay exact, threads change nothing, NaN is told of.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QJsonArray>
#include <QTemporaryDir>
#include <QTest>
#include <cstring>

using namespace pikvtest;

class HonestTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_dump;
    QList<Row> m_rows; ///< of the opening comparison

private Q_SLOTS:
    void initTestCase();
    void identityComesBackToTheBit();
    void sameRequestSameCsv();
    void nonFiniteIsRefusedOrLeftOut();
};

namespace {

Row withoutTimes(Row row)
{
    for (const QString& name : row.keys())
        if (name.contains("seconds"))
            row.remove(name);
    return row;
}

} // namespace

void HonestTest::initTestCase()
{
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump, { "--dtype", "f32" }));
    const Finished result = pikv({ "eval", m_dump, "--csv", "-" });
    QVERIFY2(result.status == 0, result.err);
    m_rows = parseCsv(result.out);
    QVERIFY(m_rows.size() >= 4);
    for (const Row& row : m_rows)
        QCOMPARE(row["original_bytes"].toLongLong(), 3 * 2 * 96 * 32 * 2 * 2);
}

void HonestTest::identityComesBackToTheBit()
{
    for (const QString dtype : { "f16", "bf16", "f32" }) {
        const QString dump = m_folder.filePath(dtype + ".safetensors"), file = m_folder.filePath(dtype + ".pikv"),
                      restored = m_folder.filePath(dtype + "-back.safetensors");
        QVERIFY(generate(dump, { "--dtype", dtype }));
        QCOMPARE(pikv({ "compress", dump, "--with", "identity", "-o", file }).status, 0);
        QCOMPARE(pikv({ "decompress", file, "-o", restored }).status, 0);
        const DumpFile before = DumpFile::read(dump), after = DumpFile::read(restored);
        for (const char* name : { "layers.0.key", "layers.1.value", "layers.2.key" }) {
            QCOMPARE(after.header[name]["dtype"], before.header[name]["dtype"]);
            QCOMPARE(after.header[name]["shape"], before.header[name]["shape"]);
            QVERIFY(after.tensor(name) == before.tensor(name));
        }
    }
}

void HonestTest::sameRequestSameCsv()
{
    for (const char* threads : { "1", "2" }) {
        const auto rows = parseCsv(pikv({ "eval", m_dump, "--csv", "-", "--threads", threads }).out);
        QCOMPARE(rows.size(), m_rows.size());
        for (int i = 0; i < rows.size(); ++i)
            QCOMPARE(withoutTimes(rows[i]), withoutTimes(m_rows[i]));
    }
}

void HonestTest::nonFiniteIsRefusedOrLeftOut()
{
    DumpFile dump = DumpFile::read(m_dump);
    const auto begin = qsizetype(dump.header["layers.1.key"].toObject()["data_offsets"].toArray()[0].toInteger());
    const float bad[] = { std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity() };
    std::memcpy(dump.data.data() + begin, bad, sizeof bad);
    const QString path = m_folder.filePath("nan.safetensors");
    writeFile(path, dump.bytes());

    const Finished info = pikv({ "info", path, "--check" });
    QVERIFY2(info.status == 0 && info.out.contains("1 NaN, 1 infinite") && info.out.contains("layer 1 key"), info.out);
    const Finished refused = pikv({ "eval", path, "--with", "kivi", "--csv", m_folder.filePath("nan.csv") });
    QVERIFY2(refused.status == 3, refused.err);
    QVERIFY2(refused.err.contains("layer 1") && refused.err.contains("2 NaN or infinite"), refused.err);
    QVERIFY(!QFile::exists(m_folder.filePath("nan.csv")));
    const Finished compressed = pikv({ "compress", path, "--with", "kivi", "-o", m_folder.filePath("nan.pikv") });
    QVERIFY2(compressed.status == 3, compressed.err);
    QVERIFY(!QFile::exists(m_folder.filePath("nan.pikv")));

    const Finished accepted = pikv({ "eval", path, "--with", "identity", "--accept-nonfinite", "--csv", "-" });
    QVERIFY2(accepted.status == 0, accepted.err);
    QVERIFY2(accepted.err.contains("2 NaN or infinite"), accepted.err);
    QCOMPARE(parseCsv(accepted.out).value(0)["key_mse"].toDouble(), 0.0);
}

PIKV_TEST(HonestTest)
#include "tst_honest.moc"
