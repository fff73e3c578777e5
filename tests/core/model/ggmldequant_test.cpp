// SPDX-License-Identifier: GPL-3.0-or-later
// Golden numbers: the blocks b[i] = (37 i + 11) mod 256 with fixed scales, decoded by llama.cpp's own code.
#include "core/base/half.h"
#include "core/kernels/ggmldequant.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <numeric>
#include <utility>

using namespace pikv;
using Golden = std::vector<std::pair<int, double>>;
Q_DECLARE_METATYPE(Golden)

namespace {
void put(Bytes& block, std::size_t at, std::uint16_t value)
{
    block[at] = std::byte(value & 0xFFU);
    block[at + 1] = std::byte(value >> 8U);
}

Bytes testBlock(GgmlType type)
{
    Bytes block(static_cast<std::size_t>(ggmlTypeInfo(type).blockBytes));
    for (std::size_t i = 0; i < block.size(); ++i)
        block[i] = std::byte((37 * i + 11) % 256);
    put(block, type == GgmlType::Q6_K ? 208 : 0, 0x2E66); // 0.1
    if (type == GgmlType::Q4_1 || type == GgmlType::Q5_1)
        put(block, 2, 0xB266); // -0.2
    if (type == GgmlType::Q4_K || type == GgmlType::Q5_K)
        put(block, 2, 0x3266); // 0.2
    return block;
}
}

class GgmlDequantTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void blocks_data()
    {
        QTest::addColumn<quint32>("type");
        QTest::addColumn<Golden>("golden");
        QTest::addColumn<double>("sum");
        const auto row = [](const char* name, GgmlType type, const Golden& golden, double sum) {
            QTest::newRow(name) << quint32(type) << golden << sum;
        };
        row("Q4_0", GgmlType::Q4_0,
            { { 0, -0.299927 }, { 1, 0.199951 }, { 2, 0.699829 }, { 15, -0.799805 }, { 16, -0.299927 }, { 31, 0 } },
            -2.09949);
        row("Q4_1", GgmlType::Q4_1,
            { { 0, 1.29968 }, { 1, 0.199951 }, { 2, 0.699829 }, { 15, 0.799805 }, { 16, 0.699829 }, { 31, 0.999756 } },
            18.0956);
        row("Q5_0", GgmlType::Q5_0,
            { { 0, 0.89978 }, { 1, -0.199951 }, { 2, 0.299927 }, { 15, -1.19971 }, { 16, 1.39966 }, { 31, 0.0999756 } },
            1.49963);
        row("Q5_1", GgmlType::Q5_1,
            { { 0, 1.69958 }, { 1, 2.19946 }, { 2, 2.69934 }, { 15, 2.79932 }, { 16, 1.69958 }, { 31, 0.299927 } },
            44.0892);
        row("Q8_0", GgmlType::Q8_0,
            { { 0, 8.49792 }, { 1, 12.197 }, { 2, -9.69763 }, { 15, -12.7969 }, { 16, -9.09778 }, { 31, -4.79883 } },
            -17.5957);
        row("Q4_K", GgmlType::Q4_K,
            { { 0, 23.8942 }, { 1, -10.1975 }, { 31, 8.39795 }, { 32, -2.79932 }, { 63, 0.399902 }, { 64, 32.892 },
                { 127, 2.99927 }, { 128, 40.4901 }, { 200, 11.2972 }, { 255, -0.399902 } },
            4175.78);
        row("Q5_K", GgmlType::Q5_K,
            { { 0, 73.4821 }, { 1, -10.1975 }, { 31, 8.39795 }, { 32, 7.59814 }, { 63, 4.39893 }, { 64, 32.892 },
                { 127, -5.39868 }, { 128, 102.875 }, { 200, 11.2972 }, { 255, 5.59863 } },
            10351.9);
        row("Q6_K", GgmlType::Q6_K,
            { { 0, -143.065 }, { 1, 169.559 }, { 31, -9.59766 }, { 32, 23.0944 }, { 63, -57.9858 }, { 64, -303.926 },
                { 127, 149.963 }, { 128, -35.0914 }, { 200, 108.873 }, { 255, -5.99854 } },
            461.087);
    }
    void blocks()
    {
        QFETCH(quint32, type);
        QFETCH(Golden, golden);
        QFETCH(double, sum);
        const auto info = ggmlTypeInfo(type);
        QVERIFY(info);
        QCOMPARE(info->name, std::string_view(QTest::currentDataTag()));
        Bytes two = testBlock(info->type); // the second block at another offset gives the same values
        const Bytes once = two;
        two.insert(two.end(), once.begin(), once.end());
        const auto count = static_cast<std::size_t>(info->blockElements);
        std::vector<float> out(2 * count);
        ggmlDequantise(info->type, two, out);
        for (const auto& [index, value] : golden) {
            QVERIFY2(std::abs(double(out[std::size_t(index)]) - value) <= 1e-4 * std::abs(value) + 1e-6,
                qPrintable(QString("y[%1] is %2, not %3").arg(index).arg(double(out[std::size_t(index)])).arg(value)));
            QCOMPARE(out[std::size_t(index) + count], out[std::size_t(index)]);
        }
        const double total = std::accumulate(out.begin(), out.begin() + std::ptrdiff_t(count), 0.0);
        QVERIFY2(std::abs(total - sum) <= 1e-4 * std::abs(sum), qPrintable(QString::number(total)));
    }

    void plainTypes()
    {
        Bytes f16, bf16, f32;
        for (const std::uint16_t bits : { 0x3C00, 0xC000, 0x0001, 0x7C00 })
            appendLe(f16, bits);
        for (const std::uint16_t bits : { 0x3F80, 0xC000 })
            appendLe(bf16, bits);
        appendLe(f32, 0.1F);
        std::vector<float> out(4);
        ggmlDequantise(GgmlType::F16, f16, out);
        QCOMPARE(out, (std::vector<float> { 1, -2, std::ldexp(1.F, -24), std::numeric_limits<float>::infinity() }));
        out.resize(2);
        ggmlDequantise(GgmlType::BF16, bf16, out);
        QCOMPARE(out, (std::vector<float> { 1, -2 }));
        out.resize(1);
        ggmlDequantise(GgmlType::F32, f32, out);
        QCOMPARE(out.front(), 0.1F);
    }

    void everyHalfIsExact()
    {
        for (int bits = 0; bits < 0x10000; ++bits) {
            const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
            const float value = halfToFloat(static_cast<std::uint16_t>(bits));
            const float sign = bits & 0x8000 ? -1.F : 1.F;
            if (exponent == 31) {
                QVERIFY(mantissa ? std::isnan(value) : value == sign * std::numeric_limits<float>::infinity());
                continue;
            }
            const float expected
                = exponent == 0 ? std::ldexp(float(mantissa), -24) : std::ldexp(float(1024 + mantissa), exponent - 25);
            QCOMPARE(value, sign * expected);
            QCOMPARE(std::signbit(value), sign < 0);
        }
    }

    void refusesWrongSizes()
    {
        std::vector<float> out(32);
        const Bytes block(34);
        ggmlDequantise(GgmlType::Q8_0, block, out);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ggmlDequantise(GgmlType::Q4_0, block, out));
        out.resize(31);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ggmlDequantise(GgmlType::Q8_0, block, out));
        QVERIFY(!ggmlTypeInfo(10));
        QVERIFY(!ggmlTypeInfo(9999));
    }
};

PIKV_TEST(GgmlDequantTest)
#include "ggmldequant_test.moc"
