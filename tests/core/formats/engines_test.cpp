// SPDX-License-Identifier: GPL-3.0-or-later
// Caches that other engines wrote (tests/data/dumps/engines/make_*.py), against what the engine itself reads from them.
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <QCryptographicHash>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class EnginesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void mlxCachesAreRead_data();
    void mlxCachesAreRead();
    void vllmFoldersAreRead();
    void vllmFoldersKnowTheirPrompt();
    void lmcacheChunksAreRead();
    void llamaStatesAreRead_data();
    void llamaStatesAreRead();
    void llamaStatesAreWrittenAsItDoes_data();
    void llamaStatesAreWrittenAsItDoes();
};

static std::string fixture(const QString& name)
{
    return QStringLiteral(PIKV_SOURCE_DIR "/tests/data/dumps/engines/").append(name).toStdString();
}

static CachePtr opened(const QString& name)
{
    try {
        return openCache(fixture(name));
    } catch (const Error& error) {
        qWarning("%s", error.what());
        return nullptr;
    }
}

/// Every layer is what the engine says, to a relative error and the same as an absolute one; 0: to the last bit.
static void compareLayers(const KvCache& cache, const KvCache& expected, double error)
{
    QCOMPARE(cache.layerCount(), expected.layerCount());
    for (int i = 0; i < cache.layerCount(); ++i) {
        const LayerKv found = cache.layer(i), engine = expected.layer(i);
        for (const auto& [a, b] : { std::pair { found.key, engine.key }, { found.value, engine.value } }) {
            QVERIFY2(a.sizes() == b.sizes(), qPrintable(QString("layer %1: other shape").arg(i)));
            const at::Tensor x = a.to(at::kFloat), y = b.to(at::kFloat);
            const double most = (x - y).abs().max().item<double>();
            QVERIFY2(at::allclose(x, y, error, error), qPrintable(QString("layer %1: off by %2").arg(i).arg(most)));
        }
    }
}

void EnginesTest::mlxCachesAreRead_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QList<int>>("positions");
    QTest::addColumn<double>("error");
    const QList<int> all { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    for (const char* version : { "old", "new" }) {
        const auto row = [&](const char* name, const QList<int>& positions, double error = 0) {
            QTest::addRow("%s, %s", name, version) << QString("mlx-%1-%2").arg(name, version) << positions << error;
        };
        row("plain", all);
        row("quantised", all, 1e-3); // MLX multiplies in 16 bits
        row("rotating", { 0, 1, 5, 6, 7, 8, 9 });
        row("sliding", all);
        if (QLatin1String(version) == "new")
            row("chunked", { 5, 6, 7, 8, 9, 10, 11, 12, 13 });
        row("batch", all);
    }
}

void EnginesTest::mlxCachesAreRead()
{
    QFETCH(QString, name);
    QFETCH(QList<int>, positions);
    QFETCH(double, error);
    const CachePtr cache = opened(name + ".safetensors"), expected = opened(name + ".expected.npz");
    QVERIFY(cache && expected);
    const CacheInfo& info = cache->info();
    QCOMPARE(info.format, std::string("mlx-lm prompt cache (safetensors)"));
    QCOMPARE(info.model, std::string("tiny/random"));
    QCOMPARE(info.metadata.at("chat_template"), std::string("none"));
    QCOMPARE(info.positions, std::vector<std::int64_t>(positions.begin(), positions.end()));
    compareLayers(*cache, *expected, error);
    if (name.startsWith("mlx-sliding"))
        QCOMPARE(info.layers[0].firstToken, std::int64_t(5));
    if (!name.startsWith("mlx-batch"))
        return;
    for (int i = 0; i < 20; ++i)
        QCOMPARE(bool(info.visible.at(std::size_t(i))), i < 10 || i >= 13);
}

static std::vector<std::int64_t> vllmIds()
{
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 32; ++i)
        ids.push_back((7 * i + 3) % 101);
    return ids;
}

/// Its name is a hash of the tokens in whole blocks, as resources/exporters/README.md says.
static QString vllmFolder(const std::vector<std::int64_t>& ids)
{
    const QByteArrayView bytes(reinterpret_cast<const char*>(ids.data()), qsizetype(ids.size() * 8));
    return "vllm/" + QCryptographicHash::hash(bytes.toByteArray(), QCryptographicHash::Md5).toHex();
}

