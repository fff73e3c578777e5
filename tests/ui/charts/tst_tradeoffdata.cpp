// SPDX-License-Identifier: GPL-3.0-or-later
#include "chartfixture.h"
#include "core/eval/pareto.h"
#include "testmain.h"
#include "ui/charts/tradeoffdata.h"
#include "ui/models/metrictext.h"
#include <QRandomGenerator>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

class TradeoffDataTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void joinsTheSweepOfAMethodByRisingSize();
    void joinsTheBestOfAGridOfParameters();
    void putsZeroAtTheEdgeOfALogarithmicAxis();
    void countsResultsWithoutAValue();
    void frontIsTheEnginesOwn_data();
    void frontIsTheEnginesOwn();
    void hiddenMethodsLeaveTheFront();
    void spanIsNeverEmpty_data();
    void spanIsNeverEmpty();
    void ticksOfALogarithmicAxis_data();
    void ticksOfALogarithmicAxis();
    void tooltipNamesEveryParameterAndFigure();
    void numbersAreShort_data();
    void numbersAreShort();

private:
    const TradeoffAxes m_axes { findMetric("bits_per_element"), findMetric("attention_error"), true, true };
};

void TradeoffDataTest::joinsTheSweepOfAMethodByRisingSize()
{
    Results results;
    results.model.put(makeResult(kAlpha, 16, 8, 0.02), false);
    results.model.put(makeResult(kBeta, 4, 3, 0.6), false);
    results.model.put(makeResult(kAlpha, 4, 2, 0.4), false);
    const TradeoffData data = tradeoffData(results.model, m_axes, {});
    QCOMPARE(data.series.size(), 2);
    QCOMPARE(data.series[0].method, QString(kAlpha));
    QCOMPARE(data.series[0].points.size(), 2);
    QCOMPARE(data.series[0].points[0].row, 2);
    QCOMPARE(data.series[0].points[1].row, 0);
    QCOMPARE(data.shown, 3);
}

void TradeoffDataTest::joinsTheBestOfAGridOfParameters()
{
    Results results;
    const auto add = [&](int rank, int recent, double bits, double error, bool current) {
        auto result = makeResult(kAlpha, rank, bits, error);
        result->method.params.set("recent", std::int64_t(recent));
        return results.model.put(result, current);
    };
    add(4, 0, 2, 0.4, false);
    add(8, 0, 3, 0.5, false); // worse and larger, but the sweep is of the rank alone
    add(16, 0, 4, 0.1, false);
    add(20, 0, 3.5, 0.2, true);
    const auto line = [&] {
        QList<int> rows;
        const TradeoffData data = tradeoffData(results.model, m_axes, {});
        for (const TradeoffPoint& point : data.series[0].line)
            rows << point.row;
        return rows;
    };
    QCOMPARE(line(), QList<int>({ 0, 1, 2 }));
    add(16, 64, 5, 0.3, false); // now two parameters vary
    add(32, 64, 6, 0.05, false);
    QCOMPARE(line(), QList<int>({ 0, 2, 5 }));
}

void TradeoffDataTest::putsZeroAtTheEdgeOfALogarithmicAxis()
{
    Results results;
    results.addTwoSweeps();
    results.model.put(makeResult(kAlpha, 100, 16, 0), false);
    const TradeoffData log = tradeoffData(results.model, m_axes, {});
    const TradeoffPoint& zero = log.series[0].points.last();
    QVERIFY(zero.edgeY);
    QVERIFY(!zero.edgeX);
    QCOMPARE(log.shown, 6);
    QCOMPARE(log.notes.size(), 1);
    QVERIFY2(log.notes[0].contains("Alpha") && log.notes[0].contains("Attention error"), qPrintable(log.notes[0]));
    QVERIFY(fittedSpan(log, false, true).lower > 0);

    TradeoffAxes linear = m_axes;
    linear.logY = false;
    const TradeoffData plain = tradeoffData(results.model, linear, {});
    QVERIFY(!plain.series[0].points.last().edgeY);
    QVERIFY(plain.notes.isEmpty());
}

