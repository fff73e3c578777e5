// SPDX-License-Identifier: GPL-3.0-or-later
// The coefficients' codes that pyramid, lora and lora_plus store: whole runs, parts of runs, and runs cut short.
#include "core/base/error.h"
#include "core/codec/parts/coefficientcoder.h"
#include "methodcases.h"
#include "testmain.h"
#include <QTest>
#include <algorithm>
#include <random>

using namespace pikv;
using namespace pikvtest;

class CoefficientsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void partsAreTheWhole_data()
    {
        // The least error of a uniform quantiser on normal numbers: Max, Quantizing for Minimum Distortion, 1960, table
        // II; that of 8 bits is not in it, and was computed the same way.
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("least");
        QTest::newRow("1 bit") << 1 << 0.3634;
        QTest::newRow("2 bits") << 2 << 0.1188;
        QTest::newRow("3 bits") << 3 << 0.03744;
        QTest::newRow("4 bits") << 4 << 0.01154;
        QTest::newRow("5 bits") << 5 << 0.003495;
        QTest::newRow("8 bits") << 8 << 8.77e-5;
        QTest::newRow("half") << 16 << 1e-7;
    }
    void partsAreTheWhole()
    {
        QFETCH(int, bits);
        QFETCH(double, least);
        constexpr std::int64_t count = 2500;
        std::mt19937 engine(9);
        std::normal_distribution<float> normal;
        std::vector<float> values(count), whole(count), parts(count);
        std::generate(values.begin(), values.end(), [&] { return normal(engine); });
        Bytes bytes { std::byte(1), std::byte(2), std::byte(3) }; // of whatever lies before
        encodeCoefficients(values.data(), count, bits, bytes);
        QCOMPARE(bytes.size(), 3 + coefficientBytes(bits, count));

        std::size_t at = 3;
        decodeCoefficients(bytes, at, bits, whole.data(), count);
        QCOMPARE(at, bytes.size());
        double error = 0, energy = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            error += (values[i] - whole[i]) * (values[i] - whole[i]);
            energy += values[i] * values[i];
        }
        QVERIFY2(error < 1.5 * least * energy, qPrintable(QString::number(error / energy)));

        for (std::int64_t first = 0; first < count; first += 1032) // a multiple of 8, and none of a block's size
            decodeCoefficientsFrom(ByteSpan(bytes).subspan(3), first, bits, parts.data() + first,
                std::min<std::int64_t>(1032, count - first));
        QVERIFY(parts == whole);

        bytes.pop_back();
        at = 3;
        QVERIFY_THROWS_EXCEPTION(Error, decodeCoefficients(bytes, at, bits, whole.data(), count));
        QVERIFY_THROWS_EXCEPTION(
            Error, decodeCoefficientsFrom(ByteSpan(bytes).subspan(3), 2496, bits, parts.data(), 4));
    }

    void pyramidRebuildsEveryBlockOfALongLevel()
    {
        GenerateOptions options = smallCache();
        options.seq = 3000; // the levels are read in blocks of 512 tokens
        const CachePtr cache = generateCache(options);
        const auto decoded
            = decode(encode(*makeCompressor(parseSpec("pyramid:compression_ratio=0.5,num_levels=2")), *cache));
        const at::Tensor& value = cache->layer(0).value;
        const double all = relativeError(value, decoded->layer(0).value);
        QVERIFY(all < 0.05);
        for (std::int64_t first = 0; first < 3000; first += 100) {
            const double error
                = relativeError(value.narrow(2, first, 100), decoded->layer(0).value.narrow(2, first, 100));
            QVERIFY2(error < 3 * all + 1e-6, qPrintable(QStringLiteral("%1: %2 of %3").arg(first).arg(error).arg(all)));
        }
    }
};

PIKV_TEST(CoefficientsTest)
#include "coefficients_test.moc"
