// SPDX-License-Identifier: GPL-3.0-or-later
// capture, next-token and the --model of eval and sweep, on a random model of two layers, with good and with bad input.
#include "dumpfile.h"
#include "runpikv.h"
#include "testmain.h"
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <vector>

using namespace pikvtest;

class ModelTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_dump, m_text; ///< 64 tokens captured; the text file they are of
    QString at(const char* name) const { return m_folder.filePath(name); }
    void row(const char* name, const QStringList& arguments, int status, const QByteArrayList& expected);

private Q_SLOTS:
    void initTestCase();
    void capturedDumpTellsWhereItIsFrom();
    void captureIsTheSameTwice();
    void nextTokenBesideTheReferences();
    void nextTokenOfSeveralTexts();
    void nextTokenAtSeveralContexts();
    void evalWithTheModel();
    void controlAndShares();
    void sweepWithTheModelGoesOn();
    void recomputeThroughTheFile();
    void greedyContinuation();
    void oneFailureLeavesTheOthers();
    void badInput_data();
    void badInput();
};

namespace {

const QString kTiny = QStringLiteral(PIKV_SOURCE_DIR "/tests/data/model/tiny-llama.gguf");
const QString kOther = QStringLiteral(PIKV_SOURCE_DIR "/tests/data/model/tiny-qwen2.gguf");

QByteArray sampleText()
{
    return QByteArray("the cat sat on the mat and the dog ran to the house; then they were there.\n").repeated(6);
}

} // namespace

void ModelTest::initTestCase()
{
    m_text = at("text.txt");
    m_dump = at("dump.safetensors");
    writeFile(m_text, sampleText());
    const Finished result = pikv(
        { "capture", "--model", kTiny, "--text-file", m_text, "--tokens", "64", "--queries", "8", "-o", m_dump });
    QVERIFY2(result.status == 0, result.err);
}

void ModelTest::capturedDumpTellsWhereItIsFrom()
{
    const QJsonDocument info = QJsonDocument::fromJson(pikv({ "info", m_dump, "--json" }).out);
    QCOMPARE(info["seq"].toInt(), 64);
    QCOMPARE(info["token_ids"].toInt(), 64);
    QCOMPARE(info["queries"].toInt(), 8);
    QCOMPARE(info["layers"].toInt(), 2);
    QCOMPARE(info["key_dtype"], "f16");
    QCOMPARE(info["key_rope"], "post");
    QVERIFY(info["has_text"].toBool() && !info["model"].toString().isEmpty());
}

void ModelTest::captureIsTheSameTwice()
{
    const QString again = at("again.safetensors");
    const QString text = QString::fromUtf8(sampleText());
    for (const char* threads : { "1", "2" }) {
        const Finished result = pikv({ "capture", "--model", kTiny, "--text", text, "--tokens", "64", "--queries", "8",
            "-o", again, "--threads", threads });
        QVERIFY2(result.status == 0, result.err);
        QCOMPARE(DumpFile::read(again).data.size(), DumpFile::read(m_dump).data.size());
        QVERIFY(DumpFile::read(again).tensor("layers.1.key") == DumpFile::read(m_dump).tensor("layers.1.key"));
    }
}

