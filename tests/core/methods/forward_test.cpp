// SPDX-License-Identifier: GPL-3.0-or-later
// The seed's forward(keys, values, importance) for every registered method.
#include "core/codec/seedforward.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/full.h>
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class ForwardTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyMethodAnswers_data() { acceptingMethodRows(); }
    void everyMethodAnswers()
    {
        QFETCH(QString, method);
        const at::Tensor keys = tokens(1), values = tokens(2), importance = at::full({ 2, 80 }, 0.5f);
        LayerKv layer;
        layer.key = keys.unsqueeze(1);
        layer.value = values.unsqueeze(1);
        const auto compressor = fitting(method, MemoryCache({}, { layer }).info());
        const ForwardResult result = forward(*compressor, keys, values, importance);
        QCOMPARE(result.keys.sizes(), keys.sizes());
        QCOMPARE(result.keys.scalar_type(), keys.scalar_type());
        QVERIFY(relativeError(keys, result.keys) < 1 && relativeError(values, result.values) < 1);
        const double original = 2.0 * 2 * 80 * 64 * 2, stored = result.stats.at("stored_bytes");
        QCOMPARE(result.stats.at("original_bytes"), original);
        QCOMPARE(stored, double(encode(*compressor, MemoryCache({}, { layer }), importance).fileBytes()));
        QCOMPARE(result.stats.at("compression_ratio"), stored / original);
        QCOMPARE(result.stats.at("memory_reduction"), 1 - stored / original);
        QCOMPARE(result.params, printParams(compressor->spec()));
    }

    void wrongShapesAreRefused()
    {
        const auto method = makeCompressor(parseSpec("identity"));
        const at::Tensor x = tokens(1);
        QVERIFY_EXCEPTION_THROWN(forward(*method, x.unsqueeze(1), x), Error);
        QVERIFY_EXCEPTION_THROWN(forward(*method, x, x.narrow(1, 0, 5)), Error);
        QVERIFY_EXCEPTION_THROWN(forward(*method, x, x, at::full({ 2, 79 }, 0.5f)), Error);
        QVERIFY_EXCEPTION_THROWN(forward(*method, x, {}), Error);
        QVERIFY_EXCEPTION_THROWN(forward(*method, x.to(at::kInt), x), Error);
    }

private:
    static at::Tensor tokens(std::uint64_t seed)
    {
        GenerateOptions options = smallCache();
        options.layers = options.kvHeads = 1;
        options.batch = 2;
        options.seq = 80;
        options.headDim = 64;
        options.dtype = DType::F32;
        options.seed = seed;
        return generateCache(options)->layer(0).value.squeeze(1);
    }
};

PIKV_TEST(ForwardTest)
#include "forward_test.moc"
