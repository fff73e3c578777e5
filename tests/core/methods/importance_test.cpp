// SPDX-License-Identifier: GPL-3.0-or-later
// Importance moves error from the tokens that matter to those that do not, in every one of the six methods.
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/full.h>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class ImportanceTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void movesTheError_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<double>("atMost"); // of the important tokens' error without importance
        QTest::newRow("lora") << "lora:rank=4" << 0.8;
        QTest::newRow("lora_plus") << "lora_plus:ranks=[2,4,16]" << 0.8;
        QTest::newRow("pyramid") << "pyramid:compression_ratio=0.25" << 0.5;
        QTest::newRow("fastv") << "fastv:num_centroids=8,subvector=4" << 0.8;
        QTest::newRow("fastvideo") << "fastvideo:compression_ratio=0.25" << 0.5;
        QTest::newRow("minillm") << "minillm:student_size=8" << 0.8;
    }
    void movesTheError()
    {
        QFETCH(QString, spec);
        QFETCH(double, atMost);
        const CachePtr cache = generateCache(smallCache());
        at::Tensor importance = at::full({ 1, 96 }, 0.02f);
        importance.narrow(1, 40, 12).fill_(1.0f);
        const auto method = makeCompressor(parseSpec(spec.toStdString()));
        const EncodedCache plain = encode(*method, *cache), steered = encode(*method, *cache, importance);
        const auto error = [&](const EncodedCache& encoded, std::int64_t first, std::int64_t count) {
            const auto decoded = decode(encoded);
            double sum = 0;
            for (int i = 0; i < cache->layerCount(); ++i) {
                const LayerKv x = cache->layer(i), y = decoded->layer(i);
                sum += relativeError(x.key.narrow(2, first, count), y.key.narrow(2, first, count))
                    + relativeError(x.value.narrow(2, first, count), y.value.narrow(2, first, count));
            }
            return sum;
        };
        const double before = error(plain, 40, 12), after = error(steered, 40, 12);
        QVERIFY2(after < atMost * before, qPrintable(QString("%1 of it").arg(after / before)));
        QVERIFY(error(steered, 52, 44) > error(plain, 52, 44));
        // What decode needs of it is in the file; the rest has the size it had.
        QVERIFY(double(steered.fileBytes()) < 1.1 * double(plain.fileBytes()));
    }
};

PIKV_TEST(ImportanceTest)
#include "importance_test.moc"