void ModelTest::nextTokenBesideTheReferences()
{
    const QString json = at("n.json");
    const Finished result = pikv({ "next-token", "--model", kTiny, "--text-file", m_text, "--context", "40",
        "--predict", "16", "--with", "kivi:key_bits=2,value_bits=2", "--with", "kivi:key_bits=8,value_bits=8", "--json",
        json, "--csv", at("n.csv") });
    QVERIFY2(result.status == 0, result.err);
    QVERIFY2(result.out.contains("recompute") && result.out.contains("16 positions"), result.out);
    const auto rows = parseCsv(readFile(at("n.csv")));
    QCOMPARE(rows.size(), 4);
    QCOMPARE(rows[0]["compressor"], "identity");
    QCOMPARE(rows[0]["next_token_kl"].toDouble(), 0.0);
    QCOMPARE(rows[0]["next_token_agreement"].toDouble(), 1.0);
    QCOMPARE(rows[1]["compressor"], "recompute");
    QVERIFY(rows[1]["next_token_kl"].toDouble() < 1e-6);
    QVERIFY(rows[1]["stored_bytes"].toLongLong() < rows[0]["stored_bytes"].toLongLong());
    QVERIFY(rows[2]["next_token_kl"].toDouble() > rows[3]["next_token_kl"].toDouble());
    for (const Row& row : rows)
        QVERIFY(row["next_token_perplexity"].toDouble() > 1 && row["mse"].isEmpty());
    const QJsonArray results = QJsonDocument::fromJson(readFile(json))["results"].toArray();
    QCOMPARE(results[2]["next_token"]["positions"].toInt(), 16);
    QCOMPARE(results[2]["next_token"]["per_position"].toArray().size(), 16);
    // The table's percentiles are those of the positions that the JSON lists.
    std::vector<double> kl;
    for (const QJsonValue position : results[2]["next_token"]["per_position"].toArray())
        kl.push_back(position["kl"].toDouble());
    std::sort(kl.begin(), kl.end());
    const auto close = [&](const char* column, double expected) {
        const double found = rows[2][column].toDouble();
        QVERIFY2(std::abs(found - expected) <= 1e-9 * expected, column);
        QCOMPARE(results[2][column].toDouble(), found);
        QCOMPARE(results[2]["next_token"][QString(column).remove("next_token_")].toDouble(), found);
    };
    close("next_token_kl_median", (kl[7] + kl[8]) / 2);
    close("next_token_kl_p99", kl[14] + 0.85 * (kl[15] - kl[14])); // 0.99 * 15 = 14.85
    close("next_token_kl_p999", kl[14] + 0.985 * (kl[15] - kl[14]));
    close("next_token_kl_max", kl[15]);
}

void ModelTest::nextTokenOfSeveralTexts()
{
    writeFile(at("other.txt"), QByteArray("    if (index < count) return values[index];\n").repeated(8));
    const Finished result = pikv({ "next-token", "--model", kTiny, "--text-file", m_text, "--text-file",
        at("other.txt"), "--context", "32", "--predict", "8", "--with", "kivi", "--json", "-" });
    QVERIFY2(result.status == 0, result.err);
    const QJsonValue last = QJsonDocument::fromJson(result.out)["results"].toArray().last();
    QCOMPARE(last["next_token"]["texts"].toInt(), 2);
    QCOMPARE(last["next_token"]["positions"].toInt(), 16);
    QCOMPARE(last["next_token"]["standard_errors"], "clustered by text");
}

/// As several commands of one context each, in one.
void ModelTest::nextTokenAtSeveralContexts()
{
    const QStringList texts { "next-token", "--model", kTiny, "--text-file", m_text, "--text-file", at("other.txt"),
        "--predict", "8", "--with", "kivi:key_bits=2,value_bits=2,group_size=8" };
    const Finished result = pikv(
        texts + QStringList { "--context", "32,48", "--greedy", "2", "--csv", at("c.csv"), "--json", at("c.json") });
    QVERIFY2(result.status == 0, result.err);
    for (const char* part :
        { "context of 32 tokens", "\ncontext of 48 tokens", "bootstrap intervals over texts", "original: " })
        QVERIFY2(result.out.contains(part), result.out);
    const QList<Row> rows = parseCsv(readFile(at("c.csv")));
    QCOMPARE(rows.size(), 6);
    const QJsonArray json = QJsonDocument::fromJson(readFile(at("c.json")))["results"].toArray();
    QCOMPARE(json.size(), 6);
    for (int i = 0; i < 2; ++i) {
        const QString context = i ? "48" : "32";
        const Finished alone = pikv(texts + QStringList { "--context", context, "--csv", "-" });
        const Row row = parseCsv(alone.out)[2], same = rows[3 * i + 2];
        for (const char* column : { "compressor", "tokens", "stored_bytes", "next_token_kl", "next_token_perplexity" })
            QCOMPARE(same[column], row[column]);
        QCOMPARE(same["tokens"], context);
        const QJsonValue detail = json[3 * i + 2]["next_token"];
        QCOMPARE(detail["context"].toInt(), context.toInt());
        // Two texts: the interval is from the one's mean to the other's.
        double sums[2] = {};
        for (const QJsonValue position : detail["per_position"].toArray())
            sums[position["text"] == m_text ? 0 : 1] += position["kl"].toDouble() / 8;
        QVERIFY(std::abs(detail["kl_low"].toDouble() - std::min(sums[0], sums[1])) < 1e-12);
        QVERIFY(std::abs(detail["kl_high"].toDouble() - std::max(sums[0], sums[1])) < 1e-12);
    }
    // All texts are long enough for all contexts, or nothing is run.
    writeFile(at("short.txt"), sampleText().left(160));
    const Finished tooLong
        = pikv(texts + QStringList { "--text-file", at("short.txt"), "--context", "8,110", "--csv", at("none.csv") });
    QVERIFY2(tooLong.status == 3 && tooLong.err.contains("short.txt") && tooLong.err.contains("110"), tooLong.err);
    QVERIFY2(tooLong.out.isEmpty(), tooLong.out);
    QVERIFY(!QFile::exists(at("none.csv")));
    const Finished wrong = pikv(texts + QStringList { "--context", "32,x" });
    QVERIFY2(wrong.status == 2 && wrong.err.contains("x"), wrong.err);
}

