// SPDX-License-Identifier: GPL-3.0-or-later
// What every command does when all is well.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class CommandsTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_dump;

private Q_SLOTS:
    void initTestCase();
    void listShowsEveryParameter();
    void docsPageIsFresh();
    void infoTellsTheShape();
    void generateIsSeeded();
    void unequalHeadDims();
    void evalPrintsATable();
    void evalWritesCsvAndJson();
    void ledgerAndLikeForLike();
    void alikeSettingsAreTold();
    void perLayerRows();
    void importanceIsRecorded();
    void standardOutputIsPure();
    void quietSaysNothing();
    void shortestSequence();
    void oddHeadDim();
    void plotDrawsCharts_data();
    void plotDrawsCharts();
};

void CommandsTest::initTestCase()
{
    m_dump = m_folder.filePath("dump.safetensors");
    QVERIFY(generate(m_dump));
}

void CommandsTest::listShowsEveryParameter()
{
    const QJsonArray methods = QJsonDocument::fromJson(pikv({ "list", "--json" }).out).array();
    QVERIFY(methods.size() >= 4);
    const QByteArray text = pikv({ "list" }).out;
    for (const QJsonValue& method : methods) {
        QVERIFY2(text.contains("\n  " + method["id"].toString().toUtf8() + ": "), qPrintable(method["id"].toString()));
        for (const QJsonValue& param : method["params"].toArray())
            QVERIFY2(text.contains(param["help"].toString().toUtf8()), qPrintable(param["name"].toString()));
    }
    const Finished one = pikv({ "list", "kivi" });
    QVERIFY2(one.out.contains("key_bits") && one.out.contains("1 to 8") && !one.out.contains("q8_0"), one.out);
}

void CommandsTest::docsPageIsFresh()
{
    for (const auto& [option, name] : { std::pair("--markdown", "methods.md"), std::pair("--metrics", "metrics.md"),
             std::pair("--formats", "formats.md") }) {
        const Finished page = pikv({ "list", option });
        QCOMPARE(page.status, 0);
        QVERIFY2(page.out == readFile(QStringLiteral(PIKV_SOURCE_DIR "/resources/docs/") + name),
            "a page of resources/docs is not what the program says: run packaging/update-docs");
    }
}

void CommandsTest::infoTellsTheShape()
{
    const Finished text = pikv({ "info", m_dump });
    QVERIFY2(text.out.contains("3 layers x [1, 2, 96, 32] f16"), text.out);
    const QJsonObject json = QJsonDocument::fromJson(pikv({ "info", m_dump, "--json", "--check" }).out).object();
    QCOMPARE(json["layers"].toInt(), 3);
    QCOMPARE(json["kv_heads"].toInt(), 2);
    QCOMPARE(json["seq"].toInt(), 96);
    QCOMPARE(json["key_dim"].toInt(), 32);
    QCOMPARE(json["queries"].toInt(), 8);
    QCOMPARE(json["file_bytes"].toInteger(), QFileInfo(m_dump).size());
    QCOMPARE(json["reference_bytes"].toInteger(), qint64(3 * 2 * 96 * 32 * 2 * 2));
    QCOMPARE(json["nan"].toInt(-1), 0);
}

void CommandsTest::generateIsSeeded()
{
    const QString again = m_folder.filePath("again.safetensors"), other = m_folder.filePath("other.safetensors");
    QVERIFY(generate(again));
    QVERIFY(generate(other, { "--seed", "7" }));
    QVERIFY(readFile(again) == readFile(m_dump));
    QVERIFY(readFile(other) != readFile(m_dump));
}

void CommandsTest::unequalHeadDims()
{
    const QString dump = m_folder.filePath("unequal.safetensors");
    QVERIFY(generate(dump, { "--value-dim", "48", "--query-heads", "4", "--batch", "2", "--dtype", "bf16" }));
    const QByteArray text = pikv({ "info", dump }).out;
    QVERIFY2(text.contains("K [2, 2, 96, 32] bf16, V [2, 2, 96, 48] bf16"), text);
    const Finished result = pikv({ "eval", dump, "--with", "kivi", "--with", "identity", "--csv", "-" });
    QVERIFY2(result.status == 0, result.err);
    QCOMPARE(parseCsv(result.out).size(), 2);
}

