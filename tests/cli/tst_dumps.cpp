// SPDX-License-Identifier: GPL-3.0-or-later
// Several dumps in one request: each as if it were alone, and means with intervals over them.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cmath>

using namespace pikvtest;

class DumpsTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QStringList m_dumps;
    QString at(const QString& name) const { return m_folder.filePath(name); }

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { qputenv("PIKV_HISTORY", "off"); }
    void rowsAndMeans();
    void withTheModel();
    void theHistoryServesBoth();
    void repeatedTimings();
    void sweepsAndGoesOn();
    void badInput_data();
    void badInput();
};

namespace {

const QString kTiny = QStringLiteral(PIKV_SOURCE_DIR "/tests/data/model/tiny-llama.gguf");

QList<Row> rowsOf(const QList<Row>& rows, const QString& statistic, const QString& dump = {})
{
    QList<Row> found;
    for (const Row& row : rows)
        if (row["statistic"] == statistic && (dump.isEmpty() || row["dump"] == dump))
            found << row;
    return found;
}

double mean(const QList<Row>& rows, const QString& column)
{
    double sum = 0;
    for (const Row& row : rows)
        sum += row[column].toDouble();
    return sum / double(rows.size());
}

} // namespace

void DumpsTest::initTestCase()
{
    for (const char* seed : { "1", "2", "3" }) {
        m_dumps << at(QString("dump%1.safetensors").arg(seed));
        QVERIFY(generate(m_dumps.back(), { "--seed", seed, "--seq", QString::number(64 + 16 * atoi(seed)) }));
    }
}

void DumpsTest::rowsAndMeans()
{
    const Finished result = pikv(QStringList { "eval" } + m_dumps
        + QStringList {
            "--with", "kivi:group_size=16", "--with", "q8_0", "--csv", at("r.csv"), "--json", at("r.json") });
    QVERIFY2(result.status == 0, result.err);
    QVERIFY2(result.out.contains("dump2.safetensors") && result.out.contains("means over dumps"), result.out);
    const QList<Row> rows = parseCsv(readFile(at("r.csv")));
    QCOMPARE(rows.size(), 3 * 2 + 2 * 3);
    for (const QString& dump : m_dumps) {
        const QList<Row> alone
            = parseCsv(pikv({ "eval", dump, "--with", "kivi:group_size=16", "--with", "q8_0", "--csv", "-" }).out);
        const QList<Row> here = rowsOf(rows, "value", dump);
        QCOMPARE(here.size(), 2);
        for (int i = 0; i < 2; ++i)
            for (const char* column : { "compressor", "stored_bytes", "key_mse", "attention_error" })
                QCOMPARE(here[i][column], alone[i][column]);
    }
    for (const char* method : { "kivi", "q8_0" })
        for (const char* column : { "stored_bytes", "compression_ratio", "attention_error", "value_nmse" }) {
            QList<double> values;
            for (const Row& row : rowsOf(rows, "value"))
                if (row["compressor"] == method)
                    values << row[column].toDouble();
            std::sort(values.begin(), values.end());
            const auto figure = [&](const char* statistic) {
                for (const Row& row : rowsOf(rows, statistic, "3 dumps"))
                    if (row["compressor"] == method)
                        return row[column].toDouble();
                return -1.0;
            };
            const double expected = (values[0] + values[1] + values[2]) / 3;
            QVERIFY2(std::abs(figure("mean") - expected) <= 1e-12 * expected, column);
            QVERIFY2(values[0] <= figure("low") && figure("low") < expected, column);
            QVERIFY2(expected < figure("high") && figure("high") <= values[2], column);
        }
    const QJsonDocument json = QJsonDocument::fromJson(readFile(at("r.json")));
    QCOMPARE(json["dumps"].toArray().size(), 3);
    QCOMPARE(json["results"][5]["dump"].toString(), m_dumps[2]);
    const QJsonValue kivi = json["means"][0];
    QCOMPARE(kivi["dumps"].toInt(), 3);
    QCOMPARE(kivi["mse"]["mean"].toDouble(), rowsOf(rows, "mean")[0]["mse"].toDouble());
    QCOMPARE(kivi["mse"]["high"].toDouble(), rowsOf(rows, "high")[0]["mse"].toDouble());
    // Another seed of the resampling moves the bounds, not the mean.
    const QList<Row> other = parseCsv(
        pikv(QStringList { "eval" } + m_dumps + QStringList { "--with", "q8_0", "--seed", "9", "--csv", "-" }).out);
    QCOMPARE(rowsOf(other, "mean")[0]["mse"], rowsOf(rows, "mean")[1]["mse"]);
}

