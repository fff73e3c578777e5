// SPDX-License-Identifier: GPL-3.0-or-later
// lora_plus: tiers by importance, and the rules of its lists.
#include "core/codec/methods/lora/ranktiers.h"
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class LoraPlusTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tiersFollowTheQuantiles()
    {
        // Quantiles are (place + 1/2) / 10: thresholds cut after the third and the seventh token, whatever the scale.
        at::Tensor score = at::empty({ 1, 10 }, at::kFloat);
        for (int i = 0; i < 10; ++i)
            score[0][i] = std::pow(10.0f, float(i));
        const RankTiers tiers = RankTiers::byScore(score, { 0.3, 0.7 });
        QCOMPARE(tiers.size(0), std::int64_t(3));
        QCOMPARE(tiers.size(1), std::int64_t(4));
        QCOMPARE(tiers.size(2), std::int64_t(3));
        const std::vector<std::int64_t> order { 7, 8, 9, 3, 4, 5, 6, 0, 1, 2 };
        QVERIFY(tiers.order() == order);
        const std::vector<std::int64_t> counts { 10, 7, 7, 3 };
        QVERIFY(tiers.counts({ 1, 3, 4 }) == counts);
        QVERIFY(RankTiers::unpack(tiers.pack(), 10, 3).order() == order);
        QCOMPARE(tiers.pack().size(), std::size_t(3)); // 2 bits a token
    }

    void equalScoresShareATier()
    {
        const RankTiers tiers = RankTiers::byScore(at::full({ 2, 8 }, 0.4f), { 0.3, 0.7 });
        QCOMPARE(tiers.size(1), std::int64_t(16));
    }

    void importanceMovesTheError()
    {
        const CachePtr cache = generateCache(smallCache());
        const at::Tensor rising = (at::arange(96, at::kFloat) / 96).unsqueeze(0), falling = rising.flip(1);
        const auto error = [&](const at::Tensor& weights, std::int64_t first, std::int64_t count) {
            const auto decoded
                = decode(encode(*makeCompressor(parseSpec("lora_plus:ranks=[2,8,24],alpha=0")), *cache, weights));
            double sum = 0;
            for (int i = 0; i < cache->layerCount(); ++i)
                for (const bool keys : { false, true }) {
                    const LayerKv a = cache->layer(i), b = decoded->layer(i);
                    sum += relativeError((keys ? a.key : a.value).narrow(2, first, count),
                        (keys ? b.key : b.value).narrow(2, first, count));
                }
            return sum;
        };
        QVERIFY(error(rising, 70, 26) < 0.5 * error(falling, 70, 26));
        QVERIFY(error(rising, 4, 24) > 2 * error(falling, 4, 24));
    }

    void errorFallsWithTheRanks()
    {
        EvaluationRequest request;
        request.cache = generateCache(smallCache());
        double keys = 2, values = 2;
        for (const char* ranks : { "[1,2,4]", "[2,4,8]", "[4,8,16]", "[8,16,32]" }) {
            request.method = parseSpec(std::string("lora_plus:ranks=") + ranks);
            const EvaluationResult result = evaluate(request);
            QVERIFY2(result.quality.keyNmse < keys && result.quality.valueNmse < values, ranks);
            keys = result.quality.keyNmse;
            values = result.quality.valueNmse;
        }
    }

    void tiersCostLessThanTheirTopRank()
    {
        EvaluationRequest request;
        request.cache = generateCache(smallCache());
        request.method = parseSpec("lora_plus");
        const EvaluationResult tiered = evaluate(request);
        request.method = parseSpec("lora:rank=16");
        const EvaluationResult flat = evaluate(request);
        QVERIFY(tiered.storedBytes < flat.storedBytes);
        request.method = parseSpec("lora:rank=4");
        QVERIFY(tiered.quality.valueNmse < evaluate(request).quality.valueNmse);
    }

    void listsThatBreakTheRulesAreRefused_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<QString>("named");
        QTest::newRow("descending ranks") << "lora_plus:ranks=[16,8,4]"
                                          << "must ascend";
        QTest::newRow("equal ranks") << "lora_plus:ranks=[4,4,16]"
                                     << "must ascend";
        QTest::newRow("too few thresholds") << "lora_plus:thresholds=[0.3]"
                                            << "3 ranks need 2 thresholds";
        QTest::newRow("too few ranks") << "lora_plus:ranks=[4,8]"
                                       << "2 ranks need 1 thresholds";
        QTest::newRow("descending thresholds") << "lora_plus:thresholds=[0.7,0.3]"
                                               << "between 0 and 1";
        QTest::newRow("threshold at 1") << "lora_plus:thresholds=[0.3,1]"
                                        << "between 0 and 1";
        QTest::newRow("rank beyond the shape") << "lora_plus:ranks=[4,8,65]"
                                               << "= 64";
    }
    void listsThatBreakTheRulesAreRefused()
    {
        QFETCH(QString, spec);
        QFETCH(QString, named);
        QString reason;
        QVERIFY(!accepted(spec.toStdString(), generateCache(smallCache())->info(), reason));
        QVERIFY2(reason.contains(named), qPrintable(reason));
    }
};

PIKV_TEST(LoraPlusTest)
#include "loraplus_test.moc"