void EnginesTest::vllmFoldersAreRead()
{
    const CachePtr cache = opened(vllmFolder(vllmIds())), expected = opened("vllm.expected.npz");
    QVERIFY(cache && expected);
    QCOMPARE(cache->info().format, std::string("vLLM connector folder (safetensors)"));
    QCOMPARE(cache->info().seq(), std::int64_t(32));
    compareLayers(*cache, *expected, 0);
}

/// The folder does not say its token ids, but its name is their hash.
void EnginesTest::vllmFoldersKnowTheirPrompt()
{
    std::vector<std::int64_t> ids = vllmIds();
    const std::string folder = fixture(vllmFolder(ids));
    const auto told = [&] {
        std::string text;
        for (const std::int64_t id : ids)
            text += std::to_string(id) + ",";
        return openCache(folder, { { "token-ids", text } })->info();
    };
    const auto saysOther = [](const CacheInfo& info) {
        return std::any_of(info.notes.begin(), info.notes.end(),
            [](const std::string& note) { return note.find("not that of the token ids that were told") != note.npos; });
    };
    const CacheInfo right = told();
    QVERIFY(right.tokenIds == ids && !saysOther(right));
    ids[31] = 100;
    const CacheInfo wrong = told();
    QVERIFY(wrong.tokenIds == ids && saysOther(wrong));
    ids.pop_back();
    QVERIFY_EXCEPTION_THROWN(told(), Error);
}

void EnginesTest::lmcacheChunksAreRead()
{
    const CachePtr cache = opened("tiny-SEP-random@1@0@5eed@bfloat16.data"), expected = opened("lmcache.expected.npz");
    QVERIFY(cache && expected);
    QCOMPARE(cache->info().model, std::string("tiny/random"));
    compareLayers(*cache, *expected, 0);
}

void EnginesTest::llamaStatesAreRead_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<double>("error");
    for (const char* file : { "session", "slot" }) {
        const auto row = [&](const char* name, double error) {
            QTest::addRow("%s, %s", file, name) << QString("llama-%1-%2").arg(file, name) << error;
        };
        row("transposed", 0);
        row("flash", 0);
        row("q8", 0.02);
        row("rotated", 0.04);
    }
    QTest::newRow("two sequences") << QString("llama-session-two") << 0.;
}

void EnginesTest::llamaStatesAreRead()
{
    QFETCH(QString, name);
    QFETCH(double, error);
    const CachePtr cache = opened(name + ".bin"), expected = opened(name + ".expected.npz");
    QVERIFY(cache && expected);
    const CacheInfo& info = cache->info();
    QVERIFY(info.tokenIds == (std::vector<std::int64_t> { 7, 3, 9, 1, 4, 4, 8, 2, 6, 5 }));
    const bool isSession = name.contains("session");
    QVERIFY(info.rope.layout == (isSession ? RopeInfo::Layout::Interleaved : RopeInfo::Layout::Unknown));
    const bool says = std::any_of(info.notes.begin(), info.notes.end(),
        [](const std::string& note) { return note.find("Hadamard matrix, which is undone") != std::string::npos; });
    QCOMPARE(says, name.endsWith("rotated"));
    if (error > 0) {
        compareLayers(*cache, *expected, error);
        return;
    }
    for (int i = 0; i < 2; ++i) { // the graph computes in 32 bits, the cache rounds to 16
        QVERIFY(cache->layer(i).key.equal(expected->layer(i).key.to(at::kHalf)));
        QVERIFY(cache->layer(i).value.equal(expected->layer(i).value.to(at::kHalf)));
    }
}

void EnginesTest::llamaStatesAreWrittenAsItDoes_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("suffix");
    QTest::newRow("session") << "llama-session-flash"
                             << ".ggsn";
    QTest::newRow("slot") << "llama-slot-flash"
                          << ".bin";
}

/// Read and written again it is llama.cpp's own file, byte by byte.
void EnginesTest::llamaStatesAreWrittenAsItDoes()
{
    QFETCH(QString, name);
    QFETCH(QString, suffix);
    const QTemporaryDir folder;
    const QString path = folder.filePath("again" + suffix);
    const CachePtr cache = opened(name + ".bin");
    QVERIFY(cache);
    saveCache(*cache, path.toStdString());
    const auto bytes = [](const QString& of) {
        QFile file(of);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    const QByteArray theirs = bytes(QString::fromStdString(fixture(name + ".bin")));
    QVERIFY(!theirs.isEmpty());
    QVERIFY(bytes(path) == theirs);
}

PIKV_TEST(EnginesTest)
#include "engines_test.moc"
