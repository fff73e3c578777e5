// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/half.h"
#include "core/kernels/groupquant.h"
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
    void everyTargetGivesTheSameBytes_data();
    void everyTargetGivesTheSameBytes();
    void equalValuesAreExact();
    void nonFiniteSparesItsNeighbours_data();
    void nonFiniteSparesItsNeighbours();
    void widestFloatsStayFinite();
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

/// All of `values` as one group in a row.
static Coded group(const std::vector<float>& values, int bits)
{
    Coded c { { 0 }, { 0 }, std::vector<std::uint8_t>(values.size()), std::vector<float>(values.size()) };
    quantiseGroup(values.data(), values.size(), bits, c.scales[0], c.minima[0], c.codes.data());
    dequantiseGroup(c.codes.data(), values.size(), c.scales[0], c.minima[0], c.back.data());
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
        const float scale = halfToFloat(floatToHalf((*high - *low) / float(top))),
                    minimum = halfToFloat(floatToHalf(*low));
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
            QVERIFY(
                std::abs(c.back[at] - x) <= scale / 2 + std::abs(minimum) * 1e-3f + scale * float(top) * 1e-3f + 1e-6f);
        }
    }
}

static const float infinity = std::numeric_limits<float>::infinity(),
                   quietNan = std::numeric_limits<float>::quiet_NaN();

void TestGroupQuant::everyTargetGivesTheSameBytes_data()
{
    QTest::addColumn<std::vector<float>>("special");
    QTest::newRow("finite") << std::vector<float> {};
    QTest::newRow("NaN of both signs") << std::vector<float> { quietNan, -quietNan };
    QTest::newRow("infinities") << std::vector<float> { infinity, -infinity };
    QTest::newRow("zeros of both signs") << std::vector<float>(32 * 76 / 2, -0.0f);
}

/// 76 channels: whole vectors of every target's width and a rest.
void TestGroupQuant::everyTargetGivesTheSameBytes()
{
    QFETCH(std::vector<float>, special);
    auto rows = special.size() > 2 ? std::vector<float>(32 * 76, 0.0f) : noise(32 * 76, 9);
    for (std::size_t i = 0; i < special.size(); ++i) // in the first, middle and last channels, at early and late tokens
        for (std::size_t at : { 2 * i, 32 * 38 + 3 * i, rows.size() - 1 - 2 * i })
            rows[at % rows.size()] = special[i];
    const auto best = channels(rows, 32, 76, 3);
    const auto bestGroup = group(rows, 3);
    int tried = 0;
    for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
        hwy::SetSupportedTargetsForTest(targets & -targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        const auto other = channels(rows, 32, 76, 3);
        QVERIFY(other.codes == best.codes && other.scales == best.scales && other.minima == best.minima);
        QVERIFY(other.back == best.back);
        const auto otherGroup = group(rows, 3);
        QVERIFY(otherGroup.codes == bestGroup.codes && otherGroup.scales == bestGroup.scales);
        QVERIFY(otherGroup.minima == bestGroup.minima && otherGroup.back == bestGroup.back);
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

void TestGroupQuant::nonFiniteSparesItsNeighbours_data()
{
    QTest::addColumn<float>("bad");
    QTest::addColumn<int>("token");
    for (int token : { 0, 5, 30, 31 }) {
        QTest::addRow("NaN at %d", token) << quietNan << token;
        QTest::addRow("infinity at %d", token) << infinity << token;
        QTest::addRow("negative infinity at %d", token) << -infinity << token;
    }
}

/// The finite values of a channel come back as if the bad one had the value of its neighbour.
void TestGroupQuant::nonFiniteSparesItsNeighbours()
{
    QFETCH(float, bad);
    QFETCH(int, token);
    auto clean = noise(32 * 20, 5), rows = clean;
    for (int channel : { 3, 19 }) { // a whole vector's and the rest's
        const int at = token * 20 + channel, neighbour = (token ^ 1) * 20 + channel;
        clean[std::size_t(at)] = clean[std::size_t(neighbour)];
        rows[std::size_t(at)] = bad;
    }
    const Coded c = channels(rows, 32, 20, 2), expected = channels(clean, 32, 20, 2);
    QVERIFY(c.scales == expected.scales && c.minima == expected.minima);
    for (std::size_t i = 0; i < rows.size(); ++i)
        QCOMPARE(int(c.codes[i]),
            std::isnan(rows[i])       ? 0
                : std::isinf(rows[i]) ? (bad > 0 ? 3 : 0)
                                      : int(expected.codes[i]));
    const std::vector<float> allBad(32 * 20, bad);
    const auto back = channels(allBad, 32, 20, 2).back;
    QVERIFY(std::all_of(back.begin(), back.end(), [](float x) { return x == 0.0f; }));
}

/// A range beyond the largest float ends in f16's largest step, not in infinity.
void TestGroupQuant::widestFloatsStayFinite()
{
    auto rows = noise(32 * 20, 6);
    rows[3] = std::numeric_limits<float>::max();
    rows[23] = -rows[3];
    const Coded c = channels(rows, 32, 20, 2);
    QVERIFY(std::all_of(c.back.begin(), c.back.end(), [](float x) { return std::isfinite(x); }));
    QCOMPARE(int(c.codes[3]), 3);
    QCOMPARE(int(c.codes[23]), 0);
}

PIKV_TEST(TestGroupQuant)
#include "groupquant_test.moc"
