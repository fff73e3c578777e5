// SPDX-License-Identifier: GPL-3.0-or-later
// A basis learned on some dumps and used on another: its bytes stand apart, and only what fits is taken.
#include "runpikv.h"
#include "testmain.h"
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class CalibrateTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString at(const char* name) const { return m_folder.filePath(name); }
    QString m_shared; ///< lora with the basis learned on a and b

private Q_SLOTS:
    void initTestCase();
    void everyMethodThatCanLearns_data();
    void everyMethodThatCanLearns();
    void anyNameOfABasis();
    void sharedBytesStandApart();
    void anotherNumberOfCachesMeasuresNothing();
    void decodingNeedsTheVeryBasis();
    void refusals_data();
    void refusals();
    void damagedBasis();
};

void CalibrateTest::initTestCase()
{
    QVERIFY(generate(at("a.safetensors")));
    QVERIFY(generate(at("b.safetensors"), { "--seq", "160", "--seed", "1" }));
    QVERIFY(generate(at("c.safetensors"), { "--seed", "2" }));
    QVERIFY(generate(at("wide.safetensors"), { "--head-dim", "64" }));
    QVERIFY(generate(at("deep.safetensors"), { "--layers", "4" }));
    const Finished result = pikv({ "calibrate", at("a.safetensors"), at("b.safetensors"), "--with", "lora:rank=4", "-o",
        at("lora.pikv-basis") });
    QVERIFY2(result.status == 0 && result.out.contains("2 dumps"), result.err);
    QCOMPARE(pikv({ "compress", at("a.safetensors"), "--with", "lora:rank=4", "-o", at("cache.pikv") }).status, 0);
    m_shared = "lora:rank=4,shared=" + at("lora.pikv-basis");
}

void CalibrateTest::everyMethodThatCanLearns_data()
{
    QTest::addColumn<QString>("id");
    for (const QJsonValue& method : QJsonDocument::fromJson(pikv({ "list", "--json" }).out).array())
        for (const QJsonValue& param : method["params"].toArray())
            if (param["name"] == "shared")
                QTest::newRow(method["id"].toString().toUtf8()) << method["id"].toString();
}

void CalibrateTest::everyMethodThatCanLearns()
{
    QFETCH(QString, id);
    const QString basis = at("every.pikv-basis"), file = at("every.pikv"), back = at("every.safetensors");
    const QString window = id == "kvtc" ? ":recent=16" : ""; // one that leaves tokens of a small dump to compress
    const Finished learned = pikv({ "calibrate", at("b.safetensors"), "--with", id + window, "-o", basis });
    QVERIFY2(learned.status == 0, learned.err);
    const QString spec = id + (window.isEmpty() ? ":" : window + ",") + "shared=" + basis;
    const Finished compressed = pikv({ "compress", at("a.safetensors"), "--with", spec, "-o", file });
    QVERIFY2(compressed.status == 0, compressed.err);
    const Finished restored = pikv({ "decompress", file, "-o", back });
    QVERIFY2(restored.status == 0, restored.err);
    const QJsonDocument before = QJsonDocument::fromJson(pikv({ "info", at("a.safetensors"), "--json" }).out),
                        after = QJsonDocument::fromJson(pikv({ "info", back, "--json" }).out);
    for (const char* what : { "layers", "seq", "kv_heads", "key_dim", "value_dim", "key_dtype", "value_dtype" })
        QCOMPARE(after[what], before[what]);
}

/// What `calibrate` prints for --with is taken by eval, and comes back from the CSV, whatever the file is called.
void CalibrateTest::anyNameOfABasis()
{
    const QString basis = at("a, \"b\" [1].pikv-basis"), csv = at("names.csv");
    const Finished learned = pikv({ "calibrate", at("a.safetensors"), "--with", "lora:rank=4", "-o", basis });
    QVERIFY2(learned.status == 0, learned.err);
    const QString spec = QString::fromUtf8(learned.out).section("use with ", 1).trimmed();
    QVERIFY2(spec.startsWith("lora:shared="), learned.out);
    const Finished result = pikv({ "eval", at("b.safetensors"), "--with", spec + ",rank=4", "--csv", csv });
    QVERIFY2(result.status == 0, result.err);
    const QString params = parseCsv(readFile(csv)).value(0).value("params");
    const Finished again = pikv({ "eval", at("b.safetensors"), "--with", "lora:" + params, "--json", "-" });
    QVERIFY2(again.status == 0, again.err);
    QCOMPARE(QJsonDocument::fromJson(again.out)["results"][0]["shared_bytes"].toInteger(), QFileInfo(basis).size());
}

