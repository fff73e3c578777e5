// SPDX-License-Identifier: GPL-3.0-or-later
// What a user can point the program at by mistake: each gives one sentence that names the file, never a crash.
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <sys/resource.h>
#include <unistd.h>

using namespace pikv;

class BadFileTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void missingAndForeignFiles();
    void cutDumpsAreRefused();
    void changesWhileOpenAreNoticed_data();
    void changesWhileOpenAreNoticed();
    void nonFiniteValuesAreCounted_data();
    void nonFiniteValuesAreCounted();
    void storedImportanceIsChecked();
    void unwritableTargetsLeaveNothing_data();
    void unwritableTargetsLeaveNothing();
    void fullDiskLeavesNothing();
    void aDumpIsNotWrittenOverItself();
    void aDumpThatIsClosedCanBeReplaced();

private:
    QString refusal(const std::function<void()>& work, ErrorKind kind) const;
    std::string path(const char* name) const { return m_folder.filePath(name).toStdString(); }
    std::string freshDump(const char* name) const
    {
        QFile::remove(m_folder.filePath(name));
        QFile::copy(m_folder.filePath("dump"), m_folder.filePath(name));
        return path(name);
    }
    QTemporaryDir m_folder;
};

void BadFileTest::initTestCase() { generateCacheFile({ .layers = 2, .seq = 16, .headDim = 8 }, path("dump")); }

QString BadFileTest::refusal(const std::function<void()>& work, ErrorKind kind) const
{
    try {
        work();
    } catch (const Error& error) {
        return error.kind() == kind ? QString::fromUtf8(error.what()) : "wrong kind: " + QString(error.what());
    }
    return "accepted";
}

void BadFileTest::missingAndForeignFiles()
{
    QVERIFY(refusal([] { openCache("/no/such.safetensors"); }, ErrorKind::Input)
                .contains("'/no/such.safetensors': there is no such file"));
    QVERIFY(refusal([] { openCache("/tmp"); }, ErrorKind::Input).contains("a folder"));
    QVERIFY(refusal([] { openCache(PIKV_SOURCE_DIR "/README.md"); }, ErrorKind::Input).contains("no safetensors file"));
    QFile(m_folder.filePath("empty")).open(QIODevice::WriteOnly);
    QVERIFY(refusal([&] { openCache(path("empty")); }, ErrorKind::Input).contains("is empty"));
}

void BadFileTest::cutDumpsAreRefused()
{
    const std::string copy = freshDump("cut");
    const qint64 size = QFileInfo(m_folder.filePath("dump")).size();
    for (qint64 length = size - 1; length > 0; length -= length > 1200 ? 97 : 1) {
        QCOMPARE(::truncate(copy.c_str(), length), 0);
        const QString message = refusal([&] { openCache(copy); }, ErrorKind::Input);
        QVERIFY2(message.startsWith(QString::fromStdString(copy)), qPrintable(message));
    }
}

void BadFileTest::changesWhileOpenAreNoticed_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("named");
    QTest::newRow("cut") << "truncate"
                         << "shrank";
    QTest::newRow("deleted") << "remove"
                             << "vanished";
    QTest::newRow("replaced by another dump") << "replace"
                                              << "was replaced";
}

void BadFileTest::changesWhileOpenAreNoticed()
{
    QFETCH(QString, change);
    QFETCH(QString, named);
    const std::string copy = freshDump("open");
    const CachePtr cache = openCache(copy);
    cache->layer(0);
    if (change == "truncate")
        QCOMPARE(::truncate(copy.c_str(), 3000), 0);
    else if (change == "remove")
        QCOMPARE(::unlink(copy.c_str()), 0);
    else {
        generateCacheFile({ .layers = 2, .seq = 16, .headDim = 8, .seed = 9 }, path("other"));
        QCOMPARE(std::rename(path("other").c_str(), copy.c_str()), 0);
    }
    for (const auto& work :
        { std::function<void()>([&] { cache->layer(1); }), std::function<void()>([&] { scanNonFinite(*cache); }) }) {
        const QString message = refusal(work, ErrorKind::Input);
        QVERIFY2(message.contains(named) && message.contains("while it was open"), qPrintable(message));
    }
}

void BadFileTest::nonFiniteValuesAreCounted_data()
{
    QTest::addColumn<int>("dtype");
    for (const auto type : { at::kHalf, at::kBFloat16, at::kFloat, at::kDouble })
        QTest::newRow(c10::toString(type)) << int(type);
}