void CommandsTest::evalPrintsATable()
{
    const Finished result = pikv({ "eval", m_dump });
    QVERIFY2(result.status == 0, result.err);
    for (const char* word : { "identity", "kivi", "q8_0", "bits/element", "attention error" })
        QVERIFY2(result.out.contains(word), result.out);
}

void CommandsTest::evalWritesCsvAndJson()
{
    const QString csv = m_folder.filePath("r.csv"), json = m_folder.filePath("r.json");
    const Finished result = pikv({ "eval", m_dump, "--with", "kivi:key_bits=4", "--with", "identity", "--csv", csv,
        "--json", json, "--seed", "5" });
    QVERIFY2(result.status == 0, result.err);
    const auto rows = parseCsv(readFile(csv));
    QCOMPARE(rows.size(), 2);
    QCOMPARE(rows[0]["compressor"], "kivi");
    QVERIFY(rows[0]["params"].contains("key_bits=4"));
    QCOMPARE(rows[1]["attention_error"].toDouble(), 0.0);
    const QJsonObject root = QJsonDocument::fromJson(readFile(json)).object();
    QCOMPARE(root["dump"]["seq"].toInt(), 96);
    QCOMPARE(root["results"].toArray().size(), 2);
    for (const char* name : { "stored_bytes", "key_mse", "value_cosine", "attention_error", "bits_per_element" })
        QCOMPARE(root["results"][0][name].toDouble(), rows[0][name].toDouble());
    QCOMPARE(root["results"][0]["seed"].toInt(), 5);
}

void CommandsTest::perLayerRows()
{
    const Finished csv = pikv({ "eval", m_dump, "--with", "kivi", "--per-layer", "--csv", "-" });
    const auto rows = parseCsv(csv.out);
    QCOMPARE(rows.size(), 3 * (1 + 2)); // a row a layer, one for each of its heads
    QCOMPARE(rows.last()["layer"], "2");
    QCOMPARE(rows.last()["head"], "1");
    const Finished json = pikv({ "eval", m_dump, "--with", "kivi", "--per-layer", "--json", "-" });
    const QJsonArray layers = QJsonDocument::fromJson(json.out)["results"][0]["layers"].toArray();
    QCOMPARE(layers.size(), 3);
    QCOMPARE(layers[2]["heads"].toArray().size(), 2);
}

void CommandsTest::importanceIsRecorded()
{
    for (const char* source : { "attention", "key_norm", "recency", "uniform:0.8", "random:7" }) {
        const Finished result = pikv({ "eval", m_dump, "--with", "kivi", "--importance", source, "--csv", "-" });
        QVERIFY2(result.status == 0, result.err);
        QCOMPARE(parseCsv(result.out).value(0)["importance"], source);
    }
}

void CommandsTest::standardOutputIsPure()
{
    const Finished csv = pikv({ "eval", m_dump, "--csv", "-" });
    const auto rows = parseCsv(csv.out);
    QVERIFY(rows.size() >= 3);
    for (const Row& row : rows)
        QCOMPARE(row.size(), rows[0].size());
    QJsonParseError error;
    (void)QJsonDocument::fromJson(pikv({ "eval", m_dump, "--json", "-" }).out, &error);
    QCOMPARE(error.error, QJsonParseError::NoError);
}

void CommandsTest::quietSaysNothing()
{
    const Finished result = pikv({ "eval", m_dump, "--with", "kivi", "--quiet", "--csv", m_folder.filePath("q.csv") });
    QCOMPARE(result.status, 0);
    QCOMPARE(result.err, QByteArray());
}

void CommandsTest::shortestSequence()
{
    const QString dump = m_folder.filePath("one.safetensors");
    QVERIFY(generate(dump, { "--seq", "1" }));
    const Finished result
        = pikv({ "eval", dump, "--with", "identity", "--with", "kivi", "--with", "q8_0", "--csv", "-" });
    QVERIFY2(result.status == 0, result.err);
    QCOMPARE(parseCsv(result.out).size(), 3);
}

void CommandsTest::oddHeadDim()
{
    const QString dump = m_folder.filePath("dim40.safetensors");
    QVERIFY(generate(dump, { "--head-dim", "40" }));
    const Finished chosen = pikv({ "eval", dump, "--with", "kivi", "--with", "lora", "--csv", "-" });
    QVERIFY2(chosen.status == 0, chosen.err);
    QCOMPARE(parseCsv(chosen.out).size(), 2);
    // The opening comparison leaves out what cannot take it, and says so.
    const Finished opening = pikv({ "eval", dump, "--csv", "-" });
    QVERIFY2(opening.status == 0, opening.err);
    QVERIFY2(opening.err.contains("left out: q8_0") && opening.err.contains("multiple"), opening.err);
    for (const Row& row : parseCsv(opening.out))
        QVERIFY(row["compressor"] != "q8_0");
}

