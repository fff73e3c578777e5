// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/groupquant.h"
#include "core/base/half.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <hwy/highway.h>
#include <hwy/targets.h>
#include <limits>
#include <random>
#include <vector>

using namespace pikv;

struct Coded {
    std::vector<std::uint16_t> scales, minima;
    std::vector<std::uint8_t> codes;
    std::vector<float> back;
};

class TestGroupQuant : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreesWithTheFormula_data();
    void agreesWithTheFormula();
    void everyTargetGivesTheSameBytes();
    void equalValuesAreExact();
    void nonFiniteGetsLegalCodes();
};

static std::vector<float> noise(std::size_t n, unsigned seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(n);
    for (std::size_t i = 0; i < n; ++i)
        values[i] = normal(engine) * float(1 + i % 5);
    return values;
}

static Coded channels(const std::vector<float>& rows, std::size_t tokens, std::size_t dim, int bits)
{
    Coded c { std::vector<std::uint16_t>(dim), std::vector<std::uint16_t>(dim), std::vector<std::uint8_t>(rows.size()),
        std::vector<float>(rows.size()) };
    quantiseChannels(rows.data(), tokens, dim, bits, c.scales.data(), c.minima.data(), c.codes.data());
    dequantiseChannels(c.codes.data(), tokens, dim, c.scales.data(), c.minima.data(), c.back.data());
    return c;
}

void TestGroupQuant::agreesWithTheFormula_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("tokens");
    QTest::addColumn<int>("dim");
    for (int bits : { 1, 2, 3, 4, 8 })
        for (auto [tokens, dim] : { std::pair(32, 64), std::pair(1, 3), std::pair(17, 37), std::pair(8, 1030) })
            QTest::addRow("%d bits, %d x %d", bits, tokens, dim) << bits << tokens << dim;
}

/// The formula in plain code, channel by channel, and the same values as groups in a row.
void TestGroupQuant::agreesWithTheFormula()
{
    QFETCH(int, bits);
    QFETCH(int, tokens);
    QFETCH(int, dim);
    const auto rows = noise(std::size_t(tokens * dim), unsigned(bits));
    const Coded c = channels(rows, std::size_t(tokens), std::size_t(dim), bits);
    const int top = (1 << bits) - 1;
    for (int d = 0; d < dim; ++d) {
        std::vector<float> column;
        for (int t = 0; t < tokens; ++t)
            column.push_back(rows[std::size_t(t * dim + d)]);
        const auto [low, high] = std::minmax_element(column.begin(), column.end());
        const float scale = halfToFloat(floatToHalf((*high - *low) / float(top))), minimum = halfToFloat(floatToHalf(*low));
        QCOMPARE(halfToFloat(c.scales[std::size_t(d)]), scale);
        QCOMPARE(halfToFloat(c.minima[std::size_t(d)]), minimum);
        std::uint16_t groupScale, groupMinimum;
        std::vector<std::uint8_t> groupCodes(column.size());
        quantiseGroup(column.data(), column.size(), bits, groupScale, groupMinimum, groupCodes.data());
        for (int t = 0; t < tokens; ++t) {
            const float x = column[std::size_t(t)];
            const float level = scale > 0 ? std::nearbyint((x - minimum) * (1.0f / scale)) : 0.0f;
            const int expected = int(std::clamp(level, 0.0f, float(top)));
            const std::size_t at = std::size_t(t * dim + d);
            QCOMPARE(int(c.codes[at]), expected);
            QCOMPARE(groupCodes[std::size_t(t)], c.codes[at]);
            QCOMPARE(c.back[at], float(expected) * scale + minimum);
            // Half a step, and what rounding scale and minimum to f16 adds at the far end.
            QVERIFY(std::abs(c.back[at] - x) <= scale / 2 + std::abs(minimum) * 1e-3f + scale * float(top) * 1e-3f + 1e-6f);
        }
    }
}

void TestGroupQuant::everyTargetGivesTheSameBytes()
{
    const auto rows = noise(32 * 72, 9);
    const auto best = channels(rows, 32, 72, 3);
    int tried = 0;
    for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
        hwy::SetSupportedTargetsForTest(targets & -targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        const auto other = channels(rows, 32, 72, 3);
        QVERIFY(other.codes == best.codes && other.scales == best.scales && other.minima == best.minima);
        QVERIFY(other.back == best.back);
        ++tried;
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    QVERIFY(tried >= 1);
}

void TestGroupQuant::equalValuesAreExact()
{
    const std::vector<float> rows(32 * 16, 0.75f);
    const Coded c = channels(rows, 32, 16, 2);
    QVERIFY(c.back == rows);
}

void TestGroupQuant::nonFiniteGetsLegalCodes()
{
    auto rows = noise(32 * 20, 5);
    rows[3] = std::numeric_limits<float>::quiet_NaN();
    rows[25] = std::numeric_limits<float>::infinity();
    rows[47] = -std::numeric_limits<float>::infinity();
    const Coded c = channels(rows, 32, 20, 2);
    QVERIFY(std::all_of(c.codes.begin(), c.codes.end(), [](std::uint8_t code) { return code <= 3; }));
}

PIKV_TEST(TestGroupQuant)
#include "groupquant_test.moc"
