// SPDX-License-Identifier: GPL-3.0-or-later
// The comprehensive run: six methods, three importance levels, tables, charts and the analysis.
#include "runpikv.h"
#include "testmain.h"
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

class SeedSweepTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QByteArray m_first; ///< results.csv after the first run

private Q_SLOTS:
    void initTestCase();
    void everyMethodAtEveryLevel();
    void parametersAreTheSeeds();
    void analysisNamesTheBest();
    void chartsAreDrawn();
    void goesOnWithoutMeasuringAgain();
    void reportOfAnySweep();
    void failedModelLeavesTheFolderFree();
};

void SeedSweepTest::initTestCase()
{
    QVERIFY(generate(m_folder.filePath("dump.safetensors"), { "--head-dim", "64", "--layers", "2" }));
    // The folder is results/ below the current one unless told otherwise.
    const Finished sweep = pikv({ "sweep", "dump.safetensors", "--preset", "seed" }, m_folder.path());
    QVERIFY2(sweep.status == 0, sweep.err);
    // Rows that differ in their importance alone can be told apart.
    const QByteArray table = sweep.out + sweep.err;
    QVERIFY2(table.contains("importance") && table.contains("uniform:0.2"), table);
    m_first = readFile(m_folder.filePath("results/results.csv"));
}

void SeedSweepTest::everyMethodAtEveryLevel()
{
    QStringList expected, found;
    for (const QJsonValue& method : QJsonDocument::fromJson(pikv({ "list", "--json" }).out).array())
        if (QStringList { "lora", "lora_plus", "pyramid", "fastv", "fastvideo", "minillm" }.contains(
                method["id"].toString()))
            for (const char* level : { "0.2", "0.5", "0.8" })
                expected << method["id"].toString() + " uniform:" + level;
    QVERIFY(expected.size() >= 3 * 3);
    for (const Row& row : parseCsv(m_first)) {
        found << row["compressor"] + " " + row["importance"];
        QVERIFY2(row["compression_ratio"].toDouble() > 0 && row["compression_ratio"].toDouble() < 1,
            qPrintable(found.last() + ": " + row["compression_ratio"]));
        QVERIFY2(row["attention_error"].toDouble() > 0, qPrintable(found.last()));
    }
    expected.sort();
    found.sort();
    QCOMPARE(found, expected);
    const QJsonArray json
        = QJsonDocument::fromJson(readFile(m_folder.filePath("results/results.json")))["results"].toArray();
    QCOMPARE(json.size(), found.size());
}

void SeedSweepTest::parametersAreTheSeeds()
{
    const QMap<QString, QStringList> parameters { { "lora", { "rank=16", "alpha=32" } },
        { "lora_plus", { "ranks=[4,8,16]", "alpha=32" } },
        { "pyramid", { "compression_ratio=0.5", "num_levels=3", "decay_factor=0.8" } },
        { "fastv", { "num_centroids=32", "sparsity_threshold=0.2" } },
        { "fastvideo", { "keyframe_interval=8", "motion_threshold=0.2", "compression_ratio=0.5" } },
        { "minillm", { "student_size=64", "num_layers=2", "use_attention=true" } } };
    for (const Row& row : parseCsv(m_first))
        for (const QString& parameter : parameters[row["compressor"]])
            QVERIFY2(("," + row["params"] + ",").contains("," + parameter + ","), qPrintable(row["params"]));
}

