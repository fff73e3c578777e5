// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/eval/proxypredictor.h"
#include "core/model/model.h"
#include "core/model/simplepredictor.h"
#include "modeldata.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <QTest>
#include <cmath>

using namespace pikv;

namespace {
constexpr const char* kFine = "kivi:key_bits=8,value_bits=8,group_size=8,residual_length=0";
constexpr const char* kCoarse = "kivi:key_bits=2,value_bits=2,group_size=8,residual_length=0";

/// A text that repeats five tokens, so that a read-out fitted on half of it can know the other half.
ProxyRequest request(std::int64_t queries, const char* spec)
{
    const ModelPtr model = openModel(testPath("model/tiny-llama.gguf").toStdString());
    std::vector<std::int64_t> tokens;
    for (int i = 0; i < 100; ++i)
        tokens.push_back(50 + 11 * (i % 5));
    ProxyRequest out;
    out.cache = captureCache({ model, tokens, queries, DType::F16 });
    out.method = parseSpec(spec);
    return out;
}
}

class ProxyTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void identity_data()
    {
        QTest::addColumn<int>("queries");
        QTest::addColumn<bool>("fit");
        QTest::addColumn<int>("positions");
        QTest::addColumn<QString>("label");
        QTest::newRow("dump's queries") << 12 << false << 12
                                        << "proxy: random read-out, 1000 classes, the dump's queries";
        QTest::newRow("keys") << 0 << false << 64 << "proxy: random read-out, 1000 classes, keys as stand-in queries";
        QTest::newRow("fitted") << 12 << true << 49
                                << "proxy: read-out fitted to the dump's tokens, 5 classes, keys as stand-in queries";
    }
    void identity()
    {
        QFETCH(int, queries);
        QFETCH(bool, fit);
        QFETCH(int, positions);
        QFETCH(QString, label);
        ProxyRequest r = request(queries, "identity");
        r.fit = fit;
        const ProxyResult result = runProxy(r);
        QCOMPARE(result.summary.mean.kl, 0.0);
        QCOMPARE(result.summary.mean.agreement, 1.0);
        QCOMPARE(result.summary.positions, positions);
        QCOMPARE(QString::fromStdString(result.label), label);
        QCOMPARE(std::isnan(result.summary.mean.loss), !fit);
        QCOMPARE(std::isnan(result.summary.mean.accuracy), !fit);
    }

    void coarserMeansFarther()
    {
        const ProxyResult fine = runProxy(request(12, kFine)), coarse = runProxy(request(12, kCoarse));
        QVERIFY(fine.summary.mean.kl > 0 && fine.summary.mean.kl < coarse.summary.mean.kl);
        QVERIFY(coarse.summary.mean.agreement <= fine.summary.mean.agreement);
        QCOMPARE(runProxy(request(12, kCoarse)).summary.mean.kl, coarse.summary.mean.kl);
        ProxyRequest other = request(12, kCoarse);
        other.seed = 1;
        QVERIFY(runProxy(other).summary.mean.kl != coarse.summary.mean.kl);
    }

    void theFitLearnsHeldOutPositions()
    {
        ProxyRequest r = request(0, kFine);
        r.fit = true;
        const ProxyResult result = runProxy(r);
        QVERIFY2(result.baseline.mean.accuracy > 0.8, qPrintable(QString::number(result.baseline.mean.accuracy)));
        QVERIFY(result.summary.mean.accuracy > 0.8);
        QVERIFY(result.baseline.mean.loss < std::log(5.0));
    }

    /// With features that are one-hot already, ridge regression shrinks the identity.
    void closedForm()
    {
        const at::Tensor features = at::eye(6, at::kDouble), targets = at::arange(6, at::kLong);
        const auto predictor = SimpleNextTokenPredictor::fitted(features, targets, 6);
        const at::Tensor logits = predictor.logits(features.to(at::kFloat));
        QVERIFY(logits.argmax(-1).equal(targets));
        QVERIFY(std::abs(logits.std().item<double>() - SimpleNextTokenPredictor::kSpread) < 1e-4);
    }

    void refuses()
    {
        ProxyRequest r = request(0, "identity");
        r.vocabulary = 1;
        QVERIFY_THROWS_EXCEPTION(Error, runProxy(r));
        r.vocabulary = 100000;
        QVERIFY_THROWS_EXCEPTION(Error, runProxy(r));
        r = request(0, "identity");
        r.positions = 0;
        QVERIFY_THROWS_EXCEPTION(Error, runProxy(r));
        r = request(0, "identity");
        CacheInfo info = r.cache->info();
        info.tokenIds.clear();
        r.cache = std::make_shared<MemoryCache>(info, std::vector { r.cache->layer(0), r.cache->layer(1) });
        QCOMPARE(runProxy(r).summary.mean.kl, 0.0);
        r.fit = true;
        QVERIFY_THROWS_EXCEPTION(Error, runProxy(r));
    }
};

PIKV_TEST(ProxyTest)
#include "proxy_test.moc"