void CommandsTest::plotDrawsCharts_data()
{
    QTest::addColumn<QByteArray>("magic");
    QTest::newRow("png") << QByteArray("\x89PNG");
    QTest::newRow("svg") << QByteArray("<?xml");
    QTest::newRow("pdf") << QByteArray("%PDF");
}

void CommandsTest::plotDrawsCharts()
{
    QFETCH(QByteArray, magic);
    const QString csv = m_folder.filePath("p.csv"), folder = m_folder.filePath("charts"),
                  format = QTest::currentDataTag();
    if (!QFile::exists(csv))
        QCOMPARE(pikv({ "eval", m_dump, "--csv", csv }).status, 0);
    const Finished result = pikv({ "plot", csv, "-o", folder, "--format", format });
    if (result.err.contains("built without charts"))
        QSKIP("built without charts");
    QVERIFY2(result.status == 0, result.err);
    const QList<QByteArray> written = result.out.trimmed().split('\n');
    QVERIFY(written.size() >= 4);
    for (const QByteArray& path : written) {
        QVERIFY2(path.endsWith(format.toUtf8()), path);
        QVERIFY2(readFile(path).startsWith(magic), path);
    }
    const Finished wrong = pikv({ "plot", csv, "-o", folder, "--format", "gif" });
    QVERIFY2(wrong.status == 2 && wrong.err.contains("gif") && wrong.err.contains("svg"), wrong.err);
}

void CommandsTest::ledgerAndLikeForLike()
{
    const QString csv = m_folder.filePath("ledger.csv");
    const Finished result = pikv({ "eval", m_dump, "--with", "kivi:group_size=8", "--with", "turboquant", "--with",
        "identity", "--protect", "2,16", "--ledger", "--csv", csv });
    QVERIFY2(result.status == 0, result.err);
    QVERIFY(result.out.contains("Ratio as published") && result.out.contains("16-bit tail"));
    QHash<QString, Row> rows;
    for (const Row& row : parseCsv(readFile(csv)))
        rows[row["compressor"]] = row;
    QVERIFY(rows["kivi"]["params"].contains("residual_length=0") && rows["kivi"]["params"].contains("sinks=2"));
    for (const char* method : { "kivi", "turboquant" }) {
        const Row& row = rows[method];
        qint64 sum = 0;
        for (const char* part :
            { "payload_bytes", "scale_bytes", "model_bytes", "map_bytes", "sink_bytes", "tail_bytes", "header_bytes" })
            sum += row[part].toLongLong();
        QCOMPARE(sum, row["stored_bytes"].toLongLong());
        QCOMPARE(row["sink_bytes"], rows["turboquant"]["sink_bytes"]);
        QVERIFY(row["kept_share"].toDouble() > 0);
        QVERIFY(row["published_ratio"].toDouble() < row["compression_ratio"].toDouble());
    }
    QCOMPARE(rows["identity"]["sink_bytes"].toLongLong(), 0); // a reference stays as it is
    const Finished none = pikv({ "eval", m_dump, "--with", "lora", "--protect", "none", "--csv", "-" });
    QCOMPARE(parseCsv(none.out).at(0)["kept_share"].toDouble(), 0.0);
    for (const char* wrong : { "4", "x,4", "4,-1" }) {
        const Finished refused = pikv({ "eval", m_dump, "--protect", wrong });
        QVERIFY2(refused.status == 2 && !refused.err.isEmpty(), wrong);
    }
}

void CommandsTest::alikeSettingsAreTold()
{
    // Without importance its exponent changes nothing.
    const Finished alike = pikv({ "eval", m_dump, "--with", "lora", "--with", "lora:alpha=4" });
    QVERIFY2(alike.err.contains("same figures as another, to six digits: lora and lora:alpha=4"), alike.err);
    const Finished apart = pikv({ "eval", m_dump, "--with", "lora", "--with", "lora:rank=4" });
    QVERIFY2(!apart.err.contains("six digits"), apart.err);
}

PIKV_TEST(CommandsTest)
#include "tst_commands.moc"
