// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics against plain loops in double precision.
#include "core/eval/attention.h"
#include "core/eval/errorsums.h"
#include "testmain.h"
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <QTest>
#include <random>

using namespace pikv;

class TestMeasure : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sumsAgreeWithPlainLoops_data();
    void sumsAgreeWithPlainLoops();
    void masksLeaveElementsOut();
    void attentionAgreesWithPlainLoops();
    void droppedRowsAreNotAttendedTo();
    void queriesThatSeeNothingGiveZero();
};

static std::vector<float> noise(std::size_t n, unsigned seed)
{
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(n);
    for (float& v : values)
        v = normal(engine);
    return values;
}

static at::Tensor tensorOf(const std::vector<float>& values, at::IntArrayRef shape)
{
    at::Tensor t = at::empty(shape, at::kFloat);
    std::copy(values.begin(), values.end(), t.data_ptr<float>());
    return t;
}

void TestMeasure::sumsAgreeWithPlainLoops_data()
{
    QTest::addColumn<int>("dim");
    for (int dim : { 1, 7, 16, 40, 64, 128 })
        QTest::addRow("dim %d", dim) << dim;
}

void TestMeasure::sumsAgreeWithPlainLoops()
{
    QFETCH(int, dim);
    const int rows = 33;
    auto x = noise(std::size_t(rows * dim), 1), y = noise(std::size_t(rows * dim), 2);
    std::fill_n(x.begin(), dim, 0.0f); // no direction: not counted
    std::fill_n(y.begin() + dim, dim, 0.0f); // lost: counts as 0
    double error = 0, signal = 0, cosine = 0;
    for (int r = 0; r < rows; ++r) {
        double xx = 0, yy = 0, xy = 0;
        for (int i = r * dim; i < (r + 1) * dim; ++i) {
            error += double(y[i] - x[i]) * double(y[i] - x[i]);
            xx += double(x[i]) * x[i];
            yy += double(y[i]) * y[i];
            xy += double(x[i]) * y[i];
        }
        signal += xx;
        if (xx > 0 && yy > 0)
            cosine += xy / std::sqrt(xx * yy);
    }
    const ErrorSums sums = compareRows(x.data(), y.data(), nullptr, rows, dim);
    QVERIFY(std::abs(sums.errorEnergy / error - 1) < 1e-5);
    QVERIFY(std::abs(sums.signalEnergy / signal - 1) < 1e-5);
    QVERIFY(std::abs(sums.meanCosine() - cosine / (rows - 1)) < 1e-5);
    QCOMPARE(sums.elements, std::int64_t(rows * dim));
}

void TestMeasure::masksLeaveElementsOut()
{
    const auto x = noise(128, 3), y = noise(128, 4);
    std::vector<std::uint8_t> valid(128, 1);
    valid[5] = valid[70] = 0;
    const ErrorSums all = compareRows(x.data(), y.data(), nullptr, 2, 64);
    const ErrorSums part = compareRows(x.data(), y.data(), valid.data(), 2, 64);
    const auto square = [&](int i) { return double(y[i] - x[i]) * double(y[i] - x[i]); };
    QCOMPARE(part.elements, std::int64_t(126));
    QVERIFY(std::abs(all.errorEnergy - part.errorEnergy - square(5) - square(70)) < 1e-4);
}

/// One query row of attention by the definition.
static std::vector<double> plainAttention(const float* q, const std::vector<float>& k, const std::vector<float>& v,
    int seq, int dim, int last, const std::vector<bool>& keep)
{
    std::vector<double> weights, out(std::size_t(dim), 0.0);
    double sum = 0;
    for (int t = 0; t < seq; ++t) {
        double dot = 0;
        for (int i = 0; i < dim; ++i)
            dot += double(q[i]) * k[std::size_t(t * dim + i)];
        weights.push_back(t <= last && keep[std::size_t(t)] ? std::exp(dot / std::sqrt(double(dim))) : 0);
        sum += weights.back();
    }
    for (int t = 0; t < seq; ++t)
        for (int i = 0; i < dim; ++i)
            out[std::size_t(i)] += weights[std::size_t(t)] / sum * v[std::size_t(t * dim + i)];
    return out;
}

void TestMeasure::attentionAgreesWithPlainLoops()
{
    const int group = 3, queries = 4, seq = 9, dim = 8;
    const auto q = noise(group * queries * dim, 5), k = noise(seq * dim, 6), v = noise(seq * dim, 7);
    const at::Tensor positions = at::arange(seq, at::kLong), queryPositions = at::arange(3, 3 + queries, at::kLong);
    const at::Tensor out = attentionOutput(tensorOf(q, { group, queries, dim }), queryPositions,
        tensorOf(k, { seq, dim }), tensorOf(v, { seq, dim }), positions, {});
    QCOMPARE(out.size(0), std::int64_t(group * queries));
    for (int r = 0; r < group * queries; ++r) {
        const auto expected
            = plainAttention(q.data() + r * dim, k, v, seq, dim, 3 + r % queries, std::vector<bool>(seq, true));
        for (int i = 0; i < dim; ++i)
            QVERIFY(std::abs(out[r][i].item<float>() - expected[std::size_t(i)]) < 1e-5);
    }
}

void TestMeasure::droppedRowsAreNotAttendedTo()
{
    const int seq = 9, dim = 8;
    const auto q = noise(dim, 8), k = noise(seq * dim, 9), v = noise(seq * dim, 10);
    std::vector<bool> kept(seq, true);
    at::Tensor keep = at::zeros({ seq }, at::kBool);
    for (int t = 0; t < seq; ++t) {
        kept[std::size_t(t)] = t % 3 != 1;
        keep[t] = bool(kept[std::size_t(t)]);
    }
    const at::Tensor out = attentionOutput(tensorOf(q, { 1, 1, dim }), at::tensor({ std::int64_t(8) }),
        tensorOf(k, { seq, dim }), tensorOf(v, { seq, dim }), at::arange(seq, at::kLong), keep);
    const auto expected = plainAttention(q.data(), k, v, seq, dim, 8, kept);
    for (int i = 0; i < dim; ++i)
        QVERIFY(std::abs(out[0][i].item<float>() - expected[std::size_t(i)]) < 1e-5);
}

void TestMeasure::queriesThatSeeNothingGiveZero()
{
    const auto q = noise(8, 11), k = noise(16, 12), v = noise(16, 13);
    const at::Tensor out = attentionOutput(tensorOf(q, { 1, 1, 8 }), at::tensor({ std::int64_t(0) }),
        tensorOf(k, { 2, 8 }), tensorOf(v, { 2, 8 }), at::tensor({ std::int64_t(1), std::int64_t(2) }), {});
    QCOMPARE(out.abs().sum().item<float>(), 0.0f);
}

PIKV_TEST(TestMeasure)
#include "tst_measure.moc"
