// SPDX-License-Identifier: GPL-3.0-or-later
// evaluate() as window and command line use it.
#include "core/eval/evaluator.h"
#include "core/eval/pareto.h"
#include "core/eval/resultsio.h"
#include "core/study/study.h"
#include "testcache.h"
#include "testmain.h"
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>
#include <limits>

using namespace pikv;

class TestEvaluate : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void identityLosesNothing_data();
    void identityLosesNothing();
    void reportedBytesAreTheFileSize();
    void previewEstimatesTheWhole();
    void perLayerFiguresAddUp();
    void csvReadsBack();
    void nonFiniteIsRefusedOrLeftOut();
    void cancellationThrows();
    void badLayerIsRefused();
    void ledgerSaysWhatBytesAreFor();
    void protectedTokensAreExact();
    void repeatedRunsAreTimedAndMeasuredOnce();

private:
    EvaluationRequest request(const char* spec, const pikvtest::CacheShape& shape = {})
    {
        EvaluationRequest r;
        r.cache = pikvtest::makeCache(shape);
        r.method = parseSpec(spec);
        return r;
    }
};

void TestEvaluate::identityLosesNothing_data()
{
    QTest::addColumn<pikvtest::CacheShape>("shape");
    QTest::addColumn<double>("ratio");
    QTest::newRow("f16") << pikvtest::CacheShape {} << 1.0;
    QTest::newRow("f32 is twice the reference") << pikvtest::CacheShape { .type = at::kFloat } << 2.0;
    QTest::newRow("bf16, batch, unequal dims")
        << pikvtest::CacheShape { 3, 2, 3, 33, 40, 72, at::kBFloat16, 6, 5, 2 } << 1.0;
    QTest::newRow("one token") << pikvtest::CacheShape { .layers = 8, .kvHeads = 8, .seq = 1 } << 1.0;
}

void TestEvaluate::identityLosesNothing()
{
    QFETCH(pikvtest::CacheShape, shape);
    QFETCH(double, ratio);
    const EvaluationResult r = evaluate(request("identity", shape));
    QCOMPARE(r.quality.mse, 0.0);
    QCOMPARE(r.quality.keyNmse, 0.0);
    QCOMPARE(r.quality.attentionError, 0.0);
    QVERIFY(std::abs(r.quality.cosine - 1) < 1e-6);
    QVERIFY2(std::abs(r.compressionRatio() - ratio) < 0.1, std::to_string(r.compressionRatio()).c_str());
    QCOMPARE(r.attentionQueries, std::string(shape.queries ? "dump" : "keys"));
    QCOMPARE(r.layersDone, shape.layers);
}

void TestEvaluate::reportedBytesAreTheFileSize()
{
    QTemporaryDir dir;
    for (const char* spec : { "identity", "identity:sinks=3,recent=5" }) {
        const EvaluationRequest r = request(spec);
        const QString path = dir.filePath("x.pikv");
        const std::uint64_t written = Study(r.cache).compress(r.method, path.toStdString());
        QCOMPARE(quint64(QFileInfo(path).size()), quint64(written));
        const EvaluationResult result = evaluate(r);
        QCOMPARE(quint64(result.storedBytes), quint64(written));
        std::uint64_t sum = 0;
        for (const auto& [name, bytes] : result.breakdown)
            sum += bytes;
        QCOMPARE(quint64(sum), quint64(written));
    }
}

void TestEvaluate::previewEstimatesTheWhole()
{
    EvaluationRequest r = request("identity", { .layers = 10 });
    const EvaluationResult whole = evaluate(r);
    r.layers = { 0, 5, 9 };
    const EvaluationResult part = evaluate(r);
    QVERIFY(part.preview && !whole.preview);
    QCOMPARE(part.layersDone, 3);
    QCOMPARE(part.originalBytes, whole.originalBytes);
    QVERIFY(std::abs(double(part.storedBytes) / double(whole.storedBytes) - 1) < 0.01);
    QCOMPARE(part.layers.at(1).layer, 5);
}

void TestEvaluate::perLayerFiguresAddUp()
{
    const EvaluationResult r = evaluate(request("identity:recent=4", { .layers = 3, .kvHeads = 4 }));
    QCOMPARE(r.layers.size(), std::size_t(3));
    std::uint64_t sum = 0;
    for (const LayerQuality& layer : r.layers) {
        QCOMPARE(layer.heads.size(), std::size_t(4));
        sum += layer.storedBytes;
    }
    QCOMPARE(quint64(sum + r.breakdown.back().second), quint64(r.storedBytes));
}

void TestEvaluate::csvReadsBack()
{
    QTemporaryDir dir;
    const std::vector<EvaluationResult> results { evaluate(request("identity")),
        evaluate(request("identity:sinks=2")) };
    const std::string path = dir.filePath("r.csv").toStdString();
    writeFileAtomic(path, resultsToCsv(results));
    const auto back = resultsFromCsv(path);
    QCOMPARE(back.size(), results.size());
    for (std::size_t i = 0; i < back.size(); ++i)
        for (const MetricInfo& metric : metrics()) {
            const double a = metric.value(results[i]), b = metric.value(back[i]);
            QVERIFY2((std::isnan(a) && std::isnan(b)) || a == b, metric.name.data());
        }
    QCOMPARE(resultsToCsv(back), resultsToCsv(results));
}