void SeedSweepTest::analysisNamesTheBest()
{
    const QString analysis = QString::fromUtf8(readFile(m_folder.filePath("results/analysis.md")));
    for (const char* heading :
        { "# Trade-off analysis", "## Best of each metric", "## Pareto fronts", "## Families", "## Size and quality" })
        QVERIFY2(analysis.contains(heading), qPrintable(analysis));
    // The smallest is named with its importance and its figure.
    Row best;
    for (const Row& row : parseCsv(m_first))
        if (best.isEmpty() || row["stored_bytes"].toDouble() < best["stored_bytes"].toDouble())
            best = row;
    const QString line = analysis.section("| stored_bytes |", 1).section('\n', 0, 0);
    QVERIFY2(line.contains("`" + best["compressor"]) && line.contains(best["importance"]), qPrintable(line));
    QVERIFY2(line.contains(QString::number(best["stored_bytes"].toDouble(), 'g', 4)), qPrintable(line));
    for (const Row& row : parseCsv(readFile(m_folder.filePath("results/pareto.csv"))))
        QVERIFY(analysis.section("## Pareto fronts", 1).contains("`" + row["compressor"]));
    QVERIFY(!analysis.contains("next_token_kl")); // nothing scored, nothing claimed
    QVERIFY(analysis.contains("## Next tokens, by proxy"));
    const auto proxy = parseCsv(readFile(m_folder.filePath("results/proxy.csv")));
    QCOMPARE(proxy.size(), parseCsv(m_first).size());
    for (const Row& row : proxy) {
        QVERIFY2(row["predictor"].startsWith("proxy: "), qPrintable(row["predictor"]));
        QVERIFY(row["kl"].toDouble() > 0 && row["agreement"].toDouble() <= 1);
    }
}

void SeedSweepTest::chartsAreDrawn()
{
    const QStringList charts = filesIn(m_folder.filePath("results")).filter(".png");
    if (pikv({ "plot", m_folder.filePath("results/results.csv"), "-o", m_folder.filePath("charts") })
            .err.contains("built without charts"))
        QSKIP("built without charts");
    QVERIFY(charts.contains("tradeoff-attention_error-bits_per_element.png"));
    for (const QString& chart : charts)
        QVERIFY(readFile(m_folder.filePath("results/" + chart)).startsWith("\x89PNG"));
}

void SeedSweepTest::goesOnWithoutMeasuringAgain()
{
    const Finished again = pikv({ "sweep", "dump.safetensors", "--preset", "seed" }, m_folder.path());
    QVERIFY2(again.status == 0, again.err);
    QVERIFY(readFile(m_folder.filePath("results/results.csv")) == m_first);
    const Finished other = pikv({ "sweep", "dump.safetensors", "--with", "kivi", "-o", "results" }, m_folder.path());
    QVERIFY2(other.status == 2 && other.err.contains("importance"), other.err);
}

void SeedSweepTest::reportOfAnySweep()
{
    const QString folder = m_folder.filePath("report");
    const Finished sweep = pikv({ "sweep", m_folder.filePath("dump.safetensors"), "--with", "kivi:key_bits=[2,4,8]",
        "--report", "-o", folder });
    QVERIFY2(sweep.status == 0, sweep.err);
    QVERIFY(readFile(folder + "/analysis.md").contains("`kivi:key_bits=8`"));
}

void SeedSweepTest::failedModelLeavesTheFolderFree()
{
    const QString dump = m_folder.filePath("dump.safetensors"), folder = m_folder.filePath("failed"),
                  model = m_folder.filePath("broken.gguf");
    writeFile(model, "GGUF and nothing behind it");
    const QStringList sweep { "sweep", dump, "--with", "kivi", "-o", folder };
    const Finished broken = pikv(sweep + QStringList { "--model", model });
    QVERIFY2(broken.status == 3 && broken.err.contains("broken.gguf"), broken.err);
    QCOMPARE(pikv(sweep).status, 0);
    // A folder of other results is refused before the model is read.
    const Finished refused = pikv(sweep + QStringList { "--model", model });
    QVERIFY2(refused.status == 2 && refused.err.contains("another sweep"), refused.err);
    const Finished below = pikv({ "sweep", dump, "--with", "kivi", "-o", dump + "/x", "--model", model });
    QVERIFY2(below.status == 4, below.err);
}

PIKV_TEST(SeedSweepTest)
#include "tst_seedsweep.moc"