void DumpsTest::withTheModel()
{
    QStringList dumps;
    for (const char* text :
        { "the cat sat on the mat and the dog ran. ", "if (index < count) return values[index]; " }) {
        dumps << at(QString("text%1.safetensors").arg(dumps.size()));
        const Finished captured = pikv(
            { "capture", "--model", kTiny, "--text", QString(text).repeated(8), "--tokens", "48", "-o", dumps.back() });
        QVERIFY2(captured.status == 0, captured.err);
    }
    const QStringList model { "--model", kTiny, "--predict", "12", "--with", "kivi:group_size=8,key_bits=2" };
    const Finished many = pikv(QStringList { "eval" } + dumps + model + QStringList { "--csv", "-" });
    QVERIFY2(many.status == 0, many.err);
    const QList<Row> rows = parseCsv(many.out), values = rowsOf(rows, "value");
    for (int i = 0; i < 2; ++i) {
        const QList<Row> alone = parseCsv(pikv(QStringList { "eval", dumps[i], "--csv", "-" } + model).out);
        for (const char* column : { "next_token_kl", "next_token_kl_p99", "next_token_kl_max" })
            QCOMPARE(values[i][column], alone[0][column]);
    }
    for (const char* column : { "next_token_kl", "next_token_kl_p999", "next_token_agreement" })
        QVERIFY(std::abs(rowsOf(rows, "mean")[0][column].toDouble() - mean(values, column)) < 1e-12);
    QVERIFY(rowsOf(rows, "low")[0]["next_token_kl"].toDouble() < rowsOf(rows, "high")[0]["next_token_kl"].toDouble());
}

void DumpsTest::theHistoryServesBoth()
{
    qputenv("PIKV_HISTORY", at("history.sqlite").toUtf8());
    const Finished one = pikv({ "eval", m_dumps[1], "--with", "q8_0" });
    QVERIFY2(one.status == 0, one.err);
    const Finished many = pikv(QStringList { "eval" } + m_dumps + QStringList { "--with", "q8_0" });
    QVERIFY2(many.err.contains("1 of 3 results came from the history"), many.err);
    const Finished again = pikv({ "eval", m_dumps[2], "--with", "q8_0" });
    qputenv("PIKV_HISTORY", "off");
    QVERIFY2(again.err.contains("1 of 1 result came from the history"), again.err);
}

void DumpsTest::repeatedTimings()
{
    qputenv("PIKV_HISTORY", at("timed.sqlite").toUtf8());
    const QStringList eval { "eval", m_dumps[0], "--with", "q8_0", "--csv", "-" };
    const Row once = parseCsv(pikv(eval).out)[0];
    QCOMPARE(once["timings"], "1");
    QVERIFY(once["compress_seconds_min"].isEmpty());
    const Finished repeated = pikv(eval + QStringList { "--repeat", "4" });
    const Row four = parseCsv(repeated.out)[0];
    QCOMPARE(four["timings"], "4");
    for (const QString& kind : { QString("compress_seconds"), QString("decompress_seconds") }) {
        QVERIFY(four[kind + "_min"].toDouble() > 0);
        QVERIFY(four[kind + "_min"].toDouble() <= four[kind].toDouble());
        QVERIFY(four[kind].toDouble() <= four[kind + "_max"].toDouble());
    }
    QCOMPARE(four["mse"], once["mse"]);
    // One that was timed four times serves whoever asks for fewer, and nobody who asks for more.
    QVERIFY(pikv(eval + QStringList { "--repeat", "3" }).err.contains("1 of 1 result came from the history"));
    QCOMPARE(parseCsv(pikv(eval).out)[0]["timings"], "4");
    QVERIFY(!pikv(eval + QStringList { "--repeat", "5" }).err.contains("history"));
    qputenv("PIKV_HISTORY", "off");
    const Finished shown = pikv({ "eval", m_dumps[0], "--with", "q8_0", "--repeat", "3" });
    QVERIFY2(QString(shown.out).contains(QRegularExpression("\\d \\([0-9.]+ to [0-9.]+\\)")), shown.out);
    const Finished swept = pikv({ "sweep", m_dumps[0], "--with", "q8_0", "--repeat", "2", "-o", at("timed") });
    QVERIFY2(swept.status == 0, swept.err);
    QCOMPARE(parseCsv(readFile(at("timed/results.csv")))[0]["timings"], "2");
    QCOMPARE(pikv(eval + QStringList { "--repeat", "0" }).status, 2);
}

