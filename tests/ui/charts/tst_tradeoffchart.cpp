// SPDX-License-Identifier: GPL-3.0-or-later
#include "chartfixture.h"
#include "testmain.h"
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffchart.h"
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

class TradeoffChartTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void saysWhatToDoWhenEmpty();
    void findsTheNearestPoint();
    void clickSelectsTheRow();
    void selectionOfTheTableShows();
    void shiftDragSelectsSeveral();
    void arrowKeysVisitEveryPoint();
    void zeroSitsInsideTheLowerEdge();
    void zoomNeverShrinksToNothing();
    void rangesStayWhileAPointMoves();
    void userZoomSurvivesNewResults();
    void legendClickHidesAMethod();
    void manyChangesAreDrawnOnce();
    void nothingIsHitAfterRowsAreGone();
    void followsThePalette();
    void describesItself();

private:
    QCustomPlot* plot() const { return m_chart->findChild<QCustomPlot*>(); }
    QPoint at(int row) const { return m_chart->positionOf(row).toPoint() - plot()->pos(); }
    bool hasColor(const QColor& color, QPoint around, int reach) const;

    std::unique_ptr<Results> m_results;
    std::unique_ptr<TradeoffChart> m_chart;
};

void TradeoffChartTest::init()
{
    m_results = std::make_unique<Results>();
    m_chart = std::make_unique<TradeoffChart>(&m_results->model, &m_results->selection);
    m_chart->setAxes({ findMetric("bits_per_element"), findMetric("attention_error"), false, true });
    m_chart->resize(800, 500);
    m_chart->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_chart.get()));
    if (QString(QTest::currentTestFunction()) != "saysWhatToDoWhenEmpty")
        m_results->addTwoSweeps();
    m_chart->refreshNow();
    QCoreApplication::processEvents();
}

void TradeoffChartTest::cleanup()
{
    m_chart.reset();
    m_results.reset();
}

bool TradeoffChartTest::hasColor(const QColor& color, QPoint around, int reach) const
{
    const QImage image = m_chart->grab().toImage();
    for (int y = around.y() - reach; y <= around.y() + reach; ++y) {
        for (int x = around.x() - reach; x <= around.x() + reach; ++x) {
            if (image.valid(x, y) && image.pixelColor(x, y) == color)
                return true;
        }
    }
    return false;
}

void TradeoffChartTest::saysWhatToDoWhenEmpty()
{
    auto* hint = m_chart->findChild<QLabel*>("tradeoffEmpty");
    QVERIFY(hint->isVisible());
    QVERIFY(!hint->text().isEmpty());
    QCOMPARE(hint->size(), m_chart->size());
    m_results->addTwoSweeps();
    QTRY_VERIFY(!hint->isVisible());
    m_results->model.clear();
    QTRY_VERIFY(hint->isVisible());
}

void TradeoffChartTest::findsTheNearestPoint()
{
    for (int row = 0; row < 5; ++row) {
        QCOMPARE(m_chart->rowAt(m_chart->positionOf(row)), row);
        QCOMPARE(m_chart->rowAt(m_chart->positionOf(row) + QPointF(5, -5)), row);
    }
    QCOMPARE(m_chart->rowAt(m_chart->plotArea().topRight() - QPointF(20, -20)), -1);
    // Two points closer than the reach: the nearer one wins on either side.
    const int close = m_results->model.put(makeResult(kBeta, 9, 4.05, 0.1), false);
    m_chart->refreshNow();
    QCoreApplication::processEvents();
    const QPointF between = m_chart->positionOf(close) - m_chart->positionOf(1);
    QVERIFY(between.x() > 1 && between.x() < 14);
    QCOMPARE(m_chart->rowAt(m_chart->positionOf(1) - QPointF(2, 0)), 1);
    QCOMPARE(m_chart->rowAt(m_chart->positionOf(close) + QPointF(2, 0)), close);
}

void TradeoffChartTest::clickSelectsTheRow()
{
    QTest::mouseClick(plot(), Qt::LeftButton, {}, at(2));
    QCOMPARE(m_results->selectedRows(), QList<int>({ 2 }));
    QTest::mouseClick(plot(), Qt::LeftButton, Qt::ControlModifier, at(3));
    QCOMPARE(m_results->selectedRows(), QList<int>({ 2, 3 }));
    QTest::mouseClick(plot(), Qt::LeftButton, Qt::ControlModifier, at(2));
    QCOMPARE(m_results->selectedRows(), QList<int>({ 3 }));
    QTest::mouseClick(plot(), Qt::LeftButton, {}, at(0));
    QCOMPARE(m_results->selectedRows(), QList<int>({ 0 }));
    QTest::mouseClick(plot(), Qt::LeftButton, {}, m_chart->plotArea().topRight().toPoint() + QPoint(-20, 20));
    QVERIFY(m_results->selectedRows().isEmpty());
}

