// SPDX-License-Identifier: GPL-3.0-or-later
// What a user does in a chart's tab by mouse and keyboard, and reads off it: menus, axes, empty charts, ticks.
#include "chartfixture.h"
#include "testmain.h"
#include "ui/charts/axisvalue.h"
#include "ui/charts/chartticker.h"
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/measuredmetrics.h"
#include "ui/charts/metriccombo.h"
#include "ui/charts/qcp.h"
#include "ui/charts/ticklabels.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/tradeoffdata.h"
#include "ui/charts/tradeoffpanel.h"
#include "ui/charts/trainingchart.h"
#include "ui/models/trainingrun.h"
#include <QApplication>
#include <QCheckBox>
#include <QLabel>
#include <QMenu>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>
#include <QWindow>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

class ChartUseTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void rightClickOpensTheMenu();
    void chosenAxisStaysUntilItIsMeasured();
    void restoredAxisIsNotForgotten();
    void emptyChartNamesTheProblem();
    void notesOfAnotherDumpGo();
    void rubberBandIsGoneAfterwards();
    void ticksOfAnAxisHaveOneNotation_data();
    void ticksOfAnAxisHaveOneNotation();
    void noTickStandsInTheBreakOfAnAxis();
    void cosinesOnALogAxisAreDistancesFromOne();
    void legendOfACurveChartFits();
    void rowsAreLookedAtOnce();

private:
    QCustomPlot* plot() const { return m_panel->findChild<QCustomPlot*>(); }
    void put(const std::shared_ptr<EvaluationResult>& result)
    {
        m_results->model.put(result, true);
        m_panel->tradeoffChart()->refreshNow();
        QCoreApplication::processEvents();
    }

    std::unique_ptr<Results> m_results;
    std::unique_ptr<TradeoffPanel> m_panel;
};

void ChartUseTest::init()
{
    m_results = std::make_unique<Results>();
    m_panel = std::make_unique<TradeoffPanel>(&m_results->model, &m_results->selection);
    m_panel->resize(800, 500);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_panel.get()));
}

void ChartUseTest::cleanup()
{
    m_panel.reset();
    m_results.reset();
}

void ChartUseTest::rightClickOpensTheMenu()
{
    m_results->addTwoSweeps();
    m_panel->tradeoffChart()->refreshNow();
    QStringList entries;
    QTimer::singleShot(50, this, [&] {
        auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        if (!menu)
            return;
        for (const QAction* action : menu->actions())
            entries << action->objectName();
        menu->close();
    });
    const QPoint middle = plot()->mapTo(m_panel.get(), plot()->axisRect()->rect().center());
    QTest::mouseClick(m_panel->windowHandle(), Qt::RightButton, {}, middle);
    QTest::qWait(60);
    QVERIFY2(entries.contains("exportChart") && entries.contains("copyImage"), qPrintable(entries.join(' ')));
}

void ChartUseTest::chosenAxisStaysUntilItIsMeasured()
{
    auto scored = makeResult(kAlpha, 8, 4, 0.1);
    scored->nextToken.kl = 0.02;
    put(scored);
    ComparisonPanel bars(&m_results->model, &m_results->selection);
    auto* y = m_panel->findChild<MetricCombo*>("tradeoffYMetric");
    auto* bar = bars.findChild<MetricCombo*>("comparisonMetric");
    for (MetricCombo* combo : { y, bar }) {
        combo->setFocus();
        combo->setMetric("next_token_kl");
    }
    m_results->model.clear(); // another dump
    put(makeResult(kAlpha, 8, 4, 0.1));
    QCOMPARE(y->metricName(), QString("next_token_kl"));
    QCOMPARE(bar->metricName(), QString("next_token_kl"));
    auto* hint = m_panel->findChild<QLabel*>("tradeoffEmpty");
    QVERIFY(hint->isVisible());
    QVERIFY2(hint->text().contains("not measured yet"), qPrintable(hint->text()));
    put(scored);
    QVERIFY(!hint->isVisible());
    QCOMPARE(y->metricName(), QString("next_token_kl"));
    QCOMPARE(m_panel->tradeoffChart()->data().shown, 1);
}

