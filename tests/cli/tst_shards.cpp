// SPDX-License-Identifier: GPL-3.0-or-later
// A sweep over several machines: the whole is what one machine would have written, and what does not belong together
// is refused by name.
#include "runpikv.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace pikvtest;

namespace {

/// Nine points over methods and importances, one of which the dump does not allow.
const QStringList kGrid { "--with", "kivi:key_bits=[2,4],value_bits=[2,4,8]", "--with", "lora:rank=[4,8]", "--with",
    "q8_0", "--with", "identity" };

/// Without the times, which no two runs share.
QByteArray timeless(QByteArray text)
{
    QString all = QString::fromUtf8(text);
    all.replace(QRegularExpression("\"(de)?compress_seconds\": [-+.e0-9]+"), "\"\\1compress_seconds\": 0");
    if (!all.startsWith("compressor"))
        return all.toUtf8();
    QStringList kept;
    for (const Row& row : parseCsv(text)) {
        QStringList cells;
        for (auto cell = row.begin(); cell != row.end(); ++cell)
            if (!cell.key().contains("compress_seconds"))
                cells << cell.key() + "=" + cell.value();
        kept << cells.join(';');
    }
    return all.section('\n', 0, 0).toUtf8() + kept.join('\n').toUtf8();
}

} // namespace

class ShardsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void mergedIsTheWhole();
    void shardsShareTheGrid();
    void shardsGoOn();
    void refusesByName();
    void wrongShards_data();
    void wrongShards();
    void recipeForParallel();

private:
    QString path(const char* name) const { return m_folder.filePath(name); }
    Finished shard(const char* which, const QString& folder, const QStringList& more = {}) const
    {
        return pikv(QStringList { "sweep", m_dump, "--shard", which, "-o", folder } + kGrid + more);
    }

    QTemporaryDir m_folder;
    QString m_dump;
};

void ShardsTest::initTestCase()
{
    m_dump = path("dump.safetensors");
    QVERIFY(generate(m_dump, { "--head-dim", "40" })); // which q8_0 cannot code
    QVERIFY(pikv(QStringList { "sweep", m_dump, "-o", path("whole") } + kGrid).status == 0);
    for (const char* which : { "1/3", "2/3", "3/3" }) {
        const Finished result = shard(which, path("part") + which[0]);
        QVERIFY2(result.status == 0, result.err);
    }
}

void ShardsTest::mergedIsTheWhole()
{
    const Finished merged = pikv({ "merge", path("part3"), path("part1"), path("part2"), "-o", path("merged") });
    QVERIFY2(merged.status == 0 && merged.err.contains("9 results of 10 points"), merged.err);
    QCOMPARE(filesIn(path("merged")), filesIn(path("whole")));
    for (const QString& file : filesIn(path("whole"))) {
        const QByteArray whole = readFile(path("whole") + "/" + file);
        QCOMPARE(timeless(readFile(path("merged") + "/" + file)), timeless(whole));
        QVERIFY(whole.size() > 100);
    }
    // A merged study is a study: it goes on.
    const Finished more = pikv(QStringList { "sweep", m_dump, "-o", path("merged") } + kGrid);
    QVERIFY2(more.status == 0 && more.err.contains("9 of them there already"), more.err);
    const Finished again = pikv({ "merge", path("part1"), path("part2"), path("part3"), "-o", path("merged") });
    QVERIFY2(again.status == 2 && again.err.contains("holds results already"), again.err);
}

void ShardsTest::shardsShareTheGrid()
{
    int rows = 0;
    QSet<QString> points;
    for (const char* part : { "part1", "part2", "part3" })
        for (const Row& row : parseCsv(readFile(path(part) + "/results.csv"))) {
            points << row["compressor"] + row["params"];
            ++rows;
        }
    QCOMPARE(rows, 9);
    QCOMPARE(points.size(), 9);
}

void ShardsTest::shardsGoOn()
{
    const QByteArray before = readFile(path("part2") + "/results.csv");
    QVERIFY(shard("2/3", path("part2")).status == 0);
    QCOMPARE(readFile(path("part2") + "/results.csv"), before); // with its times
    const Finished other = shard("1/3", path("part2"));
    QVERIFY2(other.status == 2 && other.err.contains("shard") && other.err.contains("2/3"), other.err);
}