void ModelTest::evalWithTheModel()
{
    const Finished result = pikv({ "eval", m_dump, "--model", kTiny, "--predict", "12", "--csv", "-" });
    QVERIFY2(result.status == 0, result.err);
    QStringList ids;
    for (const Row& row : parseCsv(result.out)) {
        ids << row["compressor"];
        QVERIFY2(!row["next_token_kl"].isEmpty() && !row["attention_error"].isEmpty(), qPrintable(row["compressor"]));
        if (row["compressor"] == "identity" || row["compressor"] == "recompute")
            QVERIFY2(row["next_token_agreement"].toDouble() == 1, qPrintable(row["compressor"]));
    }
    QVERIFY2(ids.contains("identity") && ids.contains("recompute") && ids.contains("kivi"), qPrintable(ids.join(", ")));
}

void ModelTest::controlAndShares()
{
    const QStringList test { "--model", kTiny, "--predict", "12", "--control", "--kl-shares", "--with",
        "kivi:key_bits=2,value_bits=2,group_size=8" };
    const QString json = at("floor.json"), csv = at("floor.csv");
    const Finished result = pikv(QStringList { "eval", m_dump, "--json", json, "--csv", csv } + test);
    QVERIFY2(result.status == 0, result.err);
    QVERIFY2(result.out.contains("\ncontrol") && result.out.contains("KL keys"), result.out);
    const QList<Row> rows = parseCsv(readFile(csv));
    QCOMPARE(rows.size(), 2);
    QCOMPARE(rows[0]["compressor"], "control");
    QVERIFY(rows[0]["next_token_kl"].toDouble() < 1e-6 && rows[0]["mse"].isEmpty());
    QCOMPARE(rows[0]["compression_ratio"].toDouble(), 1.0);
    QCOMPARE(rows[0]["original_bytes"], rows[1]["original_bytes"]);
    QVERIFY(rows[0]["next_token_kl_keys"].isEmpty());
    const QJsonArray results = QJsonDocument::fromJson(readFile(json))["results"].toArray();
    QCOMPARE(results[0]["compressor"], "control");
    for (const char* part : { "keys", "values", "first_third", "middle_third", "last_third" }) {
        const QString column = QStringLiteral("next_token_kl_") + part;
        QVERIFY2(!rows[1][column].isEmpty(), part);
        QCOMPARE(results[1][column].toDouble(), rows[1][column].toDouble());
    }
    // Both are read back without the control, which is no method.
    for (const QString& file : { json, csv }) {
        const Finished report = pikv({ "report", file, "-o", at("report.md") });
        QVERIFY2(report.status == 0, report.err);
        QVERIFY(!readFile(at("report.md")).contains("control"));
    }
    const Finished next
        = pikv(QStringList { "next-token", "--text-file", m_text, "--context", "48", "--csv", "-" } + test);
    QVERIFY2(next.status == 0, next.err);
    QCOMPARE(parseCsv(next.out)[0]["compressor"], "control");
    const double keys = parseCsv(next.out)[3]["next_token_kl_keys"].toDouble();
    QVERIFY(keys > 0 && keys < parseCsv(next.out)[3]["next_token_kl"].toDouble() * 2);
    // What the history has without shares is no answer where they are asked for; what it has with them always is.
    qputenv("PIKV_HISTORY", at("history.sqlite").toUtf8());
    const QStringList plain { "eval", m_dump, "--model", kTiny, "--predict", "12", "--with", "kivi:group_size=8",
        "--csv", "-" };
    const auto keysOf = [&](const QStringList& more) {
        const QList<Row> found = parseCsv(pikv(plain + more).out);
        return found.isEmpty() ? QString("no row") : found[0]["next_token_kl_keys"];
    };
    QCOMPARE(keysOf({}), QString());
    const QString measured = keysOf({ "--kl-shares" });
    QVERIFY(measured.toDouble() > 0);
    QCOMPARE(keysOf({}), measured);
    qputenv("PIKV_HISTORY", "off");
    for (const char* flag : { "--control", "--kl-shares" }) {
        const Finished without = pikv({ "eval", m_dump, flag });
        QVERIFY2(without.status == 2 && without.err.contains("needs --model"), without.err);
    }
}