void ChartUseTest::restoredAxisIsNotForgotten()
{
    m_panel->restoreState(R"({"y":"next_token_kl"})");
    const QByteArray state = m_panel->saveState(); // a session that did not come to measure it
    TradeoffPanel next(&m_results->model, &m_results->selection);
    next.restoreState(state);
    auto scored = makeResult(kAlpha, 8, 4, 0.1);
    scored->nextToken.kl = 0.02;
    put(scored);
    QCOMPARE(next.findChild<MetricCombo*>("tradeoffYMetric")->metricName(), QString("next_token_kl"));
}

void ChartUseTest::emptyChartNamesTheProblem()
{
    auto* hint = m_panel->findChild<QLabel*>("tradeoffEmpty");
    QVERIFY(hint->text().contains("Open"));
    m_panel->setReadiness(Readiness::Open);
    QVERIFY(hint->text().contains("Check a method"));
    m_panel->setReadiness(Readiness::Failed);
    QVERIFY2(hint->text().contains("Problems"), qPrintable(hint->text()));
    QVERIFY(hint->isVisible());
    put(makeResult(kAlpha, 8, 4, 0.1)); // one failed, another did not
    QVERIFY(!hint->isVisible());
}

void ChartUseTest::notesOfAnotherDumpGo()
{
    put(makeResult(kAlpha, 8, 4, 0));
    auto* notes = m_panel->findChild<QLabel*>("chartNotes");
    QVERIFY(notes->isVisible());
    m_results->model.clear();
    QTRY_VERIFY(!notes->isVisible());
}

void ChartUseTest::rubberBandIsGoneAfterwards()
{
    m_results->addTwoSweeps();
    m_panel->tradeoffChart()->refreshNow();
    QTest::qWait(40);
    const QImage before = plot()->grab().toImage();
    const QRect around = plot()->axisRect()->rect().adjusted(120, 60, -60, -200);
    QTest::mousePress(plot(), Qt::LeftButton, Qt::ShiftModifier, around.topLeft());
    QMouseEvent move(QEvent::MouseMove, around.bottomRight(), plot()->mapToGlobal(around.bottomRight()), Qt::NoButton,
        Qt::LeftButton, Qt::ShiftModifier);
    QCoreApplication::sendEvent(plot(), &move);
    QVERIFY(plot()->grab().toImage() != before); // the band
    QTest::mouseRelease(plot(), Qt::LeftButton, Qt::ShiftModifier, around.bottomRight());
    QTest::qWait(40);
    m_results->selection.clearSelection();
    QTRY_COMPARE(plot()->grab().toImage(), before);
}

void ChartUseTest::ticksOfAnAxisHaveOneNotation_data()
{
    QTest::addColumn<QList<double>>("ticks");
    QTest::addColumn<QStringList>("labels");
    QTest::newRow("plain") << QList<double> { 0.5, 0.1, 0.01, 0.005 } << QStringList { "0.5", "0.1", "0.01", "0.005" };
    QTest::newRow("powers") << QList<double> { 0.1, 1e-5 } << QStringList { "10⁻¹", "10⁻⁵" };
    QTest::newRow("one in powers") << QList<double> { 1, 1e-4 } << QStringList { "1", "10⁻⁴" };
    QTest::newRow("close to one") << QList<double> { 0.99998, 0.99999, 1 } << QStringList { "0.99998", "0.99999", "1" };
    QTest::newRow("rounding") << QList<double> { -0.1, 1e-17, 0.1 } << QStringList { "-0.1", "0", "0.1" };
}

void ChartUseTest::ticksOfAnAxisHaveOneNotation()
{
    QFETCH(QList<double>, ticks);
    QTEST(tickLabels(ticks), "labels");
}

