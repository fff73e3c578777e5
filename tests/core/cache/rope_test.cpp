// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/cache/rope.h"
#include "core/cache/ropefrequencies.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <QTest>
#include <cmath>

using namespace pikv;

class RopeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void followsItsDefinition_data();
    void followsItsDefinition();
    void undoesItself_data() { followsItsDefinition_data(); }
    void undoesItself();
    void scoresDependOnDistanceAlone();
    void unknownRotationIsRefused_data();
    void unknownRotationIsRefused();
    void rulesScaleTheFrequencies();
    void factorsOfAModelSayTheSame();
};

void RopeTest::followsItsDefinition_data()
{
    QTest::addColumn<int>("layout");
    QTest::addColumn<int>("dim");
    QTest::addColumn<double>("theta");
    QTest::newRow("half") << int(RopeInfo::Layout::Half) << 0 << 10000.0;
    QTest::newRow("interleaved") << int(RopeInfo::Layout::Interleaved) << 0 << 1e6;
    QTest::newRow("half, first 4 channels") << int(RopeInfo::Layout::Half) << 4 << 100000.0;
    QTest::newRow("interleaved, first 6 channels") << int(RopeInfo::Layout::Interleaved) << 6 << 500.0;
}

void RopeTest::followsItsDefinition()
{
    QFETCH(int, layout);
    QFETCH(int, dim);
    QFETCH(double, theta);
    const RopeInfo rope { RopeInfo::State::Pre, RopeInfo::Layout(layout), theta, dim, "" };
    const at::Tensor x = at::randn({ 2, 3, 5, 8 });
    const at::Tensor positions = at::arange(5, at::kLong) * 20011;
    const at::Tensor y = applyRope(x, positions, rope);
    const int d = dim ? dim : 8;
    for (int r = 0; r < 5; ++r)
        for (int i = 0; i < d / 2; ++i) {
            const bool half = rope.layout == RopeInfo::Layout::Half;
            const int first = half ? i : 2 * i, second = half ? i + d / 2 : 2 * i + 1;
            const double angle = 20011.0 * r * std::pow(theta, -2.0 * i / d);
            const double a = x[1][2][r][first].item<double>(), b = x[1][2][r][second].item<double>();
            QVERIFY(std::abs(y[1][2][r][first].item<double>() - (a * std::cos(angle) - b * std::sin(angle))) < 1e-5);
            QVERIFY(std::abs(y[1][2][r][second].item<double>() - (a * std::sin(angle) + b * std::cos(angle))) < 1e-5);
        }
    QVERIFY(y.narrow(-1, d, 8 - d).equal(x.narrow(-1, d, 8 - d)));
}

void RopeTest::undoesItself()
{
    QFETCH(int, layout);
    QFETCH(int, dim);
    QFETCH(double, theta);
    const RopeInfo rope { RopeInfo::State::Post, RopeInfo::Layout(layout), theta, dim, "none" };
    const at::Tensor x = at::randn({ 1, 2, 300, 8 });
    const at::Tensor positions = at::arange(300, at::kLong) + 1000000;
    QVERIFY((applyRope(undoRope(x, positions, rope), positions, rope) - x).abs().max().item<double>() < 1e-5);
}

void RopeTest::scoresDependOnDistanceAlone()
{
    const RopeInfo rope { RopeInfo::State::Pre, RopeInfo::Layout::Half, 10000.0, 0, "" };
    const at::Tensor q = at::randn({ 1, 64 }), k = at::randn({ 1, 64 });
    const auto score = [&](std::int64_t pq, std::int64_t pk) {
        const at::Tensor at1 = at::arange(pq, pq + 1, at::kLong), at2 = at::arange(pk, pk + 1, at::kLong);
        return (applyRope(q, at1, rope) * applyRope(k, at2, rope)).sum().item<double>();
    };
    QVERIFY(std::abs(score(17, 5) - score(9012, 9000)) < 1e-4);
    QVERIFY(std::abs(score(17, 5) - score(18, 5)) > 1e-3);
}