void TradeoffDataTest::countsResultsWithoutAValue()
{
    Results results;
    results.addTwoSweeps();
    const TradeoffAxes axes { m_axes.x, findMetric("next_token_kl"), false, false };
    const TradeoffData data = tradeoffData(results.model, axes, {});
    QCOMPARE(data.shown, 0);
    QCOMPARE(data.notes.size(), 1);
    QVERIFY2(data.notes[0].endsWith(": 5"), qPrintable(data.notes[0]));
}

void TradeoffDataTest::frontIsTheEnginesOwn_data()
{
    QTest::addColumn<QString>("x");
    QTest::addColumn<QString>("y");
    QTest::newRow("smaller, smaller") << "bits_per_element"
                                      << "attention_error";
    QTest::newRow("larger, smaller") << "compression_factor"
                                     << "attention_error";
    QTest::newRow("smaller, larger") << "stored_bytes"
                                     << "cosine";
    QTest::newRow("larger, larger") << "memory_reduction"
                                    << "cosine";
}

void TradeoffDataTest::frontIsTheEnginesOwn()
{
    QFETCH(QString, x);
    QFETCH(QString, y);
    QRandomGenerator random(7);
    Results results;
    std::vector<EvaluationResult> all;
    for (int i = 0; i < 60; ++i) {
        const auto result
            = makeResult(i % 2 ? kAlpha : kBeta, i + 1, 1 + random.bounded(9.0), 0.01 + random.bounded(0.9));
        QCOMPARE(results.model.put(result, false), i);
        all.push_back(*result);
    }
    const TradeoffAxes axes { findMetric(x.toStdString()), findMetric(y.toStdString()), false, false };
    const TradeoffData data = tradeoffData(results.model, axes, {});
    QSet<int> drawn, expected;
    for (const TradeoffPoint& point : data.front)
        drawn << point.row;
    for (const std::size_t i : paretoFront(all, *axes.x, *axes.y))
        expected << int(i);
    QVERIFY(expected.size() > 2);
    QCOMPARE(drawn, expected);
    for (qsizetype i = 1; i < data.front.size(); ++i) // each step buys quality for size
        QVERIFY((data.front[i].x > data.front[i - 1].x) == (axes.x->better == Better::Lower));
}

void TradeoffDataTest::hiddenMethodsLeaveTheFront()
{
    Results results;
    results.addTwoSweeps();
    const TradeoffData data = tradeoffData(results.model, m_axes, { QString(kAlpha) });
    QCOMPARE(data.shown, 2);
    QCOMPARE(data.series.size(), 2);
    QVERIFY(data.series[0].hidden);
    QCOMPARE(data.front.size(), 2);
    for (const TradeoffPoint& point : data.front)
        QVERIFY(point.row >= 3);
}

void TradeoffDataTest::spanIsNeverEmpty_data()
{
    QTest::addColumn<QList<double>>("errors");
    QTest::addColumn<bool>("log");
    QTest::newRow("no result") << QList<double>() << false;
    QTest::newRow("no result, log") << QList<double>() << true;
    QTest::newRow("one") << QList<double> { 0.3 } << false;
    QTest::newRow("one, log") << QList<double> { 0.3 } << true;
    QTest::newRow("zero") << QList<double> { 0 } << false;
    QTest::newRow("zeros, log") << QList<double> { 0, 0 } << true;
    QTest::newRow("many decades, log") << QList<double> { 1e-12, 0.5, 0 } << true;
    QTest::newRow("infinite") << QList<double> { qInf(), 0.1 } << true;
}

