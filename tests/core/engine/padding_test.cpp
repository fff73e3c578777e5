// SPDX-License-Identifier: GPL-3.0-or-later
// Caches with an attention mask, layers that hold only the last tokens, and numbers that f16 does not reach.
#include "core/cache/kvcache.h"
#include "core/codec/compressor.h"
#include "core/codec/layerview.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/eval/errorsums.h"
#include "core/eval/memoryneed.h"
#include "core/study/study.h"
#include "methods/methodcases.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <QTemporaryDir>
#include <QTest>
#include <limits>

using namespace pikv;

namespace {

constexpr std::int64_t tokens = 80, hidden = 16; ///< rows of a sequence, and how many of the first are padding

/// Two sequences, the second with `hidden` rows of padding that hold `filling`.
std::shared_ptr<const KvCache> paddedCache(double filling)
{
    const auto plain = generateCache(
        { .layers = 2, .batch = 2, .kvHeads = 2, .seq = tokens, .headDim = 32, .queries = 8, .dtype = DType::F32 });
    CacheInfo info = plain->info();
    info.visible.assign(2 * tokens, 1);
    std::fill_n(info.visible.begin() + tokens, hidden, std::uint8_t(0));
    std::vector<LayerKv> layers;
    for (int i = 0; i < plain->layerCount(); ++i) {
        LayerKv kv = plain->layer(i);
        for (at::Tensor* x : { &kv.key, &kv.value }) {
            *x = x->clone();
            x->select(0, 1).narrow(1, 0, hidden).fill_(filling);
        }
        layers.push_back(std::move(kv));
    }
    return std::make_shared<MemoryCache>(info, layers);
}

/// Sequence `item` as a cache of its own tokens alone.
std::shared_ptr<const KvCache> sequenceOf(const KvCache& cache, std::int64_t item, std::int64_t first)
{
    CacheInfo info = cache.info();
    info.visible.clear();
    info.positions.clear();
    for (std::int64_t t = first; t < tokens; ++t)
        info.positions.push_back(t);
    std::vector<LayerKv> layers;
    for (int i = 0; i < cache.layerCount(); ++i) {
        const LayerKv kv = cache.layer(i);
        const auto own
            = [&](const at::Tensor& x) { return x.narrow(0, item, 1).narrow(2, first, tokens - first).contiguous(); };
        layers.push_back({ own(kv.key), own(kv.value), kv.query.narrow(0, item, 1).contiguous(), {} });
    }
    return std::make_shared<MemoryCache>(info, layers);
}

std::shared_ptr<const KvCache> throughBytes(const KvCache& cache, const MethodSpec& method)
{
    const JobControl job;
    return makeCompressor(method)->decode(makeCompressor(method)->encode(cache, {}, { job }), { job });
}

} // namespace

class PaddingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void paddingEntersNothing_data();
    void paddingEntersNothing();
    void figuresAreThoseOfTheTokens();
    void importanceAndFilesKeepTheMask();
    void shortLayersHoldTheLastTokens();
    void restoredDumpsKeepWhatWasTold();
    void clampedNumbersAreCounted();
    void protectedRowsAreExact();
    void energiesOfAnySize_data();
    void energiesOfAnySize();
};

void PaddingTest::paddingEntersNothing_data()
{
    QTest::addColumn<QString>("spec");
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.id != "recompute") // whole sequences of its own model alone
            QTest::newRow(method.id.c_str()) << QString::fromStdString(pikvtest::testedSpec(method.id));
    QTest::newRow("with protected tokens") << QStringLiteral("kivi:sinks=2,recent=3");
}