void CalibrateTest::sharedBytesStandApart()
{
    const qint64 size = QFileInfo(at("lora.pikv-basis")).size();
    const Finished json
        = pikv({ "eval", at("c.safetensors"), "--with", "lora:rank=4", "--with", m_shared, "--json", "-" });
    QVERIFY2(json.status == 0, json.err);
    const QJsonArray results = QJsonDocument::fromJson(json.out)["results"].toArray();
    QCOMPARE(results[0]["shared_bytes"].toInteger(-1), 0);
    QCOMPARE(results[1]["shared_bytes"].toInteger(), size);
    // What is shared is not stored again.
    QVERIFY(results[1]["stored_bytes"].toInteger() < results[0]["stored_bytes"].toInteger());
    const auto ratioOf = [&](const QJsonValue& result, double caches) {
        return (result["stored_bytes"].toDouble() + result["shared_bytes"].toDouble() / caches)
            / result["original_bytes"].toDouble();
    };
    for (const QJsonValue& result : results) {
        QCOMPARE(result["total_ratio"].toDouble(), ratioOf(result, 1));
        QCOMPARE(result["amortised_ratio"].toDouble(), ratioOf(result, 1));
    }
    const QByteArray table = pikv({ "eval", at("c.safetensors"), "--with", m_shared }).out;
    QVERIFY2(table.contains("shared bytes") && !table.contains("amortised"), table);
    const QString csv = at("amortised.csv");
    const Finished many = pikv({ "eval", at("c.safetensors"), "--with", m_shared, "--caches", "100", "--csv", csv });
    QVERIFY2(many.status == 0 && many.out.contains("amortised ratio"), many.out + many.err);
    const Row row = parseCsv(readFile(csv)).value(0);
    QCOMPARE(row["shared_caches"], "100");
    QCOMPARE(row["total_ratio"].toDouble(), ratioOf(results[1], 1));
    QCOMPARE(row["amortised_ratio"].toDouble(), ratioOf(results[1], 100));
}

void CalibrateTest::anotherNumberOfCachesMeasuresNothing()
{
    const QString folder = at("many");
    const auto sweep = [&](const QStringList& more) {
        return pikv(QStringList { "sweep", at("c.safetensors"), "--with", m_shared, "-o", folder } + more);
    };
    QCOMPARE(sweep({}).status, 0);
    const Row alone = parseCsv(readFile(folder + "/results.csv")).value(0);
    const Finished again = sweep({ "--caches", "100" });
    QVERIFY2(again.status == 0, again.err);
    const Row row = parseCsv(readFile(folder + "/results.csv")).value(0);
    QCOMPARE(row["compress_seconds"], alone["compress_seconds"]); // the time of the one run there was
    QCOMPARE(row["total_ratio"], alone["total_ratio"]);
    QCOMPARE(row["shared_caches"], "100");
    const double expected
        = (row["stored_bytes"].toDouble() + row["shared_bytes"].toDouble() / 100) / row["original_bytes"].toDouble();
    QCOMPARE(row["amortised_ratio"].toDouble(), expected);
    const QJsonValue json = QJsonDocument::fromJson(readFile(folder + "/results.json"))["results"][0];
    QCOMPARE(json["amortised_ratio"].toDouble(), expected);
    QCOMPARE(json["shared_caches"].toInteger(), 100);
    QVERIFY(json["stored_breakdown"].isObject()); // what the table does not know is kept
}

void CalibrateTest::decodingNeedsTheVeryBasis()
{
    const QString file = at("n.pikv"), back = at("n.safetensors"), basis = at("n.pikv-basis");
    const auto learnOn = [&](const char* dump) {
        return pikv({ "calibrate", at(dump), "--with", "lora:rank=4", "-o", basis }).status;
    };
    QCOMPARE(learnOn("a.safetensors"), 0);
    QCOMPARE(pikv({ "compress", at("c.safetensors"), "--with", "lora:rank=4,shared=" + basis, "-o", file }).status, 0);
    QCOMPARE(learnOn("b.safetensors"), 0);
    const Finished other = pikv({ "decompress", file, "-o", back });
    QVERIFY2(other.status == 3 && other.err.contains("is not the calibration"), other.err);
    QFile::remove(basis);
    const Finished gone = pikv({ "decompress", file, "-o", back });
    QVERIFY2(gone.status == 3 && gone.err.contains("n.pikv-basis"), gone.err);
    QVERIFY(!QFile::exists(back));
}

