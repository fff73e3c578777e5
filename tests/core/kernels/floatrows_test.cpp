// SPDX-License-Identifier: GPL-3.0-or-later
// Conversions against LibTorch's own, on every half and on the edges of rounding; every SIMD target gives the same
// bits.
#include "core/base/half.h"
#include "core/kernels/floatrows.h"
#include "testmain.h"
#include <QTest>
#include <bit>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace pikv;

class TestFloatRows : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyHalfIsExact();
    void floatsRoundAsTorchDoes();
    void largeValuesStayFinite();
    void unalignedSourcesWork();
};

static std::vector<float> samples()
{
    std::vector<float> values { 0.0f, -0.0f, 65504.0f, 65519.0f, -65519.0f, 6.1e-5f, 5.96e-8f, 2.98e-8f, 2.99e-8f,
        1e-9f, 0.1f, 1.0009766f, 1.0004883f, 1.0014648f };
    std::mt19937 engine(3);
    for (int i = 0; i < 100000; ++i) {
        const float v = std::bit_cast<float>(std::uint32_t(engine()));
        if (std::isfinite(v) && std::abs(v) < 65500.0f)
            values.push_back(v);
    }
    std::normal_distribution<float> normal;
    for (int i = 0; i < 50000; ++i)
        values.push_back(normal(engine));
    return values;
}

void TestFloatRows::everyHalfIsExact()
{
    std::vector<std::uint16_t> halves(65536);
    for (std::size_t i = 0; i < halves.size(); ++i)
        halves[i] = std::uint16_t(i);
    std::vector<float> floats(halves.size());
    toFloats(halves.data(), DType::F16, halves.size(), floats.data());
    for (std::size_t i = 0; i < halves.size(); ++i) {
        const float expected = float(c10::Half(halves[i], c10::Half::from_bits()));
        QVERIFY(std::isnan(expected) ? std::isnan(floats[i]) : floats[i] == expected);
    }
    toFloats(halves.data(), DType::BF16, halves.size(), floats.data());
    for (std::size_t i = 0; i < halves.size(); ++i)
        QCOMPARE(std::bit_cast<std::uint32_t>(floats[i]), std::uint32_t(i) << 16);
}

void TestFloatRows::floatsRoundAsTorchDoes()
{
    const std::vector<float> values = samples();
    std::vector<std::uint16_t> halves(values.size()), bfloats(values.size());
    fromFloats(values.data(), DType::F16, values.size(), halves.data());
    fromFloats(values.data(), DType::BF16, values.size(), bfloats.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint16_t expected = std::min<float>(std::abs(values[i]), 65504.0f) == std::abs(values[i])
            ? c10::Half(values[i]).x
            : std::uint16_t(values[i] < 0 ? 0xFBFF : 0x7BFF);
        QVERIFY2(halves[i] == expected, qPrintable(QString::number(double(values[i]), 'g', 9)));
        QCOMPARE(floatToHalf(values[i]), expected);
        QCOMPARE(bfloats[i], c10::BFloat16(values[i]).x);
    }
}

void TestFloatRows::largeValuesStayFinite()
{
    const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> values(40, 1e30f);
    values[1] = -1e30f;
    values[2] = infinity;
    values[3] = nan;
    values[38] = infinity;
    values[39] = nan;
    std::vector<std::uint16_t> halves(values.size());
    fromFloats(values.data(), DType::F16, values.size(), halves.data());
    QCOMPARE(halves[0], std::uint16_t(0x7BFF));
    QCOMPARE(halves[1], std::uint16_t(0xFBFF));
    for (std::size_t i : { 2, 38 })
        QCOMPARE(halves[i], std::uint16_t(0x7C00));
    for (std::size_t i : { 3, 39 })
        QVERIFY(std::isnan(halfToFloat(halves[i])));
}

void TestFloatRows::unalignedSourcesWork()
{
    std::vector<std::uint8_t> bytes(2 * 33 + 1, 0);
    for (std::size_t i = 0; i < 33; ++i)
        bytes[1 + 2 * i + 1] = 0x3C; // 1.0
    std::vector<float> floats(33);
    toFloats(bytes.data() + 1, DType::F16, 33, floats.data());
    QVERIFY(std::all_of(floats.begin(), floats.end(), [](float f) { return f == 1.0f; }));
}

PIKV_TEST(TestFloatRows)
#include "floatrows_test.moc"
