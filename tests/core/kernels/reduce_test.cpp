// SPDX-License-Identifier: GPL-3.0-or-later
// Sums in lanes against sums in double precision.
#include "core/kernels/reduce.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <random>
#include <vector>

using namespace pikv;

class ReduceTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyTermOnce_data()
    {
        QTest::addColumn<int>("count");
        for (const int count : { 0, 1, 7, 8, 9, 64, 100 })
            QTest::addRow("%d", count) << count;
    }
    void everyTermOnce()
    {
        QFETCH(int, count);
        std::vector<int> used(std::size_t(count), 0);
        const auto lanes = laneSums<8>(std::size_t(count), [&](std::size_t i) {
            ++used[i];
            return 1.0f;
        });
        QCOMPARE(inOrder(lanes), float(count));
        for (const int times : used)
            QCOMPARE(times, 1);
    }

    void squaresAndProducts()
    {
        std::mt19937 engine(3);
        std::normal_distribution<float> normal;
        std::vector<float> a(77), b(77);
        double squares = 0, product = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            a[i] = normal(engine);
            b[i] = normal(engine);
            squares += double(a[i]) * double(a[i]);
            product += double(a[i]) * double(b[i]);
        }
        QVERIFY(std::abs(double(rowSquares(a.data(), a.size())) - squares) < 1e-4);
        QVERIFY(std::abs(double(inOrder(dotLanes(a.data(), b.data(), a.size()))) - product) < 1e-4);
    }
};

PIKV_TEST(ReduceTest)
#include "reduce_test.moc"