void PaddingTest::paddingEntersNothing()
{
    QFETCH(QString, spec);
    MethodSpec method = parseSpec(spec.toStdString());
    const auto zeros = paddedCache(0), large = paddedCache(1e4),
               none = paddedCache(std::numeric_limits<double>::quiet_NaN());
    const EvaluationResult of[]
        = { Study(zeros).evaluate(method), Study(large).evaluate(method), Study(none).evaluate(method) };
    for (const EvaluationResult& result : of) {
        QCOMPARE(result.storedBytes, of[0].storedBytes);
        QCOMPARE(result.quality.keyNmse, of[0].quality.keyNmse);
        QCOMPARE(result.quality.valueNmse, of[0].quality.valueNmse);
        QCOMPARE(result.quality.attentionError, of[0].quality.attentionError);
        QCOMPARE(result.nonFinite, std::int64_t(0));
        QCOMPARE(result.originalBytes, std::uint64_t(2 * 2 * (2 * tokens - hidden) * 64 * 2));
    }
    // Every sequence comes back as if it were alone.
    const auto decoded = throughBytes(*large, method);
    QVERIFY(decoded->info().visible == large->info().visible);
    for (const std::int64_t item : { 0, 1 }) {
        const std::int64_t first = item == 0 ? 0 : hidden;
        const auto alone = throughBytes(*sequenceOf(*large, item, first), method);
        for (int layer = 0; layer < 2; ++layer) {
            const LayerKv whole = decoded->layer(layer), one = alone->layer(layer);
            QVERIFY(whole.key.narrow(0, item, 1).narrow(2, first, tokens - first).equal(one.key));
            QVERIFY(whole.value.narrow(0, item, 1).narrow(2, first, tokens - first).equal(one.value));
            if (first > 0)
                QCOMPARE(whole.key.select(0, item).narrow(1, 0, first).abs().max().item<float>(), 0.0f);
        }
    }
}

void PaddingTest::figuresAreThoseOfTheTokens()
{
    const auto cache = paddedCache(1e4);
    const MethodSpec method = parseSpec("q4_0");
    const EvaluationResult whole = Study(cache).evaluate(method);
    double error = 0, signal = 0;
    std::int64_t rows = 0;
    for (const std::int64_t item : { 0, 1 }) {
        const std::int64_t first = item == 0 ? 0 : hidden;
        const EvaluationResult one = Study(sequenceOf(*cache, item, first)).evaluate(method);
        error += one.quality.keyMse * double(tokens - first);
        signal += one.quality.keyMse * double(tokens - first) / one.quality.keyNmse;
        rows += tokens - first;
    }
    QVERIFY(std::abs(whole.quality.keyMse / (error / double(rows)) - 1) < 1e-12);
    QVERIFY(std::abs(whole.quality.keyNmse / (error / signal) - 1) < 1e-12);
    // Padding takes memory though it does not count.
    CacheInfo full = cache->info();
    full.visible.clear();
    QVERIFY(full.referenceBytes() > cache->info().referenceBytes());
    QCOMPARE(wholeMemory(cache->info()), wholeMemory(full));
}

void PaddingTest::importanceAndFilesKeepTheMask()
{
    const auto cache = paddedCache(1e4);
    for (const char* source : { "key_norm", "attention", "recency", "uniform:0.5" }) {
        const auto values = computeImportance(*cache, parseImportance(source), {});
        for (std::int64_t t = 0; t < hidden; ++t)
            QCOMPARE(values[std::size_t(tokens + t)], 0.0f);
        QVERIFY(values == computeImportance(*paddedCache(0), parseImportance(source), {}));
    }
    const auto recency = computeImportance(*cache, parseImportance("recency"), {});
    QCOMPARE(recency[std::size_t(tokens + hidden)], 1.0f / float(tokens - hidden)); // the sequence's first token
    const QTemporaryDir folder;
    const std::string packed = folder.filePath("a.pikv").toStdString(),
                      plain = folder.filePath("a.safetensors").toStdString();
    (void)Study(cache).compress(parseSpec("kivi"), packed);
    saveCache(*openCache(packed), plain);
    QVERIFY(cacheInfo(*openCache(packed)).visible == cache->info().visible);
    QVERIFY(cacheInfo(*openCache(plain)).visible == cache->info().visible);
}

/// The last rows' positions, and no sinks among them.
void PaddingTest::shortLayersHoldTheLastTokens()
{
    std::vector<LayerKv> layers;
    for (const std::int64_t seq : { 48, 16 })
        layers.push_back({ at::randn({ 1, 1, seq, 32 }), at::randn({ 1, 1, seq, 32 }), {}, {} });
    const MemoryCache cache({}, layers);
    QCOMPARE(cache.info().layers[1].firstToken, std::int64_t(32));
    const LayerInput input = layerInput(cache, 1, {}, c10::kCPU);
    QCOMPARE(input.positions[0].item<std::int64_t>(), std::int64_t(32));
    QCOMPARE(input.positions[15].item<std::int64_t>(), std::int64_t(47));
    const JobControl job;
    const EncodedCache encoded = makeCompressor(parseSpec("q4_0:sinks=4"))->encode(cache, {}, { job });
    QVERIFY(encoded.layers[0].has("k.sinks"));
    QVERIFY(!encoded.layers[1].has("k.sinks"));
    const auto decoded = makeCompressor(parseSpec("q4_0:sinks=4"))->decode(encoded, { job });
    QVERIFY(decoded->layer(0).key.narrow(2, 0, 4).allclose(layers[0].key.narrow(2, 0, 4), 1e-3, 1e-3));
}