void BadFileTest::nonFiniteValuesAreCounted()
{
    QFETCH(int, dtype);
    const auto type = at::ScalarType(dtype);
    std::vector<LayerKv> layers;
    for (int i = 0; i < 12; ++i)
        layers.push_back({ at::zeros({ 1, 2, 3, 5 }, type), at::zeros({ 1, 2, 3, 5 }, type), {}, {} });
    QVERIFY(scanNonFinite(MemoryCache({}, layers)).clean());
    const double infinity = std::numeric_limits<double>::infinity();
    layers[3].key[0][1][2][4] = std::nan("");
    layers[3].key[0][0][0][0] = -std::nan("");
    layers[3].key[0][0][1][0] = infinity;
    layers[7].value[0][0][0][1] = -infinity;
    saveCache(MemoryCache({}, layers), path("bad-values"));
    const NonFiniteReport report = scanNonFinite(*openCache(path("bad-values")));
    QCOMPARE(report.nan, 2);
    QCOMPARE(report.infinite, 2);
    QVERIFY(!report.clean());
    QCOMPARE(report.where,
        (std::vector<std::string> { "layer 3 key: 2 NaN, 1 infinite", "layer 7 value: 0 NaN, 1 infinite" }));
}

void BadFileTest::storedImportanceIsChecked()
{
    std::vector<LayerKv> layers { { at::zeros({ 1, 1, 3, 2 }), at::zeros({ 1, 1, 3, 2 }), {}, {} } };
    for (const float value : { 1.5f, -0.1f, std::numeric_limits<float>::quiet_NaN() }) {
        at::Tensor importance = at::zeros({ 1, 3 });
        importance[0][1] = value;
        saveCache(MemoryCache({}, layers, importance), path("importance"));
        const CachePtr cache = openCache(path("importance"));
        QVERIFY(refusal([&] { cache->storedImportance(); }, ErrorKind::Input).contains("outside 0 to 1"));
    }
}

void BadFileTest::unwritableTargetsLeaveNothing_data()
{
    QTest::addColumn<QString>("target");
    QTest::newRow("folder missing") << "nowhere/out";
    QTest::newRow("below a file") << "dump/out";
    QTest::newRow("a folder") << ".";
}

void BadFileTest::unwritableTargetsLeaveNothing()
{
    QFETCH(QString, target);
    const CachePtr cache = openCache(path("dump"));
    const auto before = QDir(m_folder.path()).entryList(QDir::AllEntries | QDir::Hidden);
    const std::string full = path(qPrintable(target));
    QVERIFY(refusal([&] { saveCache(*cache, full); }, ErrorKind::Resource).contains("Cannot write"));
    QVERIFY(refusal([&] { generateCacheFile({ .layers = 1, .seq = 4 }, full); }, ErrorKind::Resource)
                .contains("Cannot write"));
    QCOMPARE(QDir(m_folder.path()).entryList(QDir::AllEntries | QDir::Hidden), before);
}

void BadFileTest::fullDiskLeavesNothing()
{
    ::rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto* handler = std::signal(SIGXFSZ, SIG_IGN);
    ::rlimit limit = before;
    limit.rlim_cur = 1 << 20;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const QString message
        = refusal([&] { generateCacheFile({ .layers = 4, .seq = 2000 }, path("big")); }, ErrorKind::Resource);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    QVERIFY2(message.contains("limit on file sizes"), qPrintable(message));
    QVERIFY(QDir(m_folder.path()).entryList({ "*big*" }, QDir::Files | QDir::Hidden).isEmpty());
    QVERIFY(refusal(
        [&] { generateCacheFile({ .layers = 4096, .batch = 64, .seq = 1 << 20 }, path("big")); }, ErrorKind::Resource)
                .contains("but only"));
}

void BadFileTest::aDumpIsNotWrittenOverItself()
{
    const std::string copy = freshDump("self");
    const at::Tensor key = openCache(copy)->layer(1).key;
    const CachePtr open = openCache(copy);
    QCOMPARE(::link(copy.c_str(), path("hard").c_str()), 0);
    QCOMPARE(::symlink(copy.c_str(), path("soft").c_str()), 0);
    for (const std::string& name : { copy, path("hard"), path("soft") })
        QVERIFY(refusal([&] { saveCache(*open, name); }, ErrorKind::Usage).contains("made from"));
    QVERIFY(openCache(copy)->layer(1).key.equal(key));
}

void BadFileTest::aDumpThatIsClosedCanBeReplaced()
{
    const std::string copy = freshDump("closed");
    CachePtr open = openCache(copy);
    const MemoryCache read(open->info(), { open->layer(0), open->layer(1) });
    open.reset();
    saveCache(read, copy);
    QCOMPARE(openCache(copy)->layerCount(), 2);
}

PIKV_TEST(BadFileTest)
#include "badfile_test.moc"
