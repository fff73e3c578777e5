// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of vector quantisation against plain loops, and the k-means that stands on them.
#include "core/codec/methods/fastv/equalneed.h"
#include "core/codec/parts/kmeans.h"
#include "core/kernels/nearestcentroid.h"
#include "core/kernels/tablesum.h"
#include "testmain.h"
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

using namespace pikv;

class NearestCentroidTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nearestIsBruteForce_data()
    {
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("vectors");
        for (const int count : { 1, 2, 7, 32, 256 })
            for (const int width : { 1, 2, 5, 64 })
                for (const int vectors : { 1, 3, 16, 100, 257 })
                    QTest::addRow("%d x %d, %d vectors", count, width, vectors) << count << width << vectors;
    }
    void nearestIsBruteForce()
    {
        QFETCH(int, count);
        QFETCH(int, width);
        QFETCH(int, vectors);
        // Halves of small integers: every sum is exact in floats, so that ties are ties and the first must win.
        Centroids centroids { std::size_t(count), std::size_t(width) };
        for (float& c : centroids.rows)
            c = halfInteger();
        centroids.updateNorms();
        const std::size_t stride = std::size_t(vectors) + 3;
        std::vector<float> channels(stride * std::size_t(width));
        for (float& x : channels)
            x = halfInteger();
        std::vector<std::uint8_t> codes(std::size_t(vectors), 99);
        nearestCentroids(channels.data(), stride, codes.size(), centroids.view(), codes.data());
        for (std::size_t i = 0; i < codes.size(); ++i) {
            int best = -1;
            double least = std::numeric_limits<double>::max();
            for (int k = 0; k < count; ++k) {
                double distance = 0;
                for (int j = 0; j < width; ++j) {
                    const double d = double(channels[std::size_t(j) * stride + i])
                        - double(centroids.rows[std::size_t(k * width + j)]);
                    distance += d * d;
                }
                if (distance < least) {
                    least = distance;
                    best = k;
                }
            }
            QCOMPARE(int(codes[i]), best);
        }
    }

    void notANumberGetsCodeZero()
    {
        Centroids centroids { 3, 1 };
        centroids.rows = { 5, 0, -5 };
        centroids.updateNorms();
        std::vector<float> values(40, -4.0f);
        values[7] = values[39] = std::numeric_limits<float>::quiet_NaN();
        std::vector<std::uint8_t> codes(40);
        nearestCentroids(values.data(), 40, 40, centroids.view(), codes.data());
        for (std::size_t i = 0; i < 40; ++i)
            QCOMPARE(int(codes[i]), i == 7 || i == 39 ? 0 : 2);
    }

    void tableSums_data()
    {
        QTest::addColumn<int>("dim");
        for (const int dim : { 1, 8, 20, 64, 70, 128 })
            QTest::addRow("%d channels", dim) << dim;
    }
    void tableSums()
    {
        QFETCH(int, dim);
        const std::size_t d = std::size_t(dim), n = 9, tables = 5, entries = 6;
        std::vector<float> data(tables * entries * d), out(n * d);
        for (float& x : data)
            x = halfInteger();
        std::vector<std::uint8_t> codes(tables * n);
        for (std::uint8_t& c : codes)
            c = std::uint8_t(m_engine() % entries);
        sumTables({ data.data(), tables, entries, d }, codes.data(), n, out.data());
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < d; ++j) {
                float sum = 0;
                for (std::size_t t = 0; t < tables; ++t)
                    sum += data[(t * entries + codes[t * n + i]) * d + j];
                QCOMPARE(out[i * d + j], sum);
            }
    }

    void refinementBeatsDrawnAndRandomCentroids()
    {
        const std::vector<float> data = clusters(4000, 3);
        const VectorStream stream { data.data(), 4000, 4000, 3 };
        Centroids random { 32, 3 };
        std::normal_distribution<float> normal(0, 4);
        for (float& c : random.rows)
            c = normal(m_engine);
        random.updateNorms();
        Centroids centroids = seedCentroids(stream, 32, CounterRng(4));
        const double drawn = error(stream, centroids);
        QVERIFY(drawn < 0.7 * error(stream, random));
        double last = drawn;
        for (int pass = 0; pass < 4; ++pass) {
            refineCentroids(centroids, stream, 1, 100, m_job);
            const double now = error(stream, centroids);
            QVERIFY(now < last);
            last = now;
        }
        QVERIFY2(last < 0.8 * drawn, qPrintable(QString("%1 against %2").arg(last).arg(drawn)));
    }

    void unusedCentroidsAreReseeded()
    {
        const std::vector<float> data = clusters(3000, 2);
        const VectorStream stream { data.data(), 3000, 3000, 2 };
        Centroids seeded = seedCentroids(stream, 32, CounterRng(1));
        refineCentroids(seeded, stream, 8, 100, m_job);
        // All at one place: the first takes every vector, the others none.
        Centroids dead { 32, 2 };
        refineCentroids(dead, stream, 8, 100, m_job);
        QCOMPARE(used(stream, dead), std::size_t(32));
        QVERIFY2(error(stream, dead) < 1.3 * error(stream, seeded),
            qPrintable(QString("%1 against %2").arg(error(stream, dead)).arg(error(stream, seeded))));
    }

    void fewDistinctVectorsAreExact()
    {
        std::vector<float> data(300);
        for (std::size_t i = 0; i < data.size(); ++i)
            data[i] = float(i % 3) * 7 - 5;
        const VectorStream stream { data.data(), 300, 300, 1 };
        Centroids centroids = seedCentroids(stream, 8, CounterRng(2));
        refineCentroids(centroids, stream, 4, 50, m_job);
        QCOMPARE(error(stream, centroids), 0.0);
    }

    void weightsDrawCentroids()
    {
        // Two far clusters, one without weight: all centroids belong to the other.
        std::vector<float> data(1000), weights(1000);
        std::normal_distribution<float> normal;
        for (std::size_t i = 0; i < data.size(); ++i) {
            data[i] = normal(m_engine) + (i % 2 ? 50.0f : -50.0f);
            weights[i] = i % 2 ? 1.0f : 0.0f;
        }
        const VectorStream stream { data.data(), 1000, 1000, 1, weights.data() };
        Centroids centroids = seedCentroids(stream, 16, CounterRng(6));
        refineCentroids(centroids, stream, 5, 100, m_job);
        QVERIFY(std::all_of(centroids.rows.begin(), centroids.rows.end(), [](float c) { return c > 40; }));
    }

    void groupsNeedEquallyManyBits()
    {
        const std::vector<std::size_t> equal = equalNeedGroups(std::vector<double>(12, 1.0), 12, 4, 3);
        QVERIFY((equal == std::vector<std::size_t> { 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3 }));
        const std::vector<std::size_t> strong = equalNeedGroups({ 1, 1, 1, 1e6, 1, 1, 1 }, 7, 3, 4);
        QCOMPARE(strong[3], std::size_t(0));
        QCOMPARE(std::count(strong.begin(), strong.end(), std::size_t(0)), std::ptrdiff_t(1));
        for (const std::size_t groups : { 1, 2, 5, 9 }) {
            const std::vector<std::size_t> any = equalNeedGroups({ 9, 0, 3, 0, 0, 1e-9, 4, 4, 2 }, 9, groups, 5);
            QCOMPARE(std::set<std::size_t>(any.begin(), any.end()).size(), groups);
        }
        const std::vector<std::size_t> some = equalNeedGroups({ 9, 0, 3, 1, 4 }, 3, 2, 5);
        QCOMPARE(some[1], std::size_t(2)); // neither this one
        QCOMPARE(some[3], std::size_t(2)); // nor this one has a group
        QCOMPARE(std::count(some.begin(), some.end(), std::size_t(2)), std::ptrdiff_t(2));
    }

    void waterFillingIsTheTextbooks()
    {
        // Cover & Thomas 10.3.3 by hand: at level 1, components 16, 4 and 0.5 take 2 + 1 + 0 bits and leave 1 + 1 +
        // 0.5.
        QVERIFY(std::abs(waterFillingError({ 0.5, 16, 4 }, 3) - 2.5) < 1e-12);
        QVERIFY(std::abs(waterFillingError({ 0.5, 16, 4 }, 3.5) - (2 * std::exp2(-0.5) + 0.5)) < 1e-12);
    }

