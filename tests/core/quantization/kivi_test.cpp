// SPDX-License-Identifier: GPL-3.0-or-later
#include "../engine/testcache.h"
#include "core/codec/compressor.h"
#include "core/eval/evaluator.h"
#include "testmain.h"
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;
using pikvtest::CacheShape;

class TestKivi : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void payloadIsTheFormula_data();
    void payloadIsTheFormula();
    void comesBackThroughTheFile_data();
    void comesBackThroughTheFile();
    void errorFallsWithBits();
    void windowIsExact();
    void threadsDoNotMatter();
    void largeTensorsComeBackTheSame();
};

static EvaluationResult run(const std::string& spec, const CacheShape& shape)
{
    EvaluationRequest request;
    request.cache = pikvtest::makeCache(shape);
    request.method = parseSpec(spec);
    return evaluate(request);
}

void TestKivi::payloadIsTheFormula_data()
{
    QTest::addColumn<int>("seq");
    QTest::addColumn<int>("window");
    for (auto [seq, window] :
        { std::pair(96, 32), std::pair(100, 32), std::pair(64, 0), std::pair(20, 32), std::pair(1, 0) })
        QTest::addRow("%d tokens, window %d", seq, window) << seq << window;
}

/// Per head: values (n - R) * 64 * (b + 1) bits, keys the same for whole groups of 32 tokens; the rest at 16 bits.
void TestKivi::payloadIsTheFormula()
{
    QFETCH(int, seq);
    QFETCH(int, window);
    const EvaluationResult r
        = run("kivi:residual_length=" + std::to_string(window), { .layers = 3, .kvHeads = 2, .seq = seq });
    const int values = std::max(0, seq - window), keys = values - values % 32, heads = 3 * 2;
    const int bits = heads * 64 * (3 * values + 3 * keys + 16 * (seq - values) + 16 * (seq - keys));
    std::uint64_t payload = 0;
    for (const auto& [name, bytes] : r.breakdown)
        payload += name == "header" ? 0 : bytes;
    QCOMPARE(quint64(payload), quint64(bits / 8));
}

void TestKivi::comesBackThroughTheFile_data()
{
    QTest::addColumn<CacheShape>("shape");
    QTest::newRow("f16") << CacheShape {};
    QTest::newRow("bf16") << CacheShape { .type = at::kBFloat16 };
    QTest::newRow("f32, batch 2") << CacheShape { .batch = 2, .type = at::kFloat };
    QTest::newRow("f64") << CacheShape { .type = at::kDouble };
    QTest::newRow("unequal head dims, none a multiple of 32") << CacheShape { .keyDim = 72, .valueDim = 40 };
    QTest::newRow("one token") << CacheShape { .seq = 1 };
    QTest::newRow("wide heads") << CacheShape { .kvHeads = 1, .seq = 70, .keyDim = 600, .valueDim = 600 };
}

void TestKivi::comesBackThroughTheFile()
{
    QFETCH(CacheShape, shape);
    QTemporaryDir dir;
    const std::string path = dir.filePath("k.pikv").toStdString();
    const auto cache = pikvtest::makeCache(shape);
    const auto compressor = makeCompressor(parseSpec("kivi:key_bits=8,value_bits=8,residual_length=8"));
    const JobControl job;
    compressor->encode(*cache, {}, { job }).save(path);
    const EncodedCache loaded = EncodedCache::load(path);
    const auto back = makeCompressor(parseSpec(loaded.header.spec))->decode(loaded, { job });
    for (int i = 0; i < cache->layerCount(); ++i) {
        const LayerKv a = cache->layer(i), b = back->layer(i);
        QVERIFY(a.key.sizes() == b.key.sizes() && a.value.sizes() == b.value.sizes());
        QVERIFY(a.key.scalar_type() == b.key.scalar_type());
        const double error = (a.key.to(at::kFloat) - b.key.to(at::kFloat)).abs().max().item<double>();
        QVERIFY2(error < 0.06, std::to_string(error).c_str());
    }
}

void TestKivi::errorFallsWithBits()
{
    double key = 1e9, value = 1e9;
    for (int bits = 1; bits <= 8; ++bits) {
        const std::string text = std::to_string(bits);
        const EvaluationResult r
            = run("kivi:residual_length=0,key_bits=" + text + ",value_bits=" + text, { .seq = 128 });
        QVERIFY(r.quality.keyNmse < key && r.quality.valueNmse < value);
        key = r.quality.keyNmse;
        value = r.quality.valueNmse;
    }
    QVERIFY(key < 1e-4 && value < 1e-4);
}

void TestKivi::windowIsExact()
{
    const auto cache = pikvtest::makeCache({ .seq = 100 });
    const auto compressor = makeCompressor(parseSpec("kivi:residual_length=20"));
    const JobControl job;
    const auto back = compressor->decode(compressor->encode(*cache, {}, { job }), { job });
    const LayerKv a = cache->layer(0), b = back->layer(0);
    QVERIFY(a.key.narrow(2, 64, 36).equal(b.key.narrow(2, 64, 36))); // 80 tokens make two groups of 32
    QVERIFY(a.value.narrow(2, 80, 20).equal(b.value.narrow(2, 80, 20)));
    QVERIFY(!a.value.narrow(2, 0, 80).equal(b.value.narrow(2, 0, 80)));
}

void TestKivi::threadsDoNotMatter()
{
    const auto cache = pikvtest::makeCache({ .batch = 2, .kvHeads = 5, .seq = 90 });
    const auto compressor = makeCompressor(parseSpec("kivi"));
    const JobControl job;
    const int before = at::get_num_threads();
    at::set_num_threads(1);
    const EncodedCache one = compressor->encode(*cache, {}, { job });
    at::set_num_threads(4);
    const EncodedCache four = compressor->encode(*cache, {}, { job });
    at::set_num_threads(before);
    for (std::size_t i = 0; i < one.layers.size(); ++i)
        QVERIFY(one.layers[i].all() == four.layers[i].all());
}

/// Above 32 MB decode writes past the processor's caches: the same tokens, in two halves below that, come back the
/// same.
void TestKivi::largeTensorsComeBackTheSame()
{
    constexpr std::int64_t half = 2048 * 17; // whole groups of 32
    const LayerKv kv
        = pikvtest::makeCache({ .layers = 1, .kvHeads = 2, .seq = 2 * half, .type = at::kFloat })->layer(0);
    const auto compressor = makeCompressor(parseSpec("kivi:residual_length=0"));
    const JobControl job;
    const auto roundTrip = [&](std::int64_t first, std::int64_t count) {
        const MemoryCache part(CacheInfo {},
            { { kv.key.narrow(2, first, count).contiguous(), kv.value.narrow(2, first, count).contiguous(), {}, {} } });
        return compressor->decode(compressor->encode(part, {}, { job }), { job })->layer(0);
    };
    const LayerKv whole = roundTrip(0, 2 * half);
    QVERIFY(whole.key.nbytes() > std::size_t(32) << 20);
    for (const std::int64_t first : { std::int64_t(0), half }) {
        const LayerKv part = roundTrip(first, half);
        QVERIFY(part.key.nbytes() < std::size_t(32) << 20);
        QVERIFY(whole.key.narrow(2, first, half).equal(part.key));
        QVERIFY(whole.value.narrow(2, first, half).equal(part.value));
    }
}

PIKV_TEST(TestKivi)
#include "kivi_test.moc"