void TradeoffDataTest::spanIsNeverEmpty()
{
    QFETCH(QList<double>, errors);
    QFETCH(bool, log);
    Results results;
    for (const double error : errors)
        results.model.put(makeResult(kAlpha, 1 + results.model.resultCount(), 4, error), false);
    const TradeoffData data = tradeoffData(results.model, { m_axes.x, m_axes.y, log, log }, {});
    const AxisSpan span = fittedSpan(data, false, log);
    QVERIFY(std::isfinite(span.lower) && std::isfinite(span.upper));
    QVERIFY(span.upper > span.lower);
    QVERIFY(!log || span.lower > 0);
    for (const double error : errors) {
        if (std::isfinite(error) && (!log || error > 0))
            QVERIFY(error > span.lower && error < span.upper);
    }
}

void TradeoffDataTest::ticksOfALogarithmicAxis_data()
{
    QTest::addColumn<double>("lower");
    QTest::addColumn<double>("upper");
    QTest::addColumn<QList<double>>("expected");
    QTest::newRow("three decades") << 0.0009 << 1.1 << QList<double> { 0.001, 0.01, 0.1, 1 };
    QTest::newRow("one and a half") << 0.9 << 31.0 << QList<double> { 1, 2, 5, 10, 20 };
    QTest::newRow("one") << 2.0 << 16.0 << QList<double> { 2, 3, 5, 7, 10, 15 };
    QTest::newRow("too narrow: linear") << 4.0 << 5.0 << QList<double>();
}

void TradeoffDataTest::ticksOfALogarithmicAxis()
{
    QFETCH(double, lower);
    QFETCH(double, upper);
    QFETCH(QList<double>, expected);
    const QList<double> ticks = decadeTicks(lower, upper);
    QCOMPARE(ticks.size(), expected.size());
    for (qsizetype i = 0; i < ticks.size(); ++i)
        QVERIFY(std::abs(ticks[i] / expected[i] - 1) < 1e-12);
}

void TradeoffDataTest::tooltipNamesEveryParameterAndFigure()
{
    const auto result = makeResult(kAlpha, 12, 4, 0.125);
    const QString tip = resultTooltip(*result, "Alpha", m_axes.x, m_axes.y);
    QVERIFY(tip.contains("Alpha"));
    QVERIFY(tip.contains(">Rank&") && tip.contains("12")); // as the form calls it
    const auto ofShared = [](const MetricInfo& metric) { // the plain ratio once more, as nothing is shared
        return metric.name == "total_ratio" || metric.name == "amortised_ratio" || metric.name == "shared_bytes";
    };
    for (const MetricInfo& metric : metrics()) {
        const QString label = QString::fromUtf8(metric.label.data(), qsizetype(metric.label.size()));
        QCOMPARE(tip.contains(">" + label + "<") || tip.contains(label + "&nbsp;") || tip.contains("<b>" + label),
            !std::isnan(metric.value(*result)) && !ofShared(metric));
    }
    result->sharedBytes = 1000;
    QVERIFY(resultTooltip(*result, "Alpha", m_axes.x, m_axes.y).contains("mortised"));
    QVERIFY(resultTooltip(*result, "Alpha", m_axes.x, m_axes.y).count("<tr>") > 8);
}

void TradeoffDataTest::numbersAreShort_data()
{
    QTest::addColumn<double>("value");
    QTest::addColumn<QString>("expected");
    QTest::newRow("zero") << 0.0 << "0";
    QTest::newRow("plain") << 0.25 << "0.25";
    QTest::newRow("rounded") << 0.123456 << "0.123";
    QTest::newRow("power") << 1e-5 << "10⁻⁵";
    QTest::newRow("mantissa") << 2.5e-4 << "2.5×10⁻⁴";
    QTest::newRow("carry") << 9.999e-5 << "10⁻⁴";
    QTest::newRow("large") << 3e6 << "3×10⁶";
    QTest::newRow("missing") << qQNaN() << "n/a";
}

void TradeoffDataTest::numbersAreShort()
{
    QFETCH(double, value);
    QFETCH(QString, expected);
    QCOMPARE(shortNumber(value), expected);
}

PIKV_TEST(TradeoffDataTest)
#include "tst_tradeoffdata.moc"
