// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/pareto.h"
#include "testmain.h"
#include <QTest>
#include <random>

using namespace pikv;

class TestPareto : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreesWithTheDefinition_data();
    void agreesWithTheDefinition();
    void equalPointsAreAllKept();
    void missingValuesAreLeftOut();
};

static EvaluationResult point(double bytes, double error, double cosine = 0)
{
    EvaluationResult r;
    r.originalBytes = 1000;
    r.storedBytes = std::uint64_t(bytes);
    r.quality.mse = error;
    r.quality.cosine = cosine;
    return r;
}

void TestPareto::agreesWithTheDefinition_data()
{
    QTest::addColumn<QString>("y");
    QTest::newRow("smaller is better") << "mse";
    QTest::newRow("larger is better") << "cosine";
}

void TestPareto::agreesWithTheDefinition()
{
    QFETCH(QString, y);
    const MetricInfo& x = *findMetric("stored_bytes");
    const MetricInfo& metric = *findMetric(y.toStdString());
    std::mt19937 random(7);
    std::vector<EvaluationResult> results;
    for (int i = 0; i < 200; ++i)
        results.push_back(point(double(random() % 50), double(random() % 50), double(random() % 50)));
    std::vector<std::size_t> front = paretoFront(results, x, metric);
    const double sign = metric.better == Better::Higher ? -1 : 1;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const double xi = x.value(results[i]), yi = sign * metric.value(results[i]);
        const bool beaten = std::any_of(results.begin(), results.end(), [&](const EvaluationResult& o) {
            const double xo = x.value(o), yo = sign * metric.value(o);
            return xo <= xi && yo <= yi && (xo < xi || yo < yi);
        });
        QCOMPARE(std::find(front.begin(), front.end(), i) != front.end(), !beaten);
    }
    QVERIFY(std::is_sorted(front.begin(), front.end(),
        [&](std::size_t a, std::size_t b) { return x.value(results[a]) < x.value(results[b]); }));
}

void TestPareto::equalPointsAreAllKept()
{
    const std::vector<EvaluationResult> results { point(10, 1), point(10, 1), point(10, 2), point(20, 1) };
    const auto front = paretoFront(results, *findMetric("stored_bytes"), *findMetric("mse"));
    QCOMPARE(front, (std::vector<std::size_t> { 0, 1 }));
}

void TestPareto::missingValuesAreLeftOut()
{
    const std::vector<EvaluationResult> results { point(10, kNoValue), point(20, 1) };
    QCOMPARE(paretoFront(results, *findMetric("stored_bytes"), *findMetric("mse")), std::vector<std::size_t> { 1 });
    QVERIFY(paretoFront({}, *findMetric("stored_bytes"), *findMetric("mse")).empty());
}

PIKV_TEST(TestPareto)
#include "tst_pareto.moc"