void ChartUseTest::noTickStandsInTheBreakOfAnAxis()
{
    m_results->addTwoSweeps();
    m_results->model.put(makeResult(kAlpha, 99, 7, 0), false);
    m_panel->tradeoffChart()->refreshNow();
    plot()->replot();
    const QCPRange range = plot()->yAxis->range();
    const auto lowest = [&](QCPAxisTicker& ticker) { // tick or sub tick, as a share of the axis from its lower end
        QVector<double> ticks, subTicks;
        ticker.generate(range, QLocale::c(), 'g', 6, ticks, &subTicks, nullptr);
        ticks += subTicks;
        double share = 1;
        for (const double tick : std::as_const(ticks)) {
            if (range.contains(tick))
                share = std::min(share, std::log(tick / range.lower) / std::log(range.upper / range.lower));
        }
        return share;
    };
    ChartTicker whole(true, false);
    QVERIFY2(lowest(whole) < kBreakStrip, qPrintable(QString::number(lowest(whole))));
    const double broken = lowest(*plot()->yAxis->ticker());
    QVERIFY2(broken >= kBreakStrip && broken < 0.5, qPrintable(QString::number(broken)));
}

void ChartUseTest::cosinesOnALogAxisAreDistancesFromOne()
{
    const auto result = makeResult(kAlpha, 8, 4, 0.1); // cosine 0.995
    put(result);
    m_panel->findChild<MetricCombo*>("tradeoffYMetric")->setMetric("cosine");
    auto* log = m_panel->findChild<QCheckBox*>("tradeoffLogY");
    const auto shown = [this] {
        m_panel->tradeoffChart()->refreshNow();
        return m_panel->tradeoffChart()->data().series.first().points.first().y;
    };
    log->setChecked(false);
    QCOMPARE(shown(), result->quality.cosine);
    QTest::mouseClick(log, Qt::LeftButton, {}, { 8, log->height() / 2 });
    QVERIFY(log->isChecked());
    QCOMPARE(shown(), 1 - result->quality.cosine);
    QVERIFY(plot()->yAxis->label().startsWith("1 −"));
}

void ChartUseTest::legendOfACurveChartFits()
{
    TrainingRun run;
    TrainingChart chart(&run);
    auto* curves = chart.findChild<QCustomPlot*>();
    chart.resize(500, 300);
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    chart.refreshNow();
    QTest::qWait(40);
    QVERIFY2(curves->axisRect()->height() > 200, "an empty legend takes the room of the data");
    for (const char* name : { "keys of a name that is long", "values of a name that is long" })
        run.add(QStringLiteral("MiniLLM"), { name, 0, 2, 10, 0.5 });
    for (const int width : { 800, 260 }) {
        chart.resize(width, 300);
        chart.refreshNow();
        QTest::qWait(40);
        QCOMPARE(curves->legend->itemCount(), 2);
        for (int i = 0; i < 2; ++i)
            QVERIFY2(curves->viewport().contains(curves->legend->item(i)->outerRect()), qPrintable(QString::number(i)));
    }
}

/// A sweep of hundreds of points changes rows all the time: the choice of metrics looks at each of them, not at all.
void ChartUseTest::rowsAreLookedAtOnce()
{
    MeasuredMetrics measured(&m_results->model, this);
    QSignalSpy changed(&measured, &MeasuredMetrics::changed);
    for (int rank = 1; rank < 200; ++rank)
        m_results->model.put(makeResult(kAlpha, rank, 4, 0.1), false);
    QCOMPARE(changed.count(), 0);
    auto scored = makeResult(kAlpha, 77, 4, 0.1);
    scored->nextToken.kl = 0.02;
    m_results->model.put(scored, false);
    QVERIFY(measured.nextToken());
    QCOMPARE(changed.count(), 1);
    m_results->model.removeRowsAt({ 76 });
    QVERIFY(!measured.nextToken());
    QCOMPARE(changed.count(), 2);
}

PIKV_TEST(ChartUseTest)
#include "tst_chartuse.moc"
