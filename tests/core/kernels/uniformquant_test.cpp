// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/energy.h"
#include "core/kernels/transpose.h"
#include "core/kernels/uniformquant.h"
#include "testmain.h"
#include <QTest>
#include <cmath>
#include <limits>
#include <numeric>

using namespace pikv;

/// The quantiser of coefficients and the sums behind its steps, against their definitions in double.
class UniformQuantTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void codesAreTheNearestLevels_data();
    void codesAreTheNearestLevels();
    void errorIsThatOfTheCodes();
    void takesWhatIsNoNumber();
    void sumsAreSums();
    void distancesAreFromTheMean();
    void floatsTranspose();

private:
    static std::vector<float> wave(std::size_t count)
    {
        std::vector<float> values(count);
        for (std::size_t i = 0; i < count; ++i)
            values[i] = 3.0f * std::sin(0.37f * float(i)) + 0.01f * float(i % 17);
        return values;
    }
};

void UniformQuantTest::codesAreTheNearestLevels_data()
{
    QTest::addColumn<int>("bits");
    for (int bits = 1; bits <= 8; ++bits)
        QTest::addRow("%d bits", bits) << bits;
}

void UniformQuantTest::codesAreTheNearestLevels()
{
    QFETCH(int, bits);
    const std::vector<float> values = wave(1003);
    const float step = 5.0f / float(1 << bits);
    std::vector<std::uint8_t> codes(values.size());
    std::vector<float> back(values.size());
    quantiseUniform(values.data(), values.size(), step, bits, codes.data());
    dequantiseUniform(codes.data(), codes.size(), step, bits, back.data());
    const double half = 1 << (bits - 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        double nearest = std::numeric_limits<double>::infinity();
        for (int code = 0; code < 1 << bits; ++code)
            nearest = std::min(nearest, std::abs((code - half + 0.5) * step - double(values[i])));
        QVERIFY(std::abs(double(back[i]) - double(values[i])) <= nearest + 1e-5);
    }
}

void UniformQuantTest::errorIsThatOfTheCodes()
{
    const std::vector<float> values = wave(777);
    std::vector<std::uint8_t> codes(values.size());
    std::vector<float> back(values.size());
    quantiseUniform(values.data(), values.size(), 0.4f, 3, codes.data());
    dequantiseUniform(codes.data(), codes.size(), 0.4f, 3, back.data());
    double error = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        error += std::pow(double(values[i]) - double(back[i]), 2);
    QVERIFY(std::abs(uniformError(values.data(), values.size(), 0.4f, 3) / error - 1) < 1e-5);
}

void UniformQuantTest::takesWhatIsNoNumber()
{
    const float infinity = std::numeric_limits<float>::infinity();
    const float values[] = { std::nanf(""), -infinity, infinity, 0 };
    std::uint8_t codes[4];
    quantiseUniform(values, 4, 0.5f, 4, codes);
    QCOMPARE(codes[0], std::uint8_t(0));
    QCOMPARE(codes[1], std::uint8_t(0));
    QCOMPARE(codes[2], std::uint8_t(15));
    quantiseUniform(values + 3, 1, 0, 4, codes);
    float back = 1;
    dequantiseUniform(codes, 1, 0, 4, &back);
    QCOMPARE(back, 0.0f);
}

void UniformQuantTest::sumsAreSums()
{
    for (const std::size_t width : { 1u, 7u, 64u, 100u }) {
        const std::size_t rows = 131;
        const std::vector<float> values = wave(rows * width);
        std::vector<double> sums(width), expected(width);
        double total = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            expected[i % width] += double(values[i]) * double(values[i]);
            total += double(values[i]) * double(values[i]);
        }
        addColumnSquares(values.data(), rows, width, sums.data());
        for (std::size_t c = 0; c < width; ++c)
            QVERIFY(std::abs(sums[c] - expected[c]) <= 1e-5 * expected[c]);
        QVERIFY(std::abs(sumOfSquares(values.data(), values.size()) - total) <= 1e-5 * total);
    }
}

void UniformQuantTest::distancesAreFromTheMean()
{
    const std::size_t rows = 50, width = 37;
    const std::vector<float> values = wave(rows * width);
    std::vector<float> energies(rows, 1.0f);
    addRowEnergies(values.data(), rows, width, energies.data());
    for (std::size_t r = 0; r < rows; ++r) {
        double expected = 1;
        for (std::size_t c = 0; c < width; ++c) {
            double mean = 0;
            for (std::size_t i = 0; i < rows; ++i)
                mean += double(values[i * width + c]) / double(rows);
            expected += std::pow(double(values[r * width + c]) - mean, 2);
        }
        QVERIFY(std::abs(double(energies[r]) - expected) <= 1e-5 * expected);
    }
}

void UniformQuantTest::floatsTranspose()
{
    std::vector<float> in(19 * 47), out(45 * spreadStride(19), -1.0f);
    std::iota(in.begin(), in.end(), 0.0f);
    transpose(in.data(), 47, 19, 45, out.data(), spreadStride(19));
    for (std::size_t c = 0; c < 45; ++c)
        for (std::size_t r = 0; r < spreadStride(19); ++r)
            QCOMPARE(out[c * spreadStride(19) + r], r < 19 ? in[r * 47 + c] : -1.0f);
}

PIKV_TEST(UniformQuantTest)
#include "uniformquant_test.moc"