void TestEvaluate::nonFiniteIsRefusedOrLeftOut()
{
    const auto cache = pikvtest::makeCache();
    LayerKv kv = cache->layer(1); // tensors share storage with the cache
    kv.key[0][1][3][7] = std::numeric_limits<float>::quiet_NaN();
    kv.value[0][0][2][1] = std::numeric_limits<float>::infinity();
    EvaluationRequest r;
    r.cache = cache;
    r.method = parseSpec("identity");
    try {
        evaluate(r);
        QFAIL("NaN was accepted");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Input);
        QVERIFY2(QString(e.what()).contains("layer 1 holds 2 NaN or infinite"), e.what());
    }
    r.acceptNonFinite = true;
    const EvaluationResult result = evaluate(r);
    QCOMPARE(result.nonFinite, std::int64_t(2));
    QCOMPARE(result.quality.mse, 0.0);
    QVERIFY(std::isfinite(result.quality.attentionError));
}

void TestEvaluate::cancellationThrows()
{
    std::stop_source source;
    int reports = 0;
    const JobControl job(source.get_token(), [&](const Progress&) {
        if (++reports == 3)
            source.request_stop();
    });
    try {
        evaluate(request("identity", { .layers = 50 }), job);
        QFAIL("the job ran to its end");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Cancelled);
    }
    QVERIFY(reports <= 4);
}

void TestEvaluate::repeatedRunsAreTimedAndMeasuredOnce()
{
    EvaluationRequest r = request("kivi");
    const EvaluationResult once = evaluate(r);
    QCOMPARE(once.timings, 1);
    QVERIFY(std::isnan(once.compressFastest) && std::isnan(once.decompressSlowest));
    r.repeat = 5;
    const EvaluationResult five = evaluate(r);
    QCOMPARE(five.timings, 5);
    QVERIFY(0 < five.compressFastest && five.compressFastest <= five.compressSeconds);
    QVERIFY(five.compressSeconds <= five.compressSlowest);
    QVERIFY(0 < five.decompressFastest && five.decompressFastest <= five.decompressSeconds);
    QVERIFY(five.decompressSeconds <= five.decompressSlowest);
    QCOMPARE(five.storedBytes, once.storedBytes);
    QCOMPARE(five.quality.mse, once.quality.mse);
    QCOMPARE(five.warnings, once.warnings);
    r.layers = { 0 }; // a preview, which estimates its time, is timed once
    QCOMPARE(evaluate(r).timings, 1);
}

void TestEvaluate::badLayerIsRefused()
{
    EvaluationRequest r = request("identity");
    r.layers = { 0, 2 };
    QVERIFY_EXCEPTION_THROWN(evaluate(r), Error);
}

/// Against what is known of the formats: a block of q4_0 is 16 bytes of codes behind 2 of its scale, a vector of
/// turboquant has 2 bytes for its length, kivi's group an f16 scale and minimum.
void TestEvaluate::ledgerSaysWhatBytesAreFor()
{
    const auto ledger = [this](const char* spec) {
        const EvaluationResult r = evaluate(request(spec));
        QCOMPARE(quint64(r.ledger.total()), quint64(r.storedBytes));
        QCOMPARE(
            r.keptShare(), double(r.ledger[LedgerPart::Sinks] + r.ledger[LedgerPart::Tail]) / double(r.originalBytes));
        QVERIFY(r.publishedRatio() <= r.compressionRatio());
    };
    for (const char* spec : { "identity:sinks=4,recent=8", "q4_0", "kivi", "turboquant", "lora" })
        ledger(spec);
    const EvaluationResult q4 = evaluate(request("q4_0"));
    QCOMPARE(quint64(q4.ledger[LedgerPart::Payload]), quint64(8 * q4.ledger[LedgerPart::Scales]));
    QCOMPARE(quint64(q4.ledger[LedgerPart::Payload] * 4), quint64(q4.originalBytes));
    QCOMPARE(q4.publishedRatio(), q4.compressionRatio());
    const EvaluationResult turbo = evaluate(request("turboquant:key_bits=4,value_bits=4"));
    QCOMPARE(turbo.publishedRatio(), 0.25);
    const EvaluationResult all = evaluate(request("kivi:residual_length=4096"));
    QCOMPARE(quint64(all.ledger[LedgerPart::Tail]), quint64(all.originalBytes));
    QCOMPARE(all.keptShare(), 1.0);
}

void TestEvaluate::protectedTokensAreExact()
{
    for (const char* spec : { "identity:sinks=4,recent=8", "identity:sinks=40", "identity:recent=1000" }) {
        const EvaluationResult r = evaluate(request(spec));
        QCOMPARE(r.quality.mse, 0.0);
        QVERIFY(r.breakdown.at(r.breakdown.size() - 2).first.starts_with("v."));
        QVERIFY(r.ledger[LedgerPart::Sinks] + r.ledger[LedgerPart::Tail] > 0);
    }
}

PIKV_TEST(TestEvaluate)
#include "tst_evaluate.moc"