void ShardsTest::refusesByName()
{
    const auto refused = [&](const QStringList& folders, const QList<QByteArray>& words) {
        const Finished result = pikv(QStringList { "merge" } + folders + QStringList { "-o", path("never") });
        QVERIFY2(result.status == 2, result.err);
        for (const QByteArray& word : words)
            QVERIFY2(result.err.contains(word), result.err);
        QVERIFY(!QFile::exists(path("never")));
    };
    const QString one = path("part1"), two = path("part2"), three = path("part3");
    refused({ one, three }, { "shard 2/3 is missing" });
    refused({ one, two }, { "shard 3/3 is missing" });
    refused({ one, two, two, three }, { "twice", "part2" });
    QVERIFY(generate(path("other.safetensors"), { "--head-dim", "40", "--seed", "5" }));
    QVERIFY(
        pikv(QStringList { "sweep", path("other.safetensors"), "--shard", "2/3", "-o", path("other") } + kGrid).status
        == 0);
    refused({ one, path("other"), three }, { "other' is of another dump", "part1" });
    QVERIFY(shard("2/3", path("seed"), { "--seed", "8" }).status == 0);
    refused({ one, path("seed"), three }, { "another seed", "seed'" });
    QVERIFY(shard("2/3", path("grid"), { "--with", "turboquant" }).status == 0);
    refused({ one, path("grid"), three }, { "grid' has another grid" });
    QVERIFY(shard("2/4", path("number")).status == 0);
    refused({ one, path("number"), three }, { "another number of shards" });
    // Of another engine, and one that is not finished.
    QDir().mkpath(path("engine"));
    for (const QString& file : filesIn(two))
        QVERIFY(QFile::copy(two + "/" + file, path("engine") + "/" + file));
    QByteArray facts = readFile(two + "/shard.json");
    writeFile(path("engine") + "/shard.json", QByteArray(facts).replace("build ", "build 00"));
    refused({ one, path("engine"), three }, { "another engine", "engine'" });
    writeFile(path("engine") + "/shard.json", facts);
    QByteArray csv = readFile(two + "/results.csv");
    writeFile(path("engine") + "/results.csv", csv.left(csv.indexOf('\n') + 1));
    writeFile(path("engine") + "/results.json", "{\"results\": []}");
    refused({ one, path("engine"), three }, { "engine' is not finished", "still to be measured" });
    // Swept otherwise since.
    writeFile(path("engine") + "/sweep.json", readFile(path("whole") + "/sweep.json"));
    const Finished otherwise = pikv({ "merge", one, path("engine"), three, "-o", path("never") });
    QVERIFY2(otherwise.status == 3 && otherwise.err.contains("engine/sweep.json: not of the shard 2/3"), otherwise.err);
    const Finished none = pikv({ "merge", path("whole"), "-o", path("never") });
    QVERIFY2(none.status == 3 && none.err.contains("shard.json"), none.err);
}

void ShardsTest::wrongShards_data()
{
    QTest::addColumn<QString>("text");
    for (const char* text : { "0/3", "4/3", "1", "a/b", "1/10001", "-1/2", "1/2x" })
        QTest::newRow(text) << text;
}

void ShardsTest::wrongShards()
{
    QFETCH(QString, text);
    const Finished result = pikv({ "sweep", m_dump, "--shard", text, "-o", path("never") });
    QVERIFY2(result.status == 2 && result.err.contains("K/N"), result.err);
    QVERIFY(!QFile::exists(path("never")));
}

void ShardsTest::recipeForParallel()
{
    if (QStandardPaths::findExecutable("parallel").isEmpty())
        QSKIP("GNU parallel is not installed");
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("PIKV", pikvProgram());
    environment.insert("PARALLEL_OPTIONS", "--jobs 2 --will-cite");
    process.setProcessEnvironment(environment);
    process.start(PIKV_SOURCE_DIR "/resources/cluster/parallel.sh",
        QStringList { "3", path("cluster with blanks"), m_dump } + kGrid);
    const Finished result = finish(process);
    QVERIFY2(result.status == 0, result.err);
    const QByteArray whole = timeless(readFile(path("whole") + "/results.csv"));
    QCOMPARE(timeless(readFile(path("cluster with blanks") + "/all/results.csv")), whole);
}

PIKV_TEST(ShardsTest)
#include "tst_shards.moc"
