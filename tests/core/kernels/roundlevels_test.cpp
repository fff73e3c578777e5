// SPDX-License-Identifier: GPL-3.0-or-later
// Levels of coefficients and back: what vectors give is what the formula says, wherever a run ends.
#include "core/kernels/roundlevels.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace pikv;

class RoundLevelsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void vectorsAgreeWithTheFormula()
    {
        std::mt19937 engine(2);
        std::normal_distribution<float> normal(0, 3);
        for (std::size_t count : { 0, 1, 7, 16, 33, 100 }) {
            std::vector<float> values(count), back(count);
            for (float& value : values)
                value = normal(engine);
            if (count > 30) {
                values[3] = std::numeric_limits<float>::quiet_NaN();
                values[4] = -32000;
            }
            std::vector<std::int16_t> levels(count);
            LevelMisses misses, wanted;
            roundLevels(values.data(), count, 0.5F, 0.38F, levels.data(), misses);
            rebuildLevels(levels.data(), count, { 0.1F, -0.05F }, 2, back.data());
            float largest = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const float size = std::isnan(values[i]) ? 0 : std::abs(values[i]) * 0.5F;
                const int level = static_cast<int>(size + 0.38F);
                QCOMPARE(int(levels[i]), values[i] < 0 ? -level : level);
                const float rebuilt = (static_cast<float>(level) - (level > 1 ? -0.05F : level == 1 ? 0.1F : 0)) * 2;
                QCOMPARE(back[i], values[i] < 0 && level > 0 ? -rebuilt : rebuilt);
                largest = std::max(largest, 2 * size);
                if (level > 0) {
                    wanted.sums[level > 1] += double(level) - double(size);
                    ++wanted.counts[level > 1];
                }
            }
            QCOMPARE(largestSize(values.data(), count), largest);
            QVERIFY(misses.sums == wanted.sums && misses.counts == wanted.counts);
        }
    }
};

PIKV_TEST(RoundLevelsTest)
#include "roundlevels_test.moc"
