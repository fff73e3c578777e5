// SPDX-License-Identifier: GPL-3.0-or-later
// Golden values: tests/data/model/make_tiny.py (transformers in float32 with the same cache, changed the same way).
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/eval/klshares.h"
#include "core/eval/nexttoken.h"
#include "core/eval/roundtrip.h"
#include "core/model/languagemodel.h"
#include "core/model/scoring.h"
#include "goldenfile.h"
#include "modeldata.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones.h>
#include <QTest>
#include <cmath>

using namespace pikv;

namespace {
constexpr std::int64_t kContext = 24;
constexpr const char* kCoarse = "kivi:key_bits=2,value_bits=2,group_size=8,residual_length=0";

ModelPtr tinyModel() { return openModel(testPath("model/tiny-llama.gguf").toStdString()); }
GoldenFile tinyGolden() { return GoldenFile(testPath("model/tiny-llama.golden.safetensors")); }

double largestDifference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// A captured cache with scaled tensors and, for `dropped`, a keep-mask without the rows 3 to 9.
MemoryCache changed(const KvCache& cache, double factor, bool dropped)
{
    std::vector<LayerKv> layers;
    for (int i = 0; i < cache.layerCount(); ++i) {
        LayerKv kv = cache.layer(i);
        kv.key = kv.key * factor;
        kv.value = kv.value * factor;
        if (dropped) {
            kv.keep = at::ones({ 1, kv.key.size(1), kv.key.size(2) }, at::kBool);
            for (at::Tensor x : { kv.keep, kv.key, kv.value })
                x.narrow(2, 3, 7).zero_();
        }
        layers.push_back(kv);
    }
    return { cache.info(), layers };
}

NextTokenText tinyText(int shift = 0)
{
    std::vector<std::int64_t> ids = tinyGolden().integers("input_ids");
    for (std::int64_t& id : ids)
        id = (id + shift) % 300 + 3;
    return { "text " + std::to_string(shift), shift ? ids : tinyGolden().integers("input_ids"), kContext, nullptr };
}

std::shared_ptr<NextTokenSession> session(int texts, DType dtype = DType::F16, bool all = false)
{
    NextTokenSetup setup;
    setup.model = tinyModel();
    for (int i = 0; i < texts; ++i)
        setup.texts.push_back(tinyText(i * 17));
    setup.queries = 8;
    setup.dtype = dtype;
    setup.compressContinuation = all;
    return NextTokenSession::open(std::move(setup));
}

NextTokenMethod method(const char* spec)
{
    NextTokenMethod out;
    out.method = parseSpec(spec);
    return out;
}

} // namespace

class NextTokenTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void againstTransformers_data()
    {
        QTest::addColumn<QString>("kind");
        for (const char* kind : { "llama", "linear", "qwen2", "qwen3" })
            QTest::newRow(kind) << QString(kind);
    }
    void againstTransformers()
    {
        QFETCH(QString, kind);
        const ModelPtr model = openModel(testPath("model/tiny-" + kind + ".gguf").toStdString());
        const GoldenFile golden(testPath("model/tiny-" + kind + ".golden.safetensors"));
        const std::vector<std::int64_t> ids = golden.integers("input_ids");
        const std::span<const std::int64_t> rest = std::span(ids).subspan(kContext);
        const std::vector<std::int64_t> context(ids.begin(), ids.begin() + kContext);
        const CachePtr cache = captureCache({ model, context, 0, DType::F32 });
        const auto logits = [&](double factor, bool dropped) {
            const MemoryCache other = changed(*cache, factor, dropped);
            return model->llama().logits(hiddenAgainst(model->llama(), other, kContext, rest, {}));
        };
        QVERIFY(largestDifference(logits(1, false), golden.tensor("logits").narrow(0, kContext, 16)) < 1e-3);
        QVERIFY(largestDifference(logits(0.9, false), golden.tensor("scaled_logits")) < 1e-3);
        QVERIFY(largestDifference(logits(1, true), golden.tensor("dropped_logits")) < 1e-3);
    }

    void baselineIsTheModelsOwnLoss()
    {
        const auto s = session(1, DType::F32);
        const NextTokenResult result = s->baseline(5);
        const GoldenFile golden = tinyGolden();
        const at::Tensor expected = at::log_softmax(golden.tensor("logits"), -1);
        QCOMPARE(result.positions.size(), std::size_t { 15 });
        double sum = 0;
        for (const NextTokenPosition& p : result.positions) {
            const double loss = -expected[p.position][p.target].item<double>();
            QVERIFY(std::abs(p.loss - loss) < 1e-3);
            QCOMPARE(p.kl, 0.0);
            QCOMPARE(p.topOriginal, expected[p.position].argmax().item<std::int64_t>());
            QCOMPARE(p.top.size(), std::size_t { 5 });
            QCOMPARE(p.top.front().id, p.topOriginal);
            QVERIFY(
                std::is_sorted(p.top.begin(), p.top.end(), [](auto& a, auto& b) { return a.original > b.original; }));
            sum += loss;
        }
        QVERIFY(std::abs(result.summary.mean.loss - sum / 15) < 1e-3);
        QVERIFY(std::abs(result.summary.mean.perplexity - std::exp(sum / 15)) < 1e-2 * std::exp(sum / 15));
        QCOMPARE(result.summary.mean.agreement, 1.0);
    }

    void identityChangesNothing_data()
    {
        QTest::addColumn<int>("texts");
        QTest::addColumn<bool>("all");
        QTest::newRow("one text") << 1 << false;
        QTest::newRow("three texts") << 3 << false;
        QTest::newRow("continuation compressed") << 2 << true;
    }
    void identityChangesNothing()
    {
        QFETCH(int, texts);
        QFETCH(bool, all);
        const auto s = session(texts, DType::F16, all);
        NextTokenMethod identity = method("identity");
        for (const std::int64_t limit : { 0, 5 }) {
            identity.maxPositions = limit;
            const NextTokenResult result = s->run(identity);
            QCOMPARE(result.preview, limit > 0);
            QCOMPARE(result.summary.positions, texts * (limit ? limit : 15));
            QCOMPARE(result.summary.texts, texts);
            QCOMPARE(result.summary.mean.kl, 0.0);
            QCOMPARE(result.summary.mean.klMax, 0.0);
            QCOMPARE(result.summary.mean.agreement, 1.0);
            QCOMPARE(result.summary.mean.probabilityRms, 0.0);
            QCOMPARE(result.compressContinuation, all);
        }
        const NextTokenResult full = s->run(method("identity")), baseline = s->baseline(0);
        QCOMPARE(full.summary.mean.loss, baseline.summary.mean.loss);
        QCOMPARE(full.summary.mean.accuracy, baseline.summary.mean.accuracy);
        QVERIFY(full.storedBytes > full.originalBytes); // the header is counted
    }

    void coarserMeansFarther()
    {
        const auto s = session(3);
        NextTokenMethod fine = method("kivi:key_bits=8,value_bits=8,group_size=8,residual_length=0"),
                        coarse = method(kCoarse);
        coarse.topCount = 4;
        const NextTokenResult a = s->run(fine), b = s->run(coarse);
        QVERIFY(a.summary.mean.kl > 0 && a.summary.mean.kl < b.summary.mean.kl);
        QVERIFY(b.storedBytes < a.storedBytes && a.storedBytes < a.originalBytes);
        QVERIFY(b.summary.mean.klMedian <= b.summary.mean.kl99 && b.summary.mean.kl99 <= b.summary.mean.klMax);
        QVERIFY(b.summary.standardError.kl > 0);
        for (const NextTokenPosition& p : b.positions)
            for (const TokenProbability& t : p.top)
                if (t.id == p.target)
                    QVERIFY(std::abs(t.compressed - p.targetCompressed) < 1e-12);
        const NextTokenResult again = s->run(coarse);
        QCOMPARE(again.summary.mean.kl, b.summary.mean.kl);
        const EvaluationResult row = toEvaluation(b, "cpu");
        QCOMPARE(row.nextToken.kl, b.summary.mean.kl);
        QCOMPARE(row.storedBytes, b.storedBytes);
    }

    void greedy()
    {
        const auto s = session(1, DType::F32);
        const std::vector<std::int64_t> original = s->continueGreedy(0, nullptr, 8);
        const NextTokenMethod identity = method("identity");
        QCOMPARE(s->continueGreedy(0, &identity, 8), original);
        QVERIFY(!original.empty() && original.size() <= 8);
        // The first written token follows the first token behind the context.
        QCOMPARE(original.front(), tinyGolden().tensor("logits")[kContext].argmax().item<std::int64_t>());
        QCOMPARE(s->continueGreedy(0, nullptr, 1000).size() <= 128 - kContext - 1, true);
    }

    void aDumpsOwnRows()
    {
        const ModelPtr model = tinyModel();
        const CachePtr dump = captureCache({ model, tinyGolden().integers("input_ids"), 4, DType::F16 });
        NextTokenSetup setup;
        setup.model = model;
        setup.texts = { splitDump(*model, dump, 15) };
        QCOMPARE(setup.texts[0].context, kContext);
        const auto fromDump = NextTokenSession::open(setup);
        QCOMPARE(fromDump->contextCache(0)->info().seq(), kContext);
        for (int i = 0; i < dump->layerCount(); ++i) {
            const LayerKv whole = dump->layer(i), context = fromDump->contextCache(0)->layer(i);
            QVERIFY(at::equal(context.key, whole.key.narrow(2, 0, kContext)));
            QVERIFY(at::equal(context.value, whole.value.narrow(2, 0, kContext)));
        }
        // A session that computes the context by itself has the BLAS add in another order, so that rows differ by units
        // of f16 and a few of the coarse codes by one: a share of the divergence, not its size.
        const double a = fromDump->run(method(kCoarse)).summary.mean.kl,
                     b = session(1)->run(method(kCoarse)).summary.mean.kl;
        QVERIFY2(a > 0 && std::abs(a - b) < 0.05 * b, qPrintable(QString("%1 %2").arg(a).arg(b)));
        QVERIFY_THROWS_EXCEPTION(Error, splitDump(*model, dump, 39));
        const ModelPtr other = openModel(testPath("model/tiny-qwen2.gguf").toStdString());
        try {
            splitDump(*other, dump, 15);
            QFAIL("another model's dump was accepted");
        } catch (const Error& error) {
            QVERIFY2(QString(error.what()).contains("'tiny-llama'"), error.what());
        }
        setup.texts[0].tokens[2] += 1;
        QVERIFY_THROWS_EXCEPTION(Error, NextTokenSession::open(setup));
    }

    void splitsTexts()
    {
        const ModelPtr model = tinyModel();
        const std::string text = "the cat sat on the mat and the dog ran to the house";
        const NextTokenText split = splitText(*model, "a", text, 4, 3);
        QCOMPARE(split.tokens.size(), std::size_t { 8 });
        QCOMPARE(detokenize(*model, split.tokens), text.substr(0, detokenize(*model, split.tokens).size()));
        for (const auto& [context, predict] : { std::pair { 0, 3 }, { 4, 0 }, { 1000, 3 }, { 60, 60 } })
            QVERIFY_THROWS_EXCEPTION(Error, splitText(*model, "a", text, context, predict));
        QVERIFY_THROWS_EXCEPTION(Error, splitText(*model, "a", "", 1, 1));
        QVERIFY_THROWS_EXCEPTION(Error, splitText(*model, "a", "x\xFF", 1, 1));
        NextTokenSetup setup;
        setup.model = model;
        QVERIFY_THROWS_EXCEPTION(Error, NextTokenSession::open(setup));
        setup.texts = { { "a", { 5, 6 }, 1, nullptr } }; // nothing behind the first token after the context
        QVERIFY_THROWS_EXCEPTION(Error, NextTokenSession::open(setup));
    }

    /// Two texts of two positions each; the cluster sums are worked out by hand.
    void clusteredErrors()
    {
        const auto at = [](int text, int position, double kl) {
            NextTokenPosition p;
            p.text = text;
            p.position = position;
            p.kl = kl;
            return p;
        };
        const NextTokenSummary two = summarise({ at(0, 0, 1), at(0, 1, 2), at(1, 0, 4), at(1, 1, 9) });
        QCOMPARE(two.mean.kl, 4.0);
        QCOMPARE(two.standardError.kl, std::sqrt(2.0 * (25.0 + 25.0)) / 4); // residuals -5 and 5
        // A quarter of the samples of two texts, with means 1.5 and 6.5, is one of them twice.
        QCOMPARE(two.low.kl, 1.5);
        QCOMPARE(two.high.kl, 6.5);
        QVERIFY(std::isnan(two.low.klMedian));
        QCOMPARE(two.mean.klMedian, 3.0);
        QCOMPARE(two.mean.klMax, 9.0);
        const NextTokenSummary one = summarise({ at(0, 0, 1), at(0, 1, 3) });
        QCOMPARE(one.standardError.kl, std::sqrt(2.0 * 2.0) / 2); // sd / sqrt(n) with n - 1
        QVERIFY(std::isnan(one.low.kl) && std::isnan(one.high.kl)); // no sample of texts
        QVERIFY(std::isnan(summarise({}).mean.kl));
        const NextTokenSummary broken = summarise({ at(0, 0, kNoValue), at(0, 1, 1) });
        QVERIFY(std::isnan(broken.mean.kl) && std::isnan(broken.mean.klMax));
    }

    /// Percentiles as numpy.percentile gives them (linear interpolation), of the KL that each position carries.
    void percentilesOfThePositions()
    {
        std::vector<NextTokenPosition> positions(1001);
        for (std::size_t i = 0; i < positions.size(); ++i) {
            positions[i].position = std::int64_t(i);
            positions[i].kl = double((i * 5) % 1001); // 0 to 1000, shuffled
        }
        const NextTokenMetrics known = summarise(positions).mean;
        QCOMPARE(known.klMedian, 500.0);
        QCOMPARE(known.kl99, 990.0);
        QCOMPARE(known.kl999, 999.0);
        QCOMPARE(known.klMax, 1000.0);
        const NextTokenResult result = session(2)->run(method(kCoarse));
        std::vector<double> kl;
        for (const NextTokenPosition& p : result.positions)
            kl.push_back(p.kl);
        std::sort(kl.begin(), kl.end());
        QCOMPARE(kl.size(), std::size_t { 30 });
        const NextTokenMetrics& found = result.summary.mean;
        QVERIFY(std::abs(found.klMedian - (kl[14] + kl[15]) / 2) < 1e-12);
        QVERIFY(std::abs(found.kl99 - (kl[28] + 0.71 * (kl[29] - kl[28]))) < 1e-12); // 0.99 * 29 = 28.71
        QVERIFY(std::abs(found.kl999 - (kl[28] + 0.971 * (kl[29] - kl[28]))) < 1e-12);
        QCOMPARE(found.klMax, kl[29]);
        QCOMPARE(toEvaluation(result, "cpu").nextToken.kl99, found.kl99);
    }

    /// The control's cache holds the same rows, so all but rounding must agree; its order is another one, so rounding
    /// must not.
    void controlIsRoundingAlone_data()
    {
        QTest::addColumn<bool>("all");
        QTest::newRow("context") << false;
        QTest::newRow("continuation compressed") << true;
    }
    void controlIsRoundingAlone()
    {
        QFETCH(bool, all);
        const auto s = session(2, DType::F16, all);
        const NextTokenResult control = s->control(3), coarse = s->run(method(kCoarse));
        QVERIFY(control.control);
        QCOMPARE(control.summary.positions, 30);
        QCOMPARE(control.summary.mean.agreement, 1.0);
        QVERIFY2(control.summary.mean.klMax < 1e-6, qPrintable(QString::number(control.summary.mean.klMax)));
        QVERIFY(control.summary.mean.klMax < coarse.summary.mean.kl / 100);
        QCOMPARE(control.positions.front().top.size(), std::size_t { 3 });
        const NextTokenResult baseline = s->baseline(0);
        bool differs = false;
        for (std::size_t i = 0; i < 30; ++i) {
            QVERIFY(std::abs(control.positions[i].loss - baseline.positions[i].loss) < 1e-4);
            differs = differs || control.positions[i].loss != baseline.positions[i].loss;
        }
        QVERIFY(differs);
        const EvaluationResult row = toEvaluation(control, "cpu");
        QVERIFY(row.control && rowName(row) == "control");
        QCOMPARE(row.storedBytes, row.originalBytes);
    }

    /// Caches mixed here by hand, scored by the model directly.
    void sharesAreThoseOfMixedCaches()
    {
        const auto s = session(1);
        NextTokenMethod coarse = method(kCoarse);
        QVERIFY(std::isnan(s->run(coarse).summary.mean.klKeys));
        coarse.klShares = true;
        const NextTokenMetrics found = s->run(coarse).summary.mean;
        const CachePtr exact = s->contextCache(0);
        const JobControl job;
        const CodecContext codec { job };
        const auto decoded = RoundTrip(coarse.method, codec).whole(*exact, {});
        const Llama& llama = s->setup().model->llama();
        const auto rest = std::span(s->setup().texts[0].tokens).subspan(kContext, 15);
        const auto logs = [&](const KvCache& cache) {
            return at::log_softmax(llama.logits(hiddenAgainst(llama, cache, kContext, rest, {})), -1).to(at::kDouble);
        };
        const at::Tensor p = logs(*exact);
        const auto kl = [&](bool keys, bool values, bool first, bool second) {
            std::vector<LayerKv> layers;
            for (int i = 0; i < 2; ++i) {
                LayerKv kv = exact->layer(i);
                const bool here = i == 0 ? first : second;
                if (here && keys)
                    kv.key = decoded->layer(i).key;
                if (here && values)
                    kv.value = decoded->layer(i).value;
                layers.push_back(kv);
            }
            const at::Tensor q = logs(MemoryCache(exact->info(), layers));
            return (p.exp() * (p - q)).sum().item<double>() / 15;
        };
        const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-4 * b + 1e-7; };
        QVERIFY(close(found.kl, kl(true, true, true, true)));
        QVERIFY(close(found.klKeys, kl(true, false, true, true)));
        QVERIFY(close(found.klValues, kl(false, true, true, true)));
        QVERIFY(close(found.klFirst, kl(true, true, true, false)));
        QVERIFY(close(found.klMiddle, kl(true, true, false, true)));
        QCOMPARE(found.klLast, 0.0); // of two layers none is in the last third
        QVERIFY(found.klKeys > 0 && found.klValues > 0 && found.klKeys != found.klValues);
        coarse.maxPositions = 4; // a preview
        QVERIFY(std::isnan(s->run(coarse).summary.mean.klKeys));
    }

    void thirdsOfTheDepth()
    {
        for (int layers = 1; layers < 40; ++layers) {
            const auto shares = klShares(layers);
            QCOMPARE(shares.size(), std::size_t(5));
            for (int layer = 0; layer < layers; ++layer)
                for (int third = 0; third < 3; ++third) {
                    const DecodedPart& part = shares[std::size_t(2 + third)].part;
                    QCOMPARE(layer >= part.firstLayer && layer < part.endLayer, 3 * layer / layers == third);
                }
        }
    }

    /// A dropped token goes with the keys.
    void droppedTokensInMixedCaches()
    {
        const auto exact = std::make_shared<MemoryCache>(changed(*session(1)->contextCache(0), 1, false));
        const auto dropped = std::make_shared<MemoryCache>(changed(*exact, 1, true));
        const MixedCache keys(exact, dropped, { 0, 1, true, false }), values(exact, dropped, { 0, 2, false, true });
        QVERIFY(keys.hasKeep() && keys.layer(0).keep.defined() && !keys.layer(1).keep.defined());
        QVERIFY(at::equal(keys.layer(0).value, exact->layer(0).value));
        QVERIFY(!values.hasKeep() && !values.layer(0).keep.defined());
        QVERIFY(at::equal(values.layer(1).value, dropped->layer(1).value));
        QVERIFY(at::equal(values.layer(1).key, exact->layer(1).key));
    }

    void cancels()
    {
        std::stop_source stop;
        const auto s = session(1);
        stop.request_stop();
        try {
            s->run(method(kCoarse), JobControl(stop.get_token()));
            QFAIL("the job went on");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Cancelled);
        }
    }
};

PIKV_TEST(NextTokenTest)
#include "nexttoken_test.moc"