void CalibrateTest::refusals_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArrayList>("expected");
    const QString a = at("a.safetensors"), out = at("r.pikv-basis");
    const auto row = [](const char* name, const QStringList& arguments, int status, const QByteArrayList& expected) {
        QTest::newRow(name) << arguments << status << expected;
    };
    row("nothing to learn", { "calibrate", a, "--with", "identity", "-o", out }, 2, { "nothing to calibrate", "lora" });
    row("learned already", { "calibrate", a, "--with", m_shared, "-o", out }, 2, { "shared", "leave it out" });
    row("no dump", { "calibrate", "--with", "lora", "-o", out }, 2, { "DUMP" });
    row("missing dump", { "calibrate", a, at("no.safetensors"), "--with", "lora", "-o", out }, 3, { "no.safetensors" });
    row("no cache", { "calibrate", at("lora.pikv-basis"), "--with", "lora", "-o", out }, 3,
        { "lora.pikv-basis", "is a calibration of lora, not a cache" });
    row("not a dump", { "info", at("lora.pikv-basis") }, 3, { "is a calibration of lora, not a cache" });
    row("not compressed", { "decompress", at("lora.pikv-basis"), "-o", out }, 3, { "is a calibration of lora" });
    row("a cache is none", { "eval", a, "--with", "lora:rank=4,shared=" + at("cache.pikv") }, 3,
        { "cache.pikv", "not a calibration" });
    row("widths differ", { "calibrate", a, at("wide.safetensors"), "--with", "lora:rank=4", "-o", out }, 2,
        { "32", "64 channels" });
    row("layers differ", { "calibrate", a, at("deep.safetensors"), "--with", "lora:rank=4", "-o", out }, 2,
        { "3", "4", "layers" });
    row("rank too large", { "calibrate", a, "--with", "lora:rank=100", "-o", out }, 2, { "rank=100" });
    row("importance of two", { "calibrate", a, a, "--with", "lora", "--importance", "recency", "-o", out }, 2,
        { "--importance", "single dump" });
    row("over its input", { "calibrate", a, "--with", "lora", "-o", a }, 2, { "input file itself" });
    row("no such folder", { "calibrate", a, "--with", "lora", "-o", at("no/r.pikv-basis") }, 4, { "Cannot" });
    row("used on other widths", { "eval", at("wide.safetensors"), "--with", m_shared }, 2, { "channels" });
    row("used on other layers", { "eval", at("deep.safetensors"), "--with", m_shared }, 2, { "3 layers" });
    row("used by another method",
        { "compress", a, "--with", "lora_plus:ranks=[2,4,6],shared=" + at("lora.pikv-basis"), "-o", out }, 2,
        { "calibration of lora" });
}

void CalibrateTest::refusals()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QByteArrayList, expected);
    const QStringList before = filesIn(m_folder.path());
    const Finished result = pikv(arguments);
    QVERIFY2(result.status == status, result.err);
    for (const QByteArray& word : expected)
        QVERIFY2(result.err.contains(word), word + " is not in " + result.err);
    QCOMPARE(result.err.count('\n'), 1);
    QCOMPARE(result.out, QByteArray());
    QCOMPARE(filesIn(m_folder.path()), before);
}

void CalibrateTest::damagedBasis()
{
    const QByteArray good = readFile(at("lora.pikv-basis"));
    const QString bad = at("bad.pikv-basis");
    QByteArray flipped = good;
    flipped[flipped.size() - 100] = char(flipped[flipped.size() - 100] ^ 0x10);
    for (const QByteArray& bytes : { QByteArray(), good.left(good.size() / 2), good.chopped(1), flipped }) {
        writeFile(bad, bytes);
        const Finished result = pikv({ "eval", at("c.safetensors"), "--with", "lora:rank=4,shared=" + bad });
        QVERIFY2(result.status == 3 && result.err.contains("bad.pikv-basis"), result.err);
    }
}

PIKV_TEST(CalibrateTest)
#include "tst_calibrate.moc"