void ModelTest::sweepWithTheModelGoesOn()
{
    const QString folder = at("sweep");
    const QStringList sweep { "sweep", m_dump, "--model", kTiny, "--predict", "12", "-o", folder, "--with" };
    QCOMPARE(pikv(sweep + QStringList { "kivi:key_bits=[2,4]" }).status, 0);
    const QByteArray before = readFile(folder + "/results.csv");
    const Finished more = pikv(sweep + QStringList { "kivi:key_bits=[2,4,8]" });
    QVERIFY2(more.status == 0, more.err);
    QVERIFY(readFile(folder + "/results.csv").startsWith(before));
    for (const Row& row : parseCsv(readFile(folder + "/results.csv")))
        QVERIFY(!row["next_token_kl"].isEmpty());
    const Finished without = pikv({ "sweep", m_dump, "--with", "kivi", "-o", folder });
    QVERIFY2(without.status == 2 && without.err.contains("model"), without.err);
}

void ModelTest::recomputeThroughTheFile()
{
    const QString file = at("r.pikv"), back = at("r.safetensors");
    const Finished compressed = pikv({ "compress", m_dump, "--with", "recompute:model=" + kTiny, "-o", file });
    QVERIFY2(compressed.status == 0, compressed.err);
    QVERIFY(QFileInfo(file).size() < QFileInfo(m_dump).size() / 4);
    const Finished restored = pikv({ "decompress", file, "-o", back });
    QVERIFY2(restored.status == 0, restored.err);
    for (const char* name : { "layers.0.key", "layers.1.value" })
        QVERIFY(DumpFile::read(back).tensor(name) == DumpFile::read(m_dump).tensor(name));
}

void ModelTest::greedyContinuation()
{
    const Finished result = pikv({ "next-token", "--model", kTiny, "--text-file", m_text, "--context", "40",
        "--predict", "4", "--greedy", "6", "--with", "kivi:key_bits=8,value_bits=8" });
    QVERIFY2(result.status == 0, result.err);
    QVERIFY2(result.out.contains("original: ") && result.out.contains("\nkivi:key_bits=8,value_bits=8: "), result.out);
}

void ModelTest::row(const char* name, const QStringList& arguments, int status, const QByteArrayList& expected)
{
    QTest::newRow(name) << arguments << status << expected;
}

/// recompute learns only while it encodes that the model is not the dump's.
void ModelTest::oneFailureLeavesTheOthers()
{
    const QString failing = "recompute:model=" + kOther;
    const Finished some = pikv({ "eval", m_dump, "--with", failing, "--with", "kivi:group_size=8", "--csv", "-" });
    QCOMPARE(some.status, 3);
    QCOMPARE(some.out.count('\n'), 2);
    QVERIFY2(some.out.startsWith("compressor,") && some.out.contains("\nkivi,"), some.out);
    QVERIFY2(some.err.contains("left out: recompute") && some.err.contains("1 of 2 methods, 1 failed"), some.err);
    const Finished none = pikv({ "eval", m_dump, "--with", failing, "--json", "-" });
    QCOMPARE(none.status, 3);
    QVERIFY2(none.out.isEmpty() && none.err.contains("does not fit"), none.out + none.err);
}

