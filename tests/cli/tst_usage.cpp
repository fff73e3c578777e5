// SPDX-License-Identifier: GPL-3.0-or-later
// Wrong usage: exit status 2 and one sentence that names the flag or parameter and its bounds.
#include "runpikv.h"
#include "testmain.h"
#include <QTemporaryDir>
#include <QTest>
#include <unistd.h>

using namespace pikvtest;

class UsageTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    void row(const char* name, const QString& arguments, const QStringList& expected);

private Q_SLOTS:
    void initTestCase();
    void wrongUsageIsRefused_data();
    void wrongUsageIsRefused();
    void inputIsNotOverwritten_data();
    void inputIsNotOverwritten();
    void aSweepKeepsADumpThatIsCalledAsItsResults();
    void twoOutputsAreTwoFiles();
    void everyCommandHelps();
};

void UsageTest::initTestCase()
{
    QVERIFY(generate(m_folder.filePath("dump.safetensors")));
    QVERIFY(generate(m_folder.filePath("dim40.safetensors"), { "--head-dim", "40" }));
}

void UsageTest::row(const char* name, const QString& arguments, const QStringList& expected)
{
    QTest::newRow(name) << arguments.split(u' ', Qt::SkipEmptyParts) << expected;
}

void UsageTest::wrongUsageIsRefused_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QStringList>("expected");
    row("no command", "", { "command is missing", "eval", "sweep" });
    row("unknown command", "evaluate", { "'evaluate'", "eval" });
    row("unknown flag", "info dump.safetensors --fast", { "--fast" });
    row("missing dump", "eval", { "DUMP" });
    row("missing output", "compress dump.safetensors --with kivi", { "--output" });
    row("threads 0", "eval dump.safetensors --threads 0", { "--threads", "1 to 1024" });
    row("threads too many", "eval dump.safetensors --threads 5000", { "--threads", "1 to 1024" });
    row("threads no number", "eval dump.safetensors --threads many", { "--threads", "many" });
    row("negative seed", "eval dump.safetensors --seed -1", { "--seed" });
    row("unknown device", "eval dump.safetensors --device tpu", { "device", "tpu", "auto, cpu, cuda" });
    row("unknown method", "eval dump.safetensors --with zip", { "'zip'", "kivi" });
    row("unknown parameter", "eval dump.safetensors --with kivi:depth=3", { "depth", "key_bits" });
    row("parameter above its bound", "eval dump.safetensors --with kivi:key_bits=9", { "key_bits=9", "1 to 8" });
    row("parameter no number", "eval dump.safetensors --with kivi:key_bits=low", { "key_bits", "low" });
    row("unbalanced list", "sweep dump.safetensors --with kivi:key_bits=[2,4 -o s", { "key_bits" });
    row("list entry out of bounds", "sweep dump.safetensors --with kivi:key_bits=[2,40] -o s",
        { "key_bits=40", "1 to 8" });
    row("list in eval", "eval dump.safetensors --with kivi:key_bits=[2,4]", { "key_bits" });
    row("rank above its bound", "eval dump.safetensors --with lora:rank=100", { "rank=100", "64" });
    row("head_dim 40 for q8_0", "eval dim40.safetensors --with q8_0", { "q8_0", "head_dim 40", "32" });
    row("head_dim 40 for q4_0", "compress dim40.safetensors --with q4_0 -o x.pikv", { "q4_0", "head_dim 40", "32" });
    row("unknown importance", "eval dump.safetensors --importance luck", { "luck", "attention" });
    row("importance level", "eval dump.safetensors --importance uniform:2", { "uniform", "0 to 1" });
    row("importance not stored", "eval dump.safetensors --importance stored", { "stores no importance" });
    row("unknown preset", "sweep dump.safetensors --preset all -o s", { "'all'", "default" });
    row("preset and importance", "sweep dump.safetensors --preset seed --importance recency -o s",
        { "--importance", "seed" });
    row("preset and spec", "sweep dump.safetensors --preset default --with kivi -o s", { "--preset", "--with" });
    row("no caches", "eval dump.safetensors --caches 0", { "--caches", "1 to" });
    row("two on standard output", "eval dump.safetensors --csv - --json -", { "--csv", "--json" });
    row("generate nothing", "generate -o g.safetensors --layers 0", { "layers", "1 to 4096" });
    row("generate too much", "generate -o g.safetensors --seq 99999999999999999999", { "--seq" });
    row("generate dtype", "generate -o g.safetensors --dtype f8", { "--dtype", "f16, bf16, f32, f64" });
    row("generate query heads", "generate -o g.safetensors --kv-heads 4 --query-heads 6",
        { "query-heads=6", "kv-heads=4" });
}

