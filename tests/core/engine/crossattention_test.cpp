// SPDX-License-Identifier: GPL-3.0-or-later
// Caches of cross-attention: every query sees every row, keys are not rotated, and no next token follows.
#include "core/cache/cachetext.h"
#include "core/cache/crossattention.h"
#include "core/cache/kvcache.h"
#include "core/codec/compressor.h"
#include "core/dumps/dumps.h"
#include "core/dumps/fingerprint.h"
#include "core/dumps/generate.h"
#include "core/eval/proxypredictor.h"
#include "core/study/study.h"
#include "refusal.h"
#include "testmain.h"
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

namespace {

constexpr std::int64_t rows = 64, hidden = 9; ///< of the second sequence

/// The same tensors each time; `ask` is the position of every query. Padding in between, so that the last row is none.
std::shared_ptr<const KvCache> cacheOf(bool cross, std::int64_t ask, bool padded = false)
{
    const auto plain = generateCache(
        { .layers = 2, .batch = 2, .kvHeads = 2, .seq = rows, .headDim = 32, .queries = 8, .dtype = DType::F32 });
    CacheInfo info = plain->info();
    setCross(info, true); // neither is rotated
    if (!cross)
        info.metadata.clear();
    info.tokenIds.assign(2 * rows, 5);
    info.queryPositions.assign(info.queryPositions.size(), ask);
    if (padded) {
        info.visible.assign(2 * rows, 1);
        std::fill_n(info.visible.begin() + rows, hidden, std::uint8_t(0));
    }
    std::vector<LayerKv> layers;
    for (int i = 0; i < plain->layerCount(); ++i)
        layers.push_back(plain->layer(i));
    return std::make_shared<MemoryCache>(info, layers);
}

} // namespace

class CrossAttentionTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyMethodTakesIt_data();
    void everyMethodTakesIt();
    void queriesSeeAllRows_data();
    void queriesSeeAllRows();
    void importanceIsOfAllRows();
    void nextTokensAreRefused();
    void filesSayIt();
};

void CrossAttentionTest::everyMethodTakesIt_data()
{
    QTest::addColumn<QString>("spec");
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.id != "recompute")
            QTest::newRow(method.id.c_str())
                << (method.id == "kvtc" ? "kvtc:recent=16" : QString::fromStdString(method.id)); // fewer than the rows
}

/// A self-attention whose queries come last sees all rows, too: the figures are its own to the last bit.
void CrossAttentionTest::everyMethodTakesIt()
{
    QFETCH(QString, spec);
    const MethodSpec method = parseSpec(spec.toStdString());
    for (const bool padded : { false, true }) {
        const EvaluationResult cross = Study(cacheOf(true, 0, padded)).evaluate(method);
        const EvaluationResult last = Study(cacheOf(false, rows - 1, padded)).evaluate(method);
        QCOMPARE(cross.quality.keyNmse, last.quality.keyNmse);
        QCOMPARE(cross.quality.valueNmse, last.quality.valueNmse);
        QCOMPARE(cross.quality.attentionError, last.quality.attentionError);
    }
}

void CrossAttentionTest::queriesSeeAllRows_data()
{
    QTest::addColumn<bool>("padded");
    QTest::newRow("whole") << false;
    QTest::newRow("padded") << true;
}

/// What the figures would be if the decoder's positions were taken for the encoder's is another thing.
void CrossAttentionTest::queriesSeeAllRows()
{
    QFETCH(bool, padded);
    const MethodSpec method = parseSpec("kivi:key_bits=2");
    const EvaluationResult cross = Study(cacheOf(true, rows / 2, padded)).evaluate(method);
    const EvaluationResult causal = Study(cacheOf(false, rows / 2, padded)).evaluate(method);
    QCOMPARE(cross.quality.keyNmse, causal.quality.keyNmse);
    QVERIFY(cross.quality.attentionError != causal.quality.attentionError);
    QCOMPARE(cross.attentionQueries, std::string("dump"));
}

void CrossAttentionTest::importanceIsOfAllRows()
{
    const auto cross = cacheOf(true, 0);
    for (const ImportanceSourceInfo& source : importanceSources()) {
        const std::string why = importanceObstacle(cross->info(), source.source);
        const bool isRefused = source.id == "recency" || source.id == "stored"; // no importance is stored here
        QCOMPARE(why.empty(), !isRefused);
        if (!isRefused)
            QVERIFY(computeImportance(*cross, { source.source }, {})
                == computeImportance(*cacheOf(false, rows - 1), { source.source }, {}));
    }
    QVERIFY(computeImportance(*cross, parseImportance("attention"), {})
        != computeImportance(*cacheOf(false, 0), parseImportance("attention"), {}));
    QVERIFY(
        refusalOf([&] { computeImportance(*cross, parseImportance("recency"), {}); }).contains("an encoder's tokens"));
}

void CrossAttentionTest::nextTokensAreRefused()
{
    const auto cross = cacheOf(true, 0);
    QVERIFY(QString::fromStdString(proxyObstacle(cross->info())).contains("which no next token follows"));
    QVERIFY(proxyObstacle(cacheOf(false, 0)->info()).empty());
    QVERIFY(refusalOf([&] {
        makeCompressor(parseSpec("recompute"))->accept(cross->info());
    }).contains("recompute: the cache is of cross-attention"));
}

void CrossAttentionTest::filesSayIt()
{
    const auto cross = cacheOf(true, 0), self = cacheOf(false, 0);
    QVERIFY(cacheFingerprint(*cross) != cacheFingerprint(*self));
    QCOMPARE(ropeText(cross->info()), std::string("keys not rotated, as cross-attention has them"));
    const QTemporaryDir folder;
    const auto path = [&](const char* name) { return folder.filePath(name).toStdString(); };
    for (const auto& cache : { cross, self }) {
        (void)Study(cache).compress(parseSpec("q8_0"), path("a.pikv"));
        QCOMPARE(isCross(cacheInfo(*openCache(path("a.pikv")))), isCross(cache->info()));
        for (const char* name : { "a.safetensors", "a.npz", "a.pt" }) {
            saveCache(*openCache(path("a.pikv")), path(name));
            const CacheInfo back = cacheInfo(*openCache(path(name)));
            QCOMPARE(isCross(back), isCross(cache->info()));
            QVERIFY(back.rope == cache->info().rope);
        }
    }
    const GenerateOptions one { .layers = 1, .kvHeads = 2, .seq = 8, .headDim = 32 };
    CacheInfo info = generateCache(one)->info();
    setCross(info, true);
    const MemoryCache single(info, { generateCache(one)->layer(0) });
    QVERIFY(refusalOf([&] { saveCache(single, path("a.bin")); }).contains("it is of cross-attention"));
}

PIKV_TEST(CrossAttentionTest)
#include "crossattention_test.moc"
