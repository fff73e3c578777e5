// SPDX-License-Identifier: GPL-3.0-or-later
// A method registered by its file alone is a method like any other.
#include "core/base/error.h"
#include "core/dumps/dumps.h"
#include "core/eval/evaluator.h"
#include "core/study/study.h"
#include "testcache.h"
#include "testmain.h"
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class ExampleMethodTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void specsKnowIt()
    {
        QCOMPARE(expandSpec("truncate:channels=[16,32,48]").size(), std::size_t(3));
        QVERIFY_EXCEPTION_THROWN(parseSpec("truncate:channels=0"), Error);
    }

    void bytesFollowTheParameter()
    {
        const auto whole = evaluated("truncate:channels=64"), half = evaluated("truncate:channels=32");
        QCOMPARE(whole.quality.keyMse, 0.0);
        QVERIFY(half.quality.keyNmse > 0.1 && half.quality.valueNmse > 0.1);
        // 2 layers x key and value x 2 heads x 40 tokens x 32 channels x 2 bytes less; the headers are nearly the same.
        const auto saved = std::int64_t(whole.storedBytes) - std::int64_t(half.storedBytes);
        QVERIFY(std::abs(saved - 2 * 2 * 2 * 40 * 32 * 2) < 64);
    }

    void itsFileDecodes()
    {
        const QTemporaryDir dir;
        const auto path = dir.filePath("x.pikv").toStdString();
        const auto cache = pikvtest::makeCache();
        Study(cache).compress(parseSpec("truncate:channels=8"), path);
        const auto original = cache->layer(1).key, back = openCache(path)->layer(1).key;
        QVERIFY(back.narrow(3, 0, 8).equal(original.narrow(3, 0, 8)));
        QCOMPARE(back.narrow(3, 8, 56).abs().max().item<float>(), 0.0f);
    }

private:
    static EvaluationResult evaluated(const char* spec)
    {
        EvaluationRequest request;
        request.cache = pikvtest::makeCache();
        request.method = parseSpec(spec);
        return evaluate(request);
    }
};

PIKV_TEST(ExampleMethodTest)
#include "examplemethod_test.moc"