void UsageTest::wrongUsageIsRefused()
{
    QFETCH(QStringList, arguments);
    QFETCH(QStringList, expected);
    const QStringList before = filesIn(m_folder.path());
    const Finished result = pikv(arguments, m_folder.path());
    QVERIFY2(result.status == 2, result.err);
    QVERIFY2(result.err.startsWith("pikv: error: "), result.err);
    for (const QString& word : expected)
        QVERIFY2(result.err.contains(word.toUtf8()), qPrintable(word + " is not in " + result.err));
    QCOMPARE(result.err.count('\n'), 1);
    QCOMPARE(result.out, QByteArray());
    QCOMPARE(filesIn(m_folder.path()), before);
}

void UsageTest::inputIsNotOverwritten_data()
{
    QTest::addColumn<QStringList>("command");
    QTest::addColumn<QString>("input"); ///< that must be as before
    const QString dump = m_folder.filePath("dump.safetensors"), basis = m_folder.filePath("lora.pikv-basis"),
                  hard = m_folder.filePath("hard"), soft = m_folder.filePath("soft"),
                  dotted = m_folder.filePath("./dump.safetensors"), cache = m_folder.filePath("cache.pikv");
    QCOMPARE(pikv({ "calibrate", dump, "--with", "lora:rank=2", "-o", basis }).status, 0);
    QCOMPARE(pikv({ "compress", dump, "--with", "identity", "-o", cache }).status, 0);
    QCOMPARE(::link(qPrintable(dump), qPrintable(hard)), 0);
    QVERIFY(QFile::link(dump, soft));
    const QString shared = "lora:rank=2,shared=" + basis;
    const auto row = [](const char* name, const QStringList& command, const QString& input) {
        QTest::newRow(name) << command << input;
    };
    row("compress", { "compress", dump, "--with", "identity", "-o", dump }, dump);
    row("compress, hard link", { "compress", dump, "--with", "identity", "-o", hard }, dump);
    row("compress, symbolic link", { "compress", dump, "--with", "identity", "-o", soft }, dump);
    row("compress, opened by a link", { "compress", soft, "--with", "identity", "-o", dump }, dump);
    row("compress, basis", { "compress", dump, "--with", shared, "-o", basis }, basis);
    row("decompress", { "decompress", cache, "-o", cache }, cache);
    row("eval --csv", { "eval", dump, "--with", "identity", "--csv", dotted }, dump);
    row("eval --json", { "eval", dump, "--with", "identity", "--json", hard }, dump);
    row("eval --csv, basis", { "eval", dump, "--with", shared, "--csv", basis }, basis);
    row("calibrate", { "calibrate", dump, cache, "--with", "lora", "-o", cache }, cache);
}

void UsageTest::inputIsNotOverwritten()
{
    QFETCH(QStringList, command);
    QFETCH(QString, input);
    const QByteArray before = readFile(input);
    const QStringList files = filesIn(m_folder.path());
    const Finished result = pikv(command);
    QVERIFY2(result.status == 2 && result.err.contains("input file itself"), result.err);
    QCOMPARE(result.out, QByteArray());
    QCOMPARE(readFile(input), before);
    QCOMPARE(filesIn(m_folder.path()), files);
}

void UsageTest::aSweepKeepsADumpThatIsCalledAsItsResults()
{
    const QString folder = m_folder.filePath("sweep"), dump = folder + "/results.json";
    QVERIFY(QDir().mkpath(folder));
    QVERIFY(QFile::copy(m_folder.filePath("dump.safetensors"), dump));
    const QByteArray before = readFile(dump);
    const Finished result = pikv({ "sweep", dump, "--with", "identity", "-o", folder });
    QVERIFY2(result.status == 2 && result.err.contains("results.json"), result.err);
    QCOMPARE(readFile(dump), before);
}

void UsageTest::twoOutputsAreTwoFiles()
{
    const QString dump = m_folder.filePath("dump.safetensors"), out = m_folder.filePath("out");
    const Finished result
        = pikv({ "eval", dump, "--with", "identity", "--csv", out, "--json", m_folder.filePath("./out") });
    QVERIFY2(result.status == 2 && result.err.contains("--csv and --json"), result.err);
    QVERIFY(!QFile::exists(out));
}

void UsageTest::everyCommandHelps()
{
    const Finished top = pikv({ "--help" });
    QCOMPARE(top.status, 0);
    for (const QString name : { "list", "info", "generate", "capture", "compress", "decompress", "calibrate", "eval",
             "next-token", "sweep", "plot" }) {
        QVERIFY2(top.out.contains("\n  " + name.toUtf8() + " "), top.out);
        const Finished help = pikv({ name, "--help" });
        QCOMPARE(help.status, 0);
        for (const char* common : { "--device", "--threads", "--seed", "--quiet" })
            QVERIFY2(help.out.contains(common), help.out);
    }
    const Finished version = pikv({ "--version" });
    QCOMPARE(version.status, 0);
    QVERIFY2(version.out.startsWith("pikv ") && version.out.contains("LibTorch"), version.out);
}

PIKV_TEST(UsageTest)
#include "tst_usage.moc"
