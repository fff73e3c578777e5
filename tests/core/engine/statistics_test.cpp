// SPDX-License-Identifier: GPL-3.0-or-later
// The bootstrap against a second implementation that keeps to the definition in statistics.h and shares no code.
#include "core/eval/statistics.h"
#include "testmain.h"
#include <QTest>
#include <algorithm>
#include <cmath>

using namespace pikv;

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014) as published: the n-th output of the state that `seed` begins.
std::uint64_t mixed(std::uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}
std::uint64_t output(std::uint64_t seed, std::uint64_t n)
{
    return mixed(mixed(seed) + (n + 1) * 0x9E3779B97F4A7C15ULL);
}

double percentile(std::vector<double> values, double percent) // as numpy.percentile
{
    std::sort(values.begin(), values.end());
    const double at = percent / 100 * double(values.size() - 1);
    const double below = values[std::size_t(std::floor(at))], above = values[std::size_t(std::ceil(at))];
    return below + (at - std::floor(at)) * (above - below);
}

} // namespace

class StatisticsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void quantiles()
    {
        QCOMPARE(quantile({ 3 }, 0.99), 3.0);
        QCOMPARE(quantile({ 1, 2, 4, 8 }, 0.5), 3.0);
        QCOMPARE(quantile({ 1, 2, 4, 8 }, 1), 8.0);
        QCOMPARE(quantile({ 0, 10 }, 0.025), 0.25);
    }

    void bootstrapKeepsToItsDefinition()
    {
        const std::vector<double> values { 0.011, 0.5, 0.07, 0.0123, 0.2 };
        for (const std::uint64_t seed : { 0ULL, 7ULL }) {
            std::vector<double> means;
            for (std::uint64_t r = 0; r < 10'000; ++r) {
                double sum = 0;
                for (std::uint64_t i = 0; i < 5; ++i) {
                    const std::uint64_t bits = output(seed, r * 5 + i);
                    // floor(bits * 5 / 2^64) without 128-bit numbers: halves of 32 bits
                    const std::uint64_t low = (bits & 0xffffffffULL) * 5, high = (bits >> 32) * 5 + (low >> 32);
                    sum += values[std::size_t(high >> 32)];
                }
                means.push_back(sum / 5);
            }
            const MeanInterval found = bootstrapMean(values, seed);
            QVERIFY(std::abs(found.mean - 0.15866) < 1e-12);
            QVERIFY(std::abs(found.low - percentile(means, 2.5)) < 1e-12);
            QVERIFY(std::abs(found.high - percentile(means, 97.5)) < 1e-12);
            QCOMPARE(found.count, std::size_t(5));
        }
        QCOMPARE(bootstrapMean(values, 3).low, bootstrapMean(values, 3).low);
    }

    void missingAndFewValues()
    {
        const MeanInterval none = bootstrapMean({ kNoValue }, 0), one = bootstrapMean({ kNoValue, 4 }, 0);
        QVERIFY(none.count == 0 && std::isnan(none.mean) && std::isnan(none.low));
        QVERIFY(one.count == 1 && one.mean == 4 && std::isnan(one.low) && std::isnan(one.high));
        const MeanInterval same = bootstrapMean({ 0.1, 0.1, 0.1 }, 0);
        QVERIFY(same.mean == 0.1 && same.low == 0.1 && same.high == 0.1);
        const MeanInterval two = bootstrapMean({ 1, 3 }, 0);
        QVERIFY(two.mean == 2 && two.low == 1 && two.high == 3); // a quarter of the samples is one value twice
    }
};

PIKV_TEST(StatisticsTest)
#include "statistics_test.moc"