void RopeTest::unknownRotationIsRefused_data()
{
    QTest::addColumn<int>("layout");
    QTest::addColumn<bool>("theta");
    QTest::addColumn<int>("dim");
    QTest::addColumn<QString>("scaling");
    const int half = int(RopeInfo::Layout::Half);
    QTest::newRow("layout") << int(RopeInfo::Layout::Unknown) << true << 0 << "";
    QTest::newRow("theta") << half << false << 0 << "";
    QTest::newRow("scaling") << half << true << 0 << R"({"rope_type":"yarn"})";
    QTest::newRow("odd dim") << half << true << 3 << "";
    QTest::newRow("dim above head_dim") << half << true << 10 << "";
}

void RopeTest::unknownRotationIsRefused()
{
    QFETCH(int, layout);
    QFETCH(bool, theta);
    QFETCH(int, dim);
    QFETCH(QString, scaling);
    RopeInfo rope { RopeInfo::State::Post, RopeInfo::Layout(layout), {}, dim, scaling.toStdString() };
    if (theta)
        rope.theta = 10000.0;
    QVERIFY_THROWS_EXCEPTION(Error, undoRope(at::randn({ 2, 8 }), at::arange(2, at::kLong), rope));
}

/// Llama 3.1's published rule at head_dim 128: wavelengths below 8192 / 4 stay, those above 8192 are divided by 8.
void RopeTest::rulesScaleTheFrequencies()
{
    RopeInfo rope { RopeInfo::State::Post, RopeInfo::Layout::Half, 500000.0, 0, "" };
    const std::vector<double> plain = ropeFrequencies(rope, 128);
    rope.scaling = R"({"rope_type":"linear","factor":4})";
    const std::vector<double> linear = ropeFrequencies(rope, 128);
    rope.scaling = R"({"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
                   R"("original_max_position_embeddings":8192})";
    const std::vector<double> scaled = ropeFrequencies(rope, 128);
    int kept = 0, divided = 0;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        QVERIFY(std::abs(plain[i] / std::exp(-2.0 * double(i) / 128 * std::log(500000.0)) - 1) < 1e-12);
        QCOMPARE(linear[i], plain[i] / 4);
        const double wavelength = 2 * M_PI / plain[i], share = (8192 / wavelength - 1) / 3;
        const double expected = wavelength < 2048 ? plain[i]
            : wavelength > 8192                   ? plain[i] / 8
                                                  : (1 - share) * plain[i] / 8 + share * plain[i];
        QVERIFY(std::abs(scaled[i] / expected - 1) < 1e-12);
        kept += scaled[i] == plain[i] ? 1 : 0;
        divided += scaled[i] == plain[i] / 8 ? 1 : 0;
    }
    QVERIFY(kept > 20 && divided > 20 && kept + divided < 64);
    QVERIFY(rope.invertible());
    rope.scaling = R"({"rope_type":"yarn","factor":4})";
    QVERIFY(!rope.invertible());
}

/// GGUF's rope_freqs of Llama 3.1 are what its rule divides by.
void RopeTest::factorsOfAModelSayTheSame()
{
    RopeInfo rope { RopeInfo::State::Post, RopeInfo::Layout::Half, 10000.0, 0, "" };
    const std::vector<double> plain = ropeFrequencies(rope, 8);
    rope.scaling = ropeFactors({ 1, 2, 4, 8 });
    QVERIFY(rope.invertible());
    const std::vector<double> divided = ropeFrequencies(rope, 8);
    for (std::size_t i = 0; i < 4; ++i)
        QCOMPARE(divided[i], plain[i] / double(1 << i));
    QVERIFY_THROWS_EXCEPTION(Error, ropeFrequencies(rope, 16)); // another number of pairs
    rope.scaling = ropeFactors({ 1, 0, 4, 8 });
    QVERIFY(!rope.invertible());
}

PIKV_TEST(RopeTest)
#include "rope_test.moc"