private:
    float halfInteger() { return float(int(m_engine() % 9)) / 2 - 2; }

    /// Planar vectors around a few centres of unequal weight.
    std::vector<float> clusters(std::size_t n, std::size_t width)
    {
        std::normal_distribution<float> normal;
        std::vector<float> centres(20 * width), data(n * width);
        for (float& c : centres)
            c = 4 * normal(m_engine);
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t centre = std::min(m_engine() % 20, m_engine() % 20);
            for (std::size_t j = 0; j < width; ++j)
                data[j * n + i] = centres[centre * width + j] + 0.7f * normal(m_engine);
        }
        return data;
    }

    static std::vector<std::uint8_t> codesOf(const VectorStream& stream, const Centroids& centroids)
    {
        std::vector<std::uint8_t> codes(stream.count);
        nearestCentroids(stream.channels, stream.stride, stream.count, centroids.view(), codes.data());
        return codes;
    }
    static std::size_t used(const VectorStream& stream, const Centroids& centroids)
    {
        const auto codes = codesOf(stream, centroids);
        return std::set<std::uint8_t>(codes.begin(), codes.end()).size();
    }
    static double error(const VectorStream& stream, const Centroids& centroids)
    {
        const auto codes = codesOf(stream, centroids);
        double sum = 0;
        for (std::size_t i = 0; i < stream.count; ++i)
            for (std::size_t j = 0; j < stream.width; ++j) {
                const double d = double(stream.channels[j * stream.stride + i])
                    - double(centroids.rows[codes[i] * stream.width + j]);
                sum += d * d;
            }
        return sum;
    }

    std::mt19937 m_engine { 17 };
    JobControl m_job;
};

PIKV_TEST(NearestCentroidTest)
#include "nearestcentroid_test.moc"