void DumpsTest::sweepsAndGoesOn()
{
    const QString folder = at("sweep");
    const QStringList sweep = QStringList { "sweep" } + m_dumps + QStringList { "-o", folder, "--with" };
    const Finished first = pikv(sweep + QStringList { "kivi:key_bits=[2,4],group_size=16" });
    QVERIFY2(first.status == 0, first.err);
    QVERIFY2(first.out.contains("means over dumps"), first.out);
    QCOMPARE(QDir(folder).entryList(QDir::Dirs | QDir::NoDotAndDotDot),
        (QStringList { "dump1.safetensors", "dump2.safetensors", "dump3.safetensors" }));
    QCOMPARE(parseCsv(readFile(folder + "/results.csv")).size(), 3 * 2 + 2 * 3);
    QVERIFY(readFile(folder + "/results.json").contains("\"means\""));
    const Finished more = pikv(sweep + QStringList { "kivi:key_bits=[2,4,8],group_size=16" });
    QVERIFY2(more.status == 0 && more.err.contains("3 points, 2 of them there already"), more.err);
    QCOMPARE(parseCsv(readFile(folder + "/results.csv")).size(), 3 * 3 + 3 * 3);
    // A dump's own folder is that of an ordinary sweep.
    const Finished one = pikv({ "sweep", m_dumps[0], "-o", folder + "/dump1.safetensors", "--with", "q8_0" });
    QVERIFY2(one.status == 0, one.err);
    QCOMPARE(parseCsv(readFile(folder + "/dump1.safetensors/results.csv")).size(), 4);
}

void DumpsTest::badInput_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("said");
    const QStringList eval = QStringList { "eval" } + m_dumps;
    QTest::newRow("twice") << QStringList { "eval", m_dumps[0], m_dumps[0] } << 2 << QByteArray("is there twice");
    QTest::newRow("one is missing") << QStringList { "eval", m_dumps[0], at("no.npz") } << 3 << QByteArray("no.npz");
    QTest::newRow("layers") << eval + QStringList { "--per-layer" } << 2 << QByteArray("--per-layer takes one dump");
    QTest::newRow("receipt") << eval + QStringList { "--receipt", at("x") } << 2
                             << QByteArray("--receipt takes one dump");
    QTest::newRow("shard") << QStringList { "sweep", m_dumps[0], m_dumps[1], "--shard", "1/2", "-o", at("x") } << 2
                           << QByteArray("--shard takes one dump");
    QTest::newRow("does not fit all") << eval + QStringList { "--with", "fastv:num_centroids=80" } << 2
                                      << QByteArray("dump1.safetensors: fastv: num_centroids=80");
    QTest::newRow("no model") << eval + QStringList { "--model", kTiny, "--with", "identity" } << 3
                              << QByteArray("no token ids");
    QTest::newRow("compress takes one") << QStringList { "compress", m_dumps[0], m_dumps[1], "-o", at("x") } << 2
                                        << QByteArray("");
}

void DumpsTest::badInput()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QByteArray, said);
    const Finished result = pikv(arguments + QStringList { "--quiet" });
    QVERIFY2(result.status == status, QByteArray::number(result.status) + " " + result.err);
    QVERIFY2(result.err.contains(said), result.err);
    QCOMPARE(result.err.count('\n'), 1);
    QVERIFY(!QFile::exists(at("x")));
}

PIKV_TEST(DumpsTest)
#include "tst_dumps.moc"
