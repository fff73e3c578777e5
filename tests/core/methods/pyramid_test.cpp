// SPDX-License-Identifier: GPL-3.0-or-later
// pyramid: what its levels and axes do; its target and importance: ratios_test.cpp, importance_test.cpp.
#include "core/cache/rope.h"
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class PyramidTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::manual_seed(17); }

    void errorFallsAsBytesRise_data()
    {
        QTest::addColumn<QString>("rest");
        QTest::newRow("tokens") << "";
        QTest::newRow("layers") << ",axis=layer";
        QTest::newRow("channels") << ",transform=none";
        QTest::newRow("one level") << ",num_levels=1";
        QTest::newRow("adaptive") << ",coding=adaptive";
        QTest::newRow("adaptive channels") << ",coding=adaptive,transform=none";
    }
    void errorFallsAsBytesRise()
    {
        QFETCH(QString, rest);
        EvaluationRequest request;
        request.cache = generateCache(smallCache());
        double keys = 2, values = 2;
        std::uint64_t bytes = 0;
        for (const char* ratio : { "0.1", "0.15", "0.25", "0.4", "0.6" }) {
            request.method = parseSpec(std::string("pyramid:compression_ratio=") + ratio + rest.toStdString());
            const EvaluationResult result = evaluate(request);
            QVERIFY2(result.quality.keyNmse < keys && result.quality.valueNmse < values, ratio);
            QVERIFY(result.storedBytes > bytes);
            keys = result.quality.keyNmse;
            values = result.quality.valueNmse;
            bytes = result.storedBytes;
        }
    }

    void firstLayersGetMoreOnTheLayerAxis()
    {
        // Layers alike but for their seed: what differs is their budget.
        GenerateOptions options = smallCache();
        options.layers = 4;
        options.seq = 512;
        const CachePtr cache = generateCache(options);
        const EncodedCache encoded
            = encode(*makeCompressor(parseSpec("pyramid:compression_ratio=0.3,axis=layer")), *cache);
        const auto decoded = decode(encoded);
        double last = 0;
        std::uint64_t bytes = ~std::uint64_t(0);
        for (int i = 0; i < 4; ++i) {
            const double error = relativeError(cache->layer(i).value, decoded->layer(i).value);
            QVERIFY(error > last);
            QVERIFY(encoded.layers[std::size_t(i)].byteCount() < bytes);
            last = error;
            bytes = encoded.layers[std::size_t(i)].byteCount();
        }
    }

    void importantTokensAreInTheFirstLevel_data()
    {
        QTest::addColumn<QString>("rest");
        QTest::newRow("packed") << "";
        QTest::newRow("adaptive") << ",coding=adaptive";
    }
    void importantTokensAreInTheFirstLevel()
    {
        QFETCH(QString, rest);
        const CachePtr cache = generateCache(smallCache());
        const at::Tensor falling = (at::arange(96, at::kFloat) / 96).flip(0).unsqueeze(0);
        const auto decoded = decode(
            encode(*makeCompressor(
                       parseSpec("pyramid:compression_ratio=0.2,num_levels=4,decay_factor=0.5" + rest.toStdString())),
                *cache, falling));
        const auto error = [&](std::int64_t first) {
            return relativeError(
                cache->layer(1).value.narrow(2, first, 10), decoded->layer(1).value.narrow(2, first, 10));
        };
        QVERIFY(error(8) < 0.5 * error(80));
    }

    /// An entropy coder takes parts of bits, and steps of one width the fewest of them.
    void adaptiveCodingPays_data()
    {
        QTest::addColumn<double>("ratio");
        for (const double ratio : { 0.15, 0.25, 0.4 })
            QTest::addRow("%g", ratio) << ratio;
    }
    void adaptiveCodingPays()
    {
        QFETCH(double, ratio);
        GenerateOptions options = smallCache();
        options.seq = 1024;
        const CachePtr cache = generateCache(options);
        const auto measured = [&](const char* coding) {
            EvaluationRequest request;
            request.cache = cache;
            request.method = parseSpec("pyramid:compression_ratio=" + printParam(ratio) + ",coding=" + coding);
            return evaluate(request);
        };
        const EvaluationResult adaptive = measured("adaptive"), packed = measured("packed");
        QVERIFY(double(adaptive.storedBytes) < 1.02 * double(packed.storedBytes));
        // Bits are shared out otherwise between keys and values: their errors' product does not depend on it.
        QVERIFY2(adaptive.quality.keyNmse * adaptive.quality.valueNmse
                < 0.6 * packed.quality.keyNmse * packed.quality.valueNmse,
            qPrintable(QString("%1 and %2, packed %3 and %4")
                           .arg(adaptive.quality.keyNmse)
                           .arg(adaptive.quality.valueNmse)
                           .arg(packed.quality.keyNmse)
                           .arg(packed.quality.valueNmse)));
    }

    void transformPaysForCorrelatedChannels()
    {
        const at::Tensor mix = at::mm(at::randn({ 4, 32 }).t(), at::randn({ 4, 32 }));
        const at::Tensor rows = at::mm(at::randn({ 1024, 32 }), mix).view({ 1, 1, 1024, 32 });
        const MemoryCache cache({}, { { rows, rows.clone(), {}, {} } });
        const auto error = [&](const char* transform) {
            const auto method
                = makeCompressor(parseSpec(std::string("pyramid:compression_ratio=0.1,transform=") + transform));
            return relativeError(rows, decode(encode(*method, cache))->layer(0).key);
        };
        QVERIFY(error("klt") < 0.1 * error("none"));
        QVERIFY(error("auto") < 1.1 * error("klt")); // the longer spec takes a few bytes
    }

    void undoneRotationPays_data()
    {
        QTest::addColumn<int>("batch");
        QTest::addColumn<bool>("halves");
        QTest::newRow("halves") << 1 << true;
        QTest::newRow("interleaved") << 1 << false;
        QTest::newRow("batch") << 3 << true;
    }
    void undoneRotationPays()
    {
        // The same key at every position but for its rotation and a little noise.
        QFETCH(int, batch);
        QFETCH(bool, halves);
        CacheInfo info;
        info.rope.state = RopeInfo::State::Post;
        info.rope.layout = halves ? RopeInfo::Layout::Half : RopeInfo::Layout::Interleaved;
        info.rope.theta = 10000;
        for (int i = 0; i < 500; ++i)
            info.positions.push_back(i < 200 ? i : i + 1000);
        const at::Tensor positions = at::cat({ at::arange(200), at::arange(1200, 1500) });
        const at::Tensor keys = at::randn({ 1, 2, 1, 32 }) + 0.1 * at::randn({ batch, 2, 500, 32 });
        const at::Tensor rows = applyRope(keys, positions, info.rope);
        const MemoryCache cache(info, { { rows, at::randn({ batch, 2, 500, 32 }), {}, {} } });
        const auto error = [&](const char* rope) {
            const auto method = makeCompressor(parseSpec(std::string("pyramid:compression_ratio=0.2,rope=") + rope));
            return relativeError(rows, decode(encode(*method, cache))->layer(0).key);
        };
        const double undone = error("undo"), kept = error("keep");
        QVERIFY2(undone < 0.01 && undone < 0.5 * kept, qPrintable(QString("%1 against %2").arg(undone).arg(kept)));
    }

    void unknownRotationWarns()
    {
        CacheInfo info = generateCache(smallCache())->info();
        info.rope = {};
        const auto warnings = makeCompressor(parseSpec("pyramid"))->warnings(info);
        QCOMPARE(warnings.size(), std::size_t(1));
        QVERIFY(warnings[0].find("rope=undo has no effect") != std::string::npos);
    }

    void unreachableTargetsWarn()
    {
        const CachePtr cache = generateCache(smallCache());
        const auto warnings = makeCompressor(parseSpec("pyramid:compression_ratio=0.02"))->warnings(cache->info());
        QCOMPARE(warnings.size(), std::size_t(1));
        QVERIFY(warnings[0].find("compression_ratio=0.02") != std::string::npos);
        QVERIFY(makeCompressor(parseSpec("pyramid:compression_ratio=0.3"))->warnings(cache->info()).empty());
    }
};

PIKV_TEST(PyramidTest)
#include "pyramid_test.moc"