void PaddingTest::restoredDumpsKeepWhatWasTold()
{
    CacheInfo info;
    info.text = "a text";
    info.config = R"({"model_type":"llama"})";
    info.model = "m";
    for (std::int64_t i = 0; i < 40; ++i)
        info.tokenIds.push_back(7 * i);
    const auto cache = std::make_shared<MemoryCache>(
        info, std::vector { LayerKv { at::randn({ 1, 1, 40, 32 }), at::randn({ 1, 1, 40, 32 }), {}, {} } });
    const QTemporaryDir folder;
    const std::string path = folder.filePath("a.pikv").toStdString();
    const std::uint64_t bytes = Study(cache).compress(parseSpec("q8_0"), path);
    QCOMPARE(Study(cache).evaluate(parseSpec("q8_0")).storedBytes, bytes);
    const CacheInfo back = cacheInfo(*openCache(path));
    QCOMPARE(back.text, info.text);
    QCOMPARE(back.config, info.config);
    QCOMPARE(back.tokenIds, info.tokenIds);
    saveCache(*openCache(path), folder.filePath("a.safetensors").toStdString()); // and from there on
    QCOMPARE(cacheInfo(*openCache(folder.filePath("a.safetensors").toStdString())).tokenIds, info.tokenIds);
}

void PaddingTest::clampedNumbersAreCounted()
{
    at::Tensor key = at::randn({ 1, 1, 64, 32 });
    key[0][0][5][3] = -1e6;
    key[0][0][9][7] = 70000;
    const auto cache = std::make_shared<MemoryCache>(
        CacheInfo {}, std::vector { LayerKv { key, at::randn({ 1, 1, 64, 32 }), {}, {} } });
    const EvaluationResult result = Study(cache).evaluate(parseSpec("turboquant"));
    QCOMPARE(result.largestClamped, 1e6);
    QCOMPARE(result.clamped, std::int64_t(1));
    QVERIFY(QString::fromStdString(result.warnings.back())
                .contains("1 element beyond f16's reach of 65504, the largest 1e+06"));
    QCOMPARE(Study(cache).evaluate(parseSpec("identity")).clamped, std::int64_t(0));
}

void PaddingTest::protectedRowsAreExact()
{
    at::Tensor key = at::randn({ 1, 1, 64, 32 });
    key[0][0][0][3] = -1e6;
    const MemoryCache cache({}, { LayerKv { key, at::randn({ 1, 1, 64, 32 }), {}, {} } });
    const auto decoded = throughBytes(cache, parseSpec("q8_0:sinks=1"));
    QVERIFY(decoded->layer(0).key.narrow(2, 0, 1).equal(key.narrow(2, 0, 1)));
}

void PaddingTest::energiesOfAnySize_data()
{
    QTest::addColumn<double>("size");
    for (const double size : { 1e-30, 1e-12, 1.0, 1e12, 1e19, 1e30 })
        QTest::newRow(QByteArray::number(size)) << size;
}

void PaddingTest::energiesOfAnySize()
{
    QFETCH(double, size);
    std::vector<float> x, y;
    for (int i = 0; i < 64; ++i) {
        x.push_back(float(size * (1 + i % 7)));
        y.push_back(float(size * (1 + i % 7) * (i % 2 ? 1.25 : 0.75)));
    }
    const ErrorSums sums = compareRows(x.data(), y.data(), nullptr, 2, 32);
    QVERIFY2(std::abs(sums.nmse() / 0.0625 - 1) < 1e-5, QByteArray::number(sums.nmse()));
    QVERIFY(sums.meanCosine() > 0.9 && sums.meanCosine() < 1);
    QVERIFY(std::abs(sums.mse() / (sums.signalEnergy / 64 * 0.0625) - 1) < 1e-5);
}

PIKV_TEST(PaddingTest)
#include "padding_test.moc"
