// SPDX-License-Identifier: GPL-3.0-or-later
// lora against the optimum that Eckart and Young promise, its parameters and its refusals.
#include "core/codec/parts/lowrankfit.h"
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class LoraTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::manual_seed(3); }

    void errorIsTheOptimum_data()
    {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("rank");
        QTest::addColumn<double>("decay");
        QTest::newRow("covariance") << 512 << 16 << 1.0;
        QTest::newRow("fewer rows than channels") << 40 << 8 << 1.0;
        QTest::newRow("iteration, steep spectrum") << 6000 << 8 << 2.0;
        QTest::newRow("iteration, slow spectrum") << 6000 << 32 << 0.5;
        QTest::newRow("iteration, flat spectrum") << 6000 << 8 << 0.0;
    }
    void errorIsTheOptimum()
    {
        QFETCH(int, rows);
        QFETCH(int, rank);
        QFETCH(double, decay);
        const at::Tensor spectrum = at::pow(at::arange(1, 257, at::kFloat), -decay / 2);
        const at::Tensor turn = std::get<0>(at::linalg_svd(at::randn({ 256, 256 })));
        const at::Tensor tokens = at::matmul(at::randn({ rows, 256 }) * spectrum, turn) + 3.0;
        const at::Tensor cache = tokens.view({ 1, rows, 4, 64 }).permute({ 0, 2, 1, 3 }).contiguous();
        const MemoryCache kv({}, { { cache, cache.clone(), {}, {} } });
        const auto lora
            = makeCompressor(parseSpec("lora:code_bits=16,basis_bits=16,sinks=0,rank=" + std::to_string(rank)));
        const auto decoded = decode(encode(*lora, kv));
        const at::Tensor centred = (tokens - tokens.mean(0)).to(at::kDouble);
        const at::Tensor values = std::get<1>(at::linalg_svd(centred, false)).square();
        const double optimum = values.narrow(0, rank, values.size(0) - rank).sum().item<double>();
        const double error = (decoded->layer(0).key - cache).to(at::kDouble).square().sum().item<double>();
        QVERIFY2(error <= 1.01 * optimum, qPrintable(QString("%1 of the optimum").arg(error / optimum)));
    }

    /// Errors that are measured by a metric: the optimum is that of the rows times its root.
    void errorIsTheOptimumOfItsMetric()
    {
        const at::Tensor spread = at::pow(at::arange(1, 65, at::kFloat), -0.7), mix = at::randn({ 64, 64 });
        const at::Tensor rows = at::matmul(at::randn({ 700, 64 }) * spread, at::randn({ 64, 64 })) + 2.0;
        const at::Tensor metric = at::matmul(mix * spread, mix.t()) + 0.1 * at::eye(64);
        const at::Tensor centred = rows.clone();
        const LowRankFit fit = fitLowRankIn(metric, centred, {}, 12, 1, {});
        const at::Tensor own = at::matmul(fit.directions, fit.duals().t());
        QVERIFY(at::allclose(own, at::eye(12), 1e-3, 1e-3)); // each a unit, none within another
        QVERIFY(at::allclose(centred, rows - fit.mean));
        const auto left = [&](const LowRankFit& by, const at::Tensor& of) {
            const at::Tensor rest = of - at::matmul(at::matmul(of, by.duals().t()), by.directions);
            return (at::matmul(rest, metric) * rest).to(at::kDouble).sum().item<double>();
        };
        const at::Tensor root = std::get<0>(at::linalg_cholesky_ex(metric.to(at::kDouble)));
        const at::Tensor values
            = std::get<1>(at::linalg_svd(at::matmul(centred.to(at::kDouble), root), false)).square();
        const double optimum = values.narrow(0, 12, values.size(0) - 12).sum().item<double>(), got = left(fit, centred);
        QVERIFY2(got <= 1.01 * optimum, qPrintable(QString("%1 of the optimum").arg(got / optimum)));
        const at::Tensor again = rows.clone();
        const LowRankFit plain = fitLowRank(again, {}, 12, 1, {});
        QVERIFY(left(plain, again) > 1.2 * optimum); // so that the metric matters here
    }

    void errorFallsWithRankAndBits_data()
    {
        QTest::addColumn<QString>("specs");
        QTest::newRow("rank") << "lora:rank=[2,4,8,16,32]";
        QTest::newRow("code_bits") << "lora:rank=32,code_bits=[3,4,6,8,16]";
        QTest::newRow("basis_bits") << "lora:rank=32,code_bits=8,basis_bits=[4,6,8,16]";
        QTest::newRow("base_bits") << "lora:base_bits=[0,2,3,4]";
        QTest::newRow("scope=head, rank") << "lora:scope=head,rank=[4,8,16]";
    }
    void errorFallsWithRankAndBits()
    {
        QFETCH(QString, specs);
        EvaluationRequest request;
        request.cache = generateCache(smallCache());
        double keys = 2, values = 2;
        std::uint64_t bytes = 0;
        for (const MethodSpec& spec : expandSpec(specs.toStdString())) {
            request.method = spec;
            const EvaluationResult result = evaluate(request);
            QVERIFY2(result.quality.keyNmse < keys && result.quality.valueNmse < values, printSpec(spec).c_str());
            QVERIFY(result.storedBytes > bytes);
            keys = result.quality.keyNmse;
            values = result.quality.valueNmse;
            bytes = result.storedBytes;
        }
    }

    void undoingTheRotationPays()
    {
        GenerateOptions options = smallCache();
        options.seq = 512;
        EvaluationRequest request;
        request.cache = generateCache(options);
        request.method = parseSpec("lora:rank=8");
        const double undone = evaluate(request).quality.keyNmse;
        request.method = parseSpec("lora:rank=8,rope=keep");
        QVERIFY(undone < 0.8 * evaluate(request).quality.keyNmse);
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
        const at::Tensor rows = at::full({ 1, 2, 32, 16 }, value);
        const MemoryCache kv({}, { { rows, rows.clone(), {}, {} } });
        const LayerKv back = decode(encode(*makeCompressor(parseSpec("lora:base_bits=2")), kv))->layer(0);
        QVERIFY((back.key - rows).abs().max().item<float>() < 1e-6f);
        QVERIFY((back.value - rows).abs().max().item<float>() < 1e-6f);
    }

    void ranksBeyondTheShapeAreRefused_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<QString>("named");
        QTest::newRow("hidden") << "lora:rank=65"
                                << "rank=65 is above min(batch x seq, kv_heads x head_dim) = 64";
        QTest::newRow("head") << "lora:rank=33,scope=head"
                              << "rank=33 is above min(batch x seq, head_dim) = 32";
        QTest::newRow("rows") << "lora:rank=17,recent=80,sinks=0"
                              << "= 16";
    }
    void ranksBeyondTheShapeAreRefused()
    {
        QFETCH(QString, spec);
        QFETCH(QString, named);
        QString reason;
        QVERIFY(!accepted(spec.toStdString(), generateCache(smallCache())->info(), reason));
        QVERIFY2(reason.contains(named), qPrintable(reason));
    }

    void parametersWithoutEffectWarn()
    {
        const CacheInfo info = generateCache(smallCache())->info();
        QVERIFY(makeCompressor(parseSpec("lora"))->warnings(info).empty());
        QCOMPARE(makeCompressor(parseSpec("lora:dropout=0.1"))->warnings(info).size(), std::size_t(1));
        QCOMPARE(makeCompressor(parseSpec("lora"))->warnings(CacheInfo {}).size(), std::size_t(1));
    }

    void weightsFollowTheExponent()
    {
        at::Tensor importance = at::full({ 1, 4 }, 1.0f);
        importance[0][0] = 0.25f;
        const at::Tensor weights = rowWeights(importance, 8);
        QVERIFY(std::abs(weights[0].item<float>() / weights[1].item<float>() - 0.5f) < 1e-6f);
        QVERIFY(std::abs(weights.mean().item<float>() - 1.0f) < 1e-6f);
        QVERIFY(!rowWeights(importance, 0).defined() && !rowWeights(at::zeros({ 1, 4 }), 16).defined());
    }
};

PIKV_TEST(LoraTest)
#include "lora_test.moc"