void TradeoffChartTest::selectionOfTheTableShows()
{
    const QColor highlight = m_chart->palette().color(QPalette::Highlight);
    QVERIFY(!hasColor(highlight, m_chart->positionOf(2).toPoint(), 14));
    m_results->selection.select(m_results->model.index(2, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
    QVERIFY(hasColor(highlight, m_chart->positionOf(2).toPoint(), 14));
    m_results->selection.clearSelection();
    QVERIFY(!hasColor(highlight, m_chart->positionOf(2).toPoint(), 14));
}

void TradeoffChartTest::shiftDragSelectsSeveral()
{
    QRect around(at(0), at(1));
    around = around.normalized().adjusted(-12, -12, 12, 12);
    QList<int> inside;
    for (int row = 0; row < 5; ++row) {
        if (around.contains(at(row)))
            inside << row;
    }
    QVERIFY(inside.size() >= 2 && inside.size() < 5);
    const double lower = plot()->xAxis->range().lower;
    QTest::mousePress(plot(), Qt::LeftButton, Qt::ShiftModifier, around.topLeft());
    QMouseEvent move(QEvent::MouseMove, around.bottomRight(), plot()->mapToGlobal(around.bottomRight()), Qt::NoButton,
        Qt::LeftButton, Qt::ShiftModifier);
    QCoreApplication::sendEvent(plot(), &move);
    QTest::mouseRelease(plot(), Qt::LeftButton, Qt::ShiftModifier, around.bottomRight());
    QCOMPARE(m_results->selectedRows(), inside);
    QCOMPARE(plot()->xAxis->range().lower, lower); // it did not pan
}

void TradeoffChartTest::arrowKeysVisitEveryPoint()
{
    m_chart->setFocus();
    QList<int> visited;
    for (int i = 0; i < 7; ++i) {
        QTest::keyClick(m_chart.get(), Qt::Key_Right);
        if (visited.isEmpty() || visited.last() != m_chart->cursorRow())
            visited << m_chart->cursorRow();
    }
    QCOMPARE(visited, QList<int>({ 0, 3, 1, 4, 2 })); // by rising size
    QTest::keyClick(m_chart.get(), Qt::Key_Up); // up the screen: the next worse error
    QCOMPARE(m_chart->cursorRow(), 1);
    QTest::keyClick(m_chart.get(), Qt::Key_Return);
    QCOMPARE(m_results->selectedRows(), QList<int>({ 1 }));
    QTest::keyClick(m_chart.get(), Qt::Key_Home);
    QTest::keyClick(m_chart.get(), Qt::Key_Space, Qt::ControlModifier);
    QCOMPARE(m_results->selectedRows(), QList<int>({ 0, 1 }));
    QVERIFY(m_chart->accessibleDescription().contains("rank=4"));
    QTest::keyClick(m_chart.get(), Qt::Key_Escape);
    QVERIFY(m_results->selectedRows().isEmpty());
    QCOMPARE(m_chart->cursorRow(), -1);
}

void TradeoffChartTest::zeroSitsInsideTheLowerEdge()
{
    const int row = m_results->model.put(makeResult(kAlpha, 99, 7, 0), false);
    QSignalSpy notes(m_chart.get(), &TradeoffChart::notesChanged);
    m_chart->refreshNow();
    QCoreApplication::processEvents();
    QCOMPARE(notes.count(), 1);
    const QPointF position = m_chart->positionOf(row);
    QVERIFY(m_chart->plotArea().contains(position));
    QVERIFY(m_chart->plotArea().bottom() - position.y() < 25);
    const double strip = 2 * (m_chart->plotArea().bottom() - position.y()); // beyond the break of the axis
    for (int other = 0; other < 5; ++other)
        QVERIFY(m_chart->positionOf(other).y() < m_chart->plotArea().bottom() - strip);
    QCOMPARE(m_chart->rowAt(position), row);
}

void TradeoffChartTest::zoomNeverShrinksToNothing()
{
    const QPointF middle = m_chart->plotArea().center();
    for (const int direction : { 120, -120 }) {
        for (int i = 0; i < 150; ++i) {
            QWheelEvent wheel(middle, plot()->mapToGlobal(middle), {}, { 0, direction }, Qt::NoButton, Qt::NoModifier,
                Qt::NoScrollPhase, false);
            QCoreApplication::sendEvent(plot(), &wheel);
        }
        for (const QCPAxis* axis : { plot()->xAxis, plot()->yAxis }) {
            QVERIFY(std::isfinite(axis->range().lower) && std::isfinite(axis->range().upper));
            QVERIFY(axis->range().size() > 1e-6 && axis->range().size() < 1e9);
        }
    }
    QTest::mouseDClick(plot(), Qt::LeftButton, {}, middle.toPoint());
    for (int row = 0; row < 5; ++row)
        QVERIFY(m_chart->plotArea().contains(m_chart->positionOf(row)));
}

void TradeoffChartTest::rangesStayWhileAPointMoves()
{
    const QCPRange x = plot()->xAxis->range(), y = plot()->yAxis->range();
    m_results->model.put(makeResult(kAlpha, 9, 4.4, 0.09), true);
    m_chart->refreshNow();
    QCOMPARE(m_results->model.resultCount(), 5); // the live point moved
    QCOMPARE(plot()->xAxis->range(), x);
    QCOMPARE(plot()->yAxis->range(), y);
    m_results->model.put(makeResult(kAlpha, 64, 12, 0.001), true);
    m_chart->refreshNow();
    QVERIFY(plot()->xAxis->range().contains(12) && plot()->yAxis->range().contains(0.001));
    QCOMPARE(plot()->xAxis->range().lower, x.lower); // grown on the one side alone
    QCOMPARE(plot()->yAxis->range().upper, y.upper);
}

void TradeoffChartTest::userZoomSurvivesNewResults()
{
    QTest::keyClick(m_chart.get(), Qt::Key_Plus);
    const QCPRange zoomed = plot()->xAxis->range();
    m_results->model.put(makeResult(kBeta, 77, 14, 0.3), false);
    m_chart->refreshNow();
    QCOMPARE(plot()->xAxis->range(), zoomed);
    QTest::keyClick(m_chart.get(), Qt::Key_0);
    QVERIFY(plot()->xAxis->range().contains(14));
}

void TradeoffChartTest::legendClickHidesAMethod()
{
    QSignalSpy changed(m_chart.get(), &TradeoffChart::hiddenMethodsChanged);
    QCOMPARE(plot()->legend->itemCount(), 3); // two methods and the front
    QVERIFY(!plot()->axisRect()->rect().intersects(plot()->legend->rect()));
    const auto click = [this](int item) {
        QTest::mouseClick(plot(), Qt::LeftButton, {}, plot()->legend->item(item)->rect().center());
        m_chart->refreshNow();
    };
    click(0);
    QCOMPARE(m_chart->hiddenMethods(), QStringList({ kAlpha }));
    QCOMPARE(m_chart->data().shown, 2);
    QCOMPARE(m_chart->rowAt(m_chart->positionOf(0)), -1);
    click(0);
    QVERIFY(m_chart->hiddenMethods().isEmpty());
    QCOMPARE(m_chart->data().shown, 5);
    QCOMPARE(changed.count(), 2);
}

void TradeoffChartTest::manyChangesAreDrawnOnce()
{
    QSignalSpy draws(plot(), &QCustomPlot::afterReplot);
    for (int i = 0; i < 200; ++i)
        m_results->model.put(makeResult(kAlpha, 100 + i, 2 + i * 0.03, 0.5 / (1 + i)), false);
    QTRY_COMPARE(m_chart->data().shown, 205);
    QTest::qWait(60);
    QVERIFY2(draws.count() >= 1 && draws.count() <= 4, qPrintable(QString::number(draws.count())));
}

void TradeoffChartTest::nothingIsHitAfterRowsAreGone()
{
    const QPoint last = at(4);
    m_results->model.removeMethod(kBeta); // the chart has not drawn this yet
    QTest::mouseMove(plot(), last);
    QTest::mouseClick(plot(), Qt::LeftButton, {}, last);
    QTest::keyClick(m_chart.get(), Qt::Key_End);
    QTest::keyClick(m_chart.get(), Qt::Key_Return);
    QVERIFY(m_results->selectedRows().isEmpty());
    QTRY_COMPARE(m_chart->data().shown, 3);
    m_results->model.clear();
    QTest::mouseClick(plot(), Qt::LeftButton, {}, last);
    QTest::keyClick(m_chart.get(), Qt::Key_Right);
    QVERIFY(m_results->selectedRows().isEmpty());
    QTRY_COMPARE(m_chart->data().shown, 0);
}

void TradeoffChartTest::followsThePalette()
{
    const auto corner = [this] { return m_chart->grab().toImage().pixelColor(3, 3); };
    QCOMPARE(corner(), m_chart->palette().color(QPalette::Base));
    m_chart->setPalette(darkPalette());
    QCoreApplication::processEvents();
    QCOMPARE(corner(), darkPalette().color(QPalette::Base));
    m_chart->setPalette(QPalette());
    QCoreApplication::processEvents();
    QCOMPARE(corner(), QPalette().color(QPalette::Base));
}

void TradeoffChartTest::describesItself()
{
    QVERIFY(!m_chart->accessibleName().isEmpty());
    const QString text = m_chart->accessibleDescription();
    for (const char* part : { "points: 5", "Alpha", "Beta", "Pareto front" })
        QVERIFY2(text.contains(part), qPrintable(text));
    QCOMPARE(m_chart->focusPolicy(), Qt::StrongFocus);
}

PIKV_TEST(TradeoffChartTest)
#include "tst_tradeoffchart.moc"
