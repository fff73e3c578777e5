// SPDX-License-Identifier: GPL-3.0-or-later
// The closed loop, the distributions of its levels, and bit fields.
#include "core/base/error.h"
#include "core/kernels/bitstream.h"
#include "core/kernels/residualmodel.h"
#include "core/kernels/residualquant.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <random>

using namespace pikv;

class ResidualsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rebuildsWhatTheEncoderSaw_data()
    {
        QTest::addColumn<int>("dim");
        for (int dim : { 1, 5, 16, 20, 64, 80 })
            QTest::addRow("%d channels", dim) << dim;
    }
    void rebuildsWhatTheEncoderSaw()
    {
        QFETCH(int, dim);
        const std::size_t n = 300, width = std::size_t(dim);
        std::mt19937 engine(1);
        std::normal_distribution<float> normal(0, 3);
        const ResidualQuantiser quantiser { std::vector<float>(width, 0.75f), std::vector<float>(width, 0.45f),
            std::vector<float>(width, 0.0625f) };
        std::vector<float> values(n * width), steps(n), state(width, 0.0f), sizes(2 * width, 0.0f),
            squares(2 * width, 0.0f);
        std::vector<std::uint8_t> isKey(n);
        for (auto& v : values)
            v = normal(engine);
        for (std::size_t t = 0; t < n; ++t) {
            isKey[t] = t % 8 == 0;
            steps[t] = t % 3 ? 0.1f : 0.2f;
        }
        std::vector<std::int16_t> levels(n * width);
        const ResidualRows rows { n, steps.data(), isKey.data() };
        quantiseResiduals(
            quantiser, rows, values.data(), state.data(), levels.data(), { sizes.data(), squares.data() });
        std::vector<float> decoded(n * width), last(width, 0.0f);
        rebuildResiduals(quantiser, rows, levels.data(), last.data(), decoded.data());
        QVERIFY(last == state);
        std::vector<double> expected(2 * width, 0);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t t = i / width;
            // The far end of an interval of one step, and the shift of the reconstruction.
            QVERIFY(std::abs(values[i] - decoded[i]) <= steps[t] * (0.55f + 0.0625f + 1e-4f));
            expected[(isKey[t] ? width : 0) + i % width] += std::abs(levels[i]);
        }
        for (std::size_t i = 0; i < expected.size(); ++i)
            QCOMPARE(double(sizes[i]), expected[i]);
    }

    void extremesAreClamped()
    {
        const ResidualQuantiser quantiser { { 0 }, { 0.5f }, { 0 } };
        const float values[] = { 1e30f, -1e30f, 0 }, steps[] = { 1, 1, 1 };
        const std::uint8_t isKey[] = { 1, 1, 1 };
        float state = 0, sizes[2] = {}, squares[2] = {};
        std::int16_t levels[3];
        quantiseResiduals(quantiser, { 3, steps, isKey }, values, &state, levels, { sizes, squares });
        QCOMPARE(int(levels[0]), 32767);
        QCOMPARE(int(levels[1]), -32767);
        QCOMPARE(int(levels[2]), 0);
    }

    void modelsFitTheirData_data()
    {
        QTest::addColumn<double>("deviation");
        QTest::addColumn<bool>("laplace");
        for (double deviation : { 0.2, 0.5, 1.0, 3.0, 15.0, 200.0 })
            for (bool laplace : { false, true })
                QTest::addRow("%s of %g steps", laplace ? "Laplace" : "Gauss", deviation) << deviation << laplace;
    }
    void modelsFitTheirData()
    {
        QFETCH(double, deviation);
        QFETCH(bool, laplace);
        std::mt19937 engine(2);
        std::normal_distribution<double> normal;
        std::exponential_distribution<double> exponential;
        std::map<int, double> histogram;
        double size = 0, square = 0;
        const int n = 200000;
        for (int i = 0; i < n; ++i) {
            const double x = laplace ? exponential(engine) / std::sqrt(2.0) * (engine() & 1 ? 1 : -1) : normal(engine);
            const int level = int(std::nearbyint(x * deviation));
            histogram[level] += 1;
            size += std::abs(level);
            square += double(level) * level;
        }
        const std::int64_t counts[] = { n };
        const ResidualModel model = ResidualModel::fit(size, square, counts);
        QVERIFY(model == ResidualModel(model.code()));
        const ResidualTable& table = model.table(0);
        double bits = 0, entropy = 0;
        for (const auto& [level, count] : histogram) {
            const int low = model.lowBits(0), upper = (level + (1 << low >> 1)) >> low;
            entropy -= count * std::log2(count / n);
            bits += count
                * (std::abs(upper) > table.reach
                        ? double(table.frequencies.bits(table.escape())) + 16
                        : double(table.frequencies.bits(std::size_t(upper + table.reach))) + low);
        }
        QVERIFY2(bits <= 1.02 * entropy + 0.002 * n,
            qPrintable(QString("%1 bits a level, entropy %2").arg(bits / n).arg(entropy / n)));
    }

    void everyModelCodesEveryLevel()
    {
        for (int code = 1; code <= ResidualModel::shapes * ResidualModel::scales; ++code)
            for (int stepClass = 0; stepClass < 8; ++stepClass) {
                const ResidualModel model { std::uint8_t(code) };
                QCOMPARE(int(model.code()), code);
                const ResidualTable& table = model.table(stepClass);
                QVERIFY(table.reach >= 1 && table.reach <= 126);
                QCOMPARE(table.frequencies.alphabet(), table.escape() + 1);
                for (std::size_t s = 0; s < table.frequencies.alphabet(); ++s)
                    QVERIFY(table.frequencies.frequency(s) > 0);
            }
    }

    void coarserClassesAreNarrower()
    {
        // A step four times as wide (class 4) divides the deviation by four: eight quarter octaves.
        const ResidualModel model(std::uint8_t(1 + 20));
        const ResidualModel narrow(std::uint8_t(1 + 12));
        QCOMPARE(&model.table(4), &narrow.table(0));
        QVERIFY(ResidualModel::fit(0, 0, {}).isSilent());
    }

    void bitFieldsRoundTrip()
    {
        std::mt19937 engine(3);
        std::vector<std::pair<std::uint32_t, int>> fields;
        for (int i = 0; i < 2000; ++i) {
            const int bits = int(engine() % 25);
            fields.emplace_back(engine() & ((1U << bits) - 1), bits);
        }
        Bytes bytes;
        BitWriter writer(bytes);
        std::size_t total = 0;
        for (const auto& [value, bits] : fields) {
            writer.put(value, bits);
            total += std::size_t(bits);
        }
        writer.finish();
        QCOMPARE(bytes.size(), (total + 7) / 8);
        BitReader reader(bytes);
        for (const auto& [value, bits] : fields)
            QCOMPARE(reader.get(bits), value);
        reader.finish();
        QVERIFY_EXCEPTION_THROWN(reader.get(9), Error);
        QVERIFY_EXCEPTION_THROWN(BitReader(bytes).finish(), Error);
    }
};

PIKV_TEST(ResidualsTest)
#include "residuals_test.moc"
