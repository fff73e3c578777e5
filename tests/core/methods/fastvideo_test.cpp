// SPDX-License-Identifier: GPL-3.0-or-later
// fastvideo: no drift, keyframes, prediction and parameters; its target and importance: ratios_test.cpp,
// importance_test.cpp.
#include "core/codec/methods/fastvideo/keyframes.h"
#include "core/codec/parts/ratesearch.h"
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <QTest>
#include <limits>

using namespace pikv;
using namespace pikvtest;

class FastVideoTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::manual_seed(11); }

    void errorsDoNotAddUp_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::newRow("default") << "fastvideo:compression_ratio=0.2";
        QTest::newRow("one keyframe") << "fastvideo:compression_ratio=0.2,keyframe_interval=4096,motion_threshold=4";
    }
    void errorsDoNotAddUp()
    {
        QFETCH(QString, spec);
        GenerateOptions options = smallCache();
        options.layers = 1;
        options.seq = 4096;
        const CachePtr cache = generateCache(options);
        const LayerKv original = cache->layer(0),
                      decoded = decode(encode(*makeCompressor(parseSpec(spec.toStdString())), *cache))->layer(0);
        const auto error = [&](std::int64_t first) {
            return (original.key.narrow(2, first, 256).to(at::kFloat)
                       - decoded.key.narrow(2, first, 256).to(at::kFloat))
                       .square()
                       .mean()
                       .item<double>()
                + (original.value.narrow(2, first, 256).to(at::kFloat)
                    - decoded.value.narrow(2, first, 256).to(at::kFloat))
                      .square()
                      .mean()
                      .item<double>();
        };
        QVERIFY2(error(4096 - 256) <= 1.1 * error(0),
            qPrintable(QString("%1 after %2").arg(error(4096 - 256)).arg(error(0))));
    }

    void errorFallsAsBytesRise()
    {
        EvaluationRequest request;
        request.cache = generateCache(smallCache());
        double keys = 2, values = 2;
        std::uint64_t bytes = 0;
        for (const MethodSpec& spec : expandSpec("fastvideo:compression_ratio=[0.1,0.15,0.25,0.4,0.6]")) {
            request.method = spec;
            const EvaluationResult result = evaluate(request);
            QVERIFY2(result.quality.keyNmse < keys && result.quality.valueNmse < values, printSpec(spec).c_str());
            QVERIFY(result.storedBytes > bytes);
            keys = result.quality.keyNmse;
            values = result.quality.valueNmse;
            bytes = result.storedBytes;
        }
    }

    void predictionPays()
    {
        GenerateOptions options = smallCache();
        options.seq = 1024;
        EvaluationRequest request;
        request.cache = generateCache(options);
        const auto keyError = [&](const char* more) {
            request.method = parseSpec(std::string("fastvideo:compression_ratio=0.3") + more);
            return evaluate(request).quality.keyNmse;
        };
        const double video = keyError(""), stills = keyError(",keyframe_interval=1"), turning = keyError(",rope=keep");
        QVERIFY(video < 0.8 * stills);
        QVERIFY(video < 0.9 * turning);
        // Without motion to find, prediction is no worse than none (but for the noise of the fit).
        const at::Tensor noise = at::randn({ 1, 2, 1024, 32 });
        const MemoryCache still({}, { { noise, noise.clone(), {}, {} } });
        const auto noiseError = [&](const char* spec) {
            return relativeError(noise, decode(encode(*makeCompressor(parseSpec(spec)), still))->layer(0).key);
        };
        QVERIFY(noiseError("fastvideo:motion_threshold=4") < 1.03 * noiseError("fastvideo:keyframe_interval=1"));
    }

    void sceneCutStartsAKeyframe()
    {
        KeyframePlanner planner({ 100, 0.2 }, { 1, 1 });
        const float scene[] = { 3, 4 }, near[] = { 3.5f, 4 }, other[] = { -4, 3 };
        QVERIFY(planner.isForced());
        QVERIFY(planner.decide(scene, nullptr, 25));
        QVERIFY(!planner.decide(near, scene, 28.25));
        QVERIFY(planner.decide(other, near, 25));
        QVERIFY(!planner.decide(other, other, 25));
    }

    void intervalIsKept()
    {
        KeyframePlanner planner({ 8, 0.2 }, { 1 });
        const float same[] = { 1 };
        for (int t = 0; t < 40; ++t)
            QCOMPARE(planner.decide(same, same, 1), t % 8 == 0);
        planner.restart(3);
        for (int t = 3; t < 40; ++t)
            QCOMPARE(planner.decide(same, same, 1), t % 8 == 0);
    }

    void oneTokenSurvives()
    {
        const at::Tensor row = at::randn({ 2, 2, 1, 16 });
        const MemoryCache kv({}, { { row, row.clone(), {}, {} } });
        const LayerKv back = decode(encode(*makeCompressor(parseSpec("fastvideo:sinks=0")), kv))->layer(0);
        QVERIFY(relativeError(row, back.key) < 1 && relativeError(row, back.value) < 1);
    }

    void plainRowsSurvive_data()
    {
        QTest::addColumn<float>("value");
        QTest::newRow("zeros") << 0.0f;
        QTest::newRow("constant") << 2.5f;
    }
    void plainRowsSurvive()
    {
        QFETCH(float, value);
        const at::Tensor rows = at::full({ 1, 2, 64, 16 }, value);
        const MemoryCache kv({}, { { rows, rows.clone(), {}, {} } });
        const LayerKv back = decode(encode(*makeCompressor(parseSpec("fastvideo")), kv))->layer(0);
        QVERIFY((back.key - rows).abs().max().item<float>() < 1e-3f);
        QVERIFY((back.value - rows).abs().max().item<float>() < 1e-3f);
    }

    void nonFiniteValuesStayWhereTheyAre()
    {
        at::Tensor rows = at::randn({ 1, 1, 64, 16 });
        rows[0][0][9][3] = std::numeric_limits<float>::quiet_NaN();
        rows[0][0][20][5] = std::numeric_limits<float>::infinity();
        const MemoryCache kv({}, { { rows, at::randn({ 1, 1, 64, 16 }), {}, {} } });
        const LayerKv back = decode(encode(*makeCompressor(parseSpec("fastvideo")), kv))->layer(0);
        QVERIFY(at::isfinite(back.key).all().item<bool>());
        QVERIFY(relativeError(kv.layer(0).value, back.value) < 0.01);
    }

    void badParametersNameTheBound_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<QString>("named");
        QTest::newRow("interval") << "fastvideo:keyframe_interval=0"
                                  << "keyframe_interval";
        QTest::newRow("threshold") << "fastvideo:motion_threshold=-1"
                                   << "motion_threshold";
        QTest::newRow("ratio") << "fastvideo:compression_ratio=1.5"
                               << "compression_ratio";
    }
    void badParametersNameTheBound()
    {
        QFETCH(QString, spec);
        QFETCH(QString, named);
        try {
            parseSpec(spec.toStdString());
            QFAIL("accepted");
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Usage);
            QVERIFY2(QString(e.what()).contains(named), e.what());
        }
    }

    void searchFindsTheRate()
    {
        int calls = 0;
        const auto bits = [&](double octaves) {
            ++calls;
            return 1000 * std::max(0.0, 5 - octaves) + 40;
        };
        QVERIFY(std::abs(searchRate(bits, 3040, 1000, -6, 0.001).octaves - 2) < 0.01);
        QVERIFY(calls <= 8);
        // Out of reach: the smallest there is.
        QCOMPARE(searchRate(bits, 10, 1000, 0, 0.001).bits, 40.0);
    }

    void unreachableTargetsWarn()
    {
        const CacheInfo info = generateCache(smallCache())->info();
        QVERIFY(makeCompressor(parseSpec("fastvideo"))->warnings(info).empty());
        QCOMPARE(makeCompressor(parseSpec("fastvideo:compression_ratio=0.02"))->warnings(info).size(), std::size_t(1));
    }
};

PIKV_TEST(FastVideoTest)
#include "fastvideo_test.moc"