void ModelTest::badInput_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArrayList>("expected");
    const QString out = at("bad.safetensors");
    const QByteArray model = readFile(kTiny);
    writeFile(at("cut.gguf"), model.left(model.size() / 2));
    writeFile(at("text.gguf"), "no model at all");
    writeFile(at("utf8.txt"), "good until here: \xff\xfe");
    writeFile(at("empty.txt"), "");
    QByteArray unknown = model;
    unknown.replace("llama.", "gemma.");
    const qsizetype name = unknown.indexOf("general.architecture");
    unknown.replace(unknown.indexOf("llama", name), 5, "gemma");
    writeFile(at("gemma.gguf"), unknown);
    QByteArray missing = model;
    missing.replace("blk.1.attn_k.weight", "blk.1.attn_x.weight");
    writeFile(at("missing.gguf"), missing);
    const auto capture = [&](const QString& which, const QStringList& more) {
        return QStringList { "capture", "--model", which, "-o", out } + more;
    };
    const QStringList text { "--text", "the cat sat on the mat" };
    row("no model file", capture(at("no.gguf"), text), 3, { "no.gguf", "no such model" });
    row("cut model", capture(at("cut.gguf"), text), 3, { "cut.gguf" });
    row("text for a model", capture(at("text.gguf"), text), 3, { "text.gguf" });
    row("unknown architecture", capture(at("gemma.gguf"), text), 3, { "gemma.gguf", "gemma" });
    row("missing tensor", capture(at("missing.gguf"), text), 3, { "missing.gguf", "blk.1.attn_k.weight" });
    row("folder without a model", capture(m_folder.path(), text), 3, { "config.json" });
    row("no text", capture(kTiny, {}), 2, { "--text", "--text-file" });
    row("two texts", capture(kTiny, text + QStringList { "--text-file", m_text }), 2, { "--text", "--text-file" });
    row("no text file", capture(kTiny, { "--text-file", at("no.txt") }), 3, { "no.txt" });
    row("empty text", capture(kTiny, { "--text-file", at("empty.txt") }), 2, { "empty" });
    row("no UTF-8", capture(kTiny, { "--text-file", at("utf8.txt") }), 3, { "17" });
    row("more tokens than text", capture(kTiny, text + QStringList { "--tokens", "500" }), 3, { "--tokens", "500" });
    row("unknown dtype", capture(kTiny, text + QStringList { "--dtype", "f8" }), 2, { "f8", "f16, bf16, f32" });
    const QByteArray longText = sampleText().repeated(40);
    writeFile(at("long.txt"), longText);
    row("beyond the context", capture(kTiny, { "--text-file", at("long.txt") }), 2, { "context", "holds" });
    row("unwritable", { "capture", "--model", kTiny, "--text", "x", "-o", m_dump + "/x" }, 4, { "Cannot" });
    const QStringList next { "next-token", "--model", kTiny, "--with", "kivi" };
    row("text too short", next + text + QStringList { "--context", "40", "--predict", "8" }, 3,
        { "tokens", "context of 40" });
    row("beyond the context, scored", next + text, 2, { "641 tokens", "128" });
    row("no positions", next + text + QStringList { "--predict", "0" }, 2, { "at least 1" });
    row("no text to score", next, 2, { "--text", "--text-file" });
    row("unknown method", { "next-token", "--model", at("no.gguf"), "--with", "zip", "--text", "x" }, 2, { "'zip'" });
    row("another model's dump", { "eval", m_dump, "--model", kOther, "--with", "kivi" }, 3, { "refused", "tiny" });
    QVERIFY(generate(at("anonymous.safetensors")));
    row("dump without tokens", { "eval", at("anonymous.safetensors"), "--model", kTiny, "--with", "kivi" }, 3,
        { "no token ids" });
    row("predict without model", { "eval", m_dump, "--predict", "3", "--with", "kivi" }, 2, { "--predict", "--model" });
    row("predict too much", { "eval", m_dump, "--model", kTiny, "--predict", "64", "--with", "kivi" }, 2,
        { "64 predictions" });
    row("recompute without tokens", { "eval", at("anonymous.safetensors"), "--with", "recompute:model=" + kTiny }, 2,
        { "token ids" });
    row("recompute by another model", { "eval", m_dump, "--with", "recompute:model=" + kOther }, 3, { "does not fit" });
}

void ModelTest::badInput()
{
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QByteArrayList, expected);
    const QStringList before = filesIn(m_folder.path());
    const Finished result = pikv(arguments + QStringList { "--quiet" });
    QVERIFY2(result.status == status, QByteArray::number(result.status) + " " + result.err);
    for (const QByteArray& word : expected)
        QVERIFY2(result.err.contains(word), word + " is not in " + result.err);
    QCOMPARE(result.err.count('\n'), 1);
    QCOMPARE(filesIn(m_folder.path()), before);
}

PIKV_TEST(ModelTest)
#include "tst_model.moc"
