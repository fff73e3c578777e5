// SPDX-License-Identifier: GPL-3.0-or-later
// Choices of the chart panels, and the layer map.
#include "chartfixture.h"
#include "testmain.h"
#include "ui/charts/comparisonpanel.h"
#include "ui/charts/layerschart.h"
#include "ui/charts/layerspanel.h"
#include "ui/charts/ledgerchart.h"
#include "ui/charts/ledgerpanel.h"
#include "ui/charts/metriccombo.h"
#include "ui/charts/qcp.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/charts/tradeoffpanel.h"
#include <QCheckBox>
#include <QLabel>
#include <QTableView>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

class PanelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void metricsAndScalesReachTheChart();
    void scaleIsRememberedByMetric();
    void tradeoffStateComesBack();
    void garbageStateIsIgnored();
    void nextTokenMetricsAppearWithTheirResults();
    void comparisonStateComesBack();
    void everyControlHasANameAndKeyboardFocus();
    void layersShowTheSelectedResult();
    void layersCursorReadsCells();
    void layersLeaveMissingLayersEmpty();
    void layersFillThePlaneOfOneHead();
    void layersSayWhenThereIsNothing();
    void ledgerStacksTheParts();
    void ledgerIsEmptyWhereNobodyCounted();
};

void PanelsTest::metricsAndScalesReachTheChart()
{
    Results results;
    results.addTwoSweeps();
    TradeoffPanel panel(&results.model, &results.selection);
    auto* x = panel.findChild<MetricCombo*>("tradeoffXMetric");
    auto* y = panel.findChild<MetricCombo*>("tradeoffYMetric");
    QCOMPARE(x->count(), 8);
    x->setMetric("memory_reduction");
    y->setMetric("cosine");
    const TradeoffAxes& axes = panel.tradeoffChart()->axes();
    QCOMPARE(axes.x, findMetric("memory_reduction"));
    QCOMPARE(axes.y, findMetric("cosine"));
    QCOMPARE(axes.logY, axes.y->logScale);
    panel.findChild<QCheckBox*>("tradeoffLogY")->setChecked(!axes.y->logScale);
    QCOMPARE(panel.tradeoffChart()->axes().logY, !axes.y->logScale);
}

void PanelsTest::scaleIsRememberedByMetric()
{
    Results results;
    TradeoffPanel panel(&results.model, &results.selection);
    auto* y = panel.findChild<MetricCombo*>("tradeoffYMetric");
    auto* log = panel.findChild<QCheckBox*>("tradeoffLogY");
    QVERIFY(log->isChecked()); // an error
    log->setChecked(false);
    y->setMetric("mse");
    QVERIFY(log->isChecked());
    y->setMetric("attention_error");
    QVERIFY(!log->isChecked());
}

void PanelsTest::tradeoffStateComesBack()
{
    Results results;
    results.addTwoSweeps();
    QByteArray state;
    {
        TradeoffPanel panel(&results.model, &results.selection);
        panel.findChild<MetricCombo*>("tradeoffXMetric")->setMetric("compression_factor");
        panel.findChild<MetricCombo*>("tradeoffYMetric")->setMetric("value_nmse");
        panel.findChild<QCheckBox*>("tradeoffLogX")->setChecked(false);
        panel.tradeoffChart()->setMethodHidden(kBeta, true);
        state = panel.saveState();
    }
    TradeoffPanel panel(&results.model, &results.selection);
    panel.restoreState(state);
    QCOMPARE(panel.saveState(), state);
    QCOMPARE(panel.tradeoffChart()->axes().y, findMetric("value_nmse"));
    QCOMPARE(panel.tradeoffChart()->axes().logX, false);
    QCOMPARE(panel.tradeoffChart()->hiddenMethods(), QStringList({ kBeta }));
}

void PanelsTest::garbageStateIsIgnored()
{
    Results results;
    TradeoffPanel panel(&results.model, &results.selection);
    ComparisonPanel bars(&results.model, &results.selection);
    LayersPanel layers(&results.model, &results.selection);
    const QByteArray before = panel.saveState();
    for (const QByteArray& garbage :
        { QByteArray(), QByteArray("{"), QByteArray("[1]"), QByteArray(R"({"x":"none","y":7})") }) {
        panel.restoreState(garbage);
        bars.restoreState(garbage);
        layers.restoreState(garbage);
        QCOMPARE(panel.saveState(), before);
    }
}

void PanelsTest::nextTokenMetricsAppearWithTheirResults()
{
    Results results;
    results.addTwoSweeps();
    TradeoffPanel panel(&results.model, &results.selection);
    ComparisonPanel bars(&results.model, &results.selection);
    auto* y = panel.findChild<MetricCombo*>("tradeoffYMetric");
    QCOMPARE(y->findData("next_token_kl"), -1);
    panel.restoreState(R"({"y":"next_token_kl"})"); // from a session that had them
    QCOMPARE(y->metricName(), QString("attention_error"));
    auto scored = makeResult(kAlpha, 8, 4, 0.1);
    scored->nextToken.kl = 0.02;
    results.model.put(scored, true);
    QVERIFY(y->findData("next_token_kl") >= 0);
    QCOMPARE(y->metricName(), QString("next_token_kl"));
    QVERIFY(bars.findChild<MetricCombo*>("comparisonMetric")->findData("next_token_accuracy") >= 0);
    panel.tradeoffChart()->refreshNow();
    QCOMPARE(panel.tradeoffChart()->data().shown, 1);
}

void PanelsTest::comparisonStateComesBack()
{
    Results results;
    ComparisonPanel panel(&results.model, &results.selection);
    panel.findChild<MetricCombo*>("comparisonMetric")->setMetric("compression_factor");
    panel.findChild<QCheckBox*>("comparisonLog")->setChecked(true);
    ComparisonPanel again(&results.model, &results.selection);
    again.restoreState(panel.saveState());
    QCOMPARE(again.saveState(), panel.saveState());
    QVERIFY(again.findChild<QCheckBox*>("comparisonLog")->isChecked());
}

void PanelsTest::everyControlHasANameAndKeyboardFocus()
{
    Results results;
    TradeoffPanel tradeoff(&results.model, &results.selection);
    ComparisonPanel bars(&results.model, &results.selection);
    LayersPanel layers(&results.model, &results.selection);
    int seen = 0;
    for (const QWidget* panel : std::initializer_list<QWidget*> { &tradeoff, &bars, &layers }) {
        for (const QWidget* widget : panel->findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisibleTo(panel))
                continue;
            ++seen;
            QVERIFY2(!widget->accessibleName().isEmpty(), widget->metaObject()->className());
        }
    }
    QVERIFY(seen >= 12);
}

void PanelsTest::layersShowTheSelectedResult()
{
    Results results;
    results.addTwoSweeps();
    for (const int row : { 1, 2 }) {
        auto layered = std::make_shared<EvaluationResult>(*results.model.row(row).result);
        addLayers(*layered, row, 2);
        results.model.put(layered, results.model.row(row).current);
    }
    LayersPanel panel(&results.model, &results.selection);
    panel.show();
    LayersChart* chart = panel.layersChart();
    results.selection.select(
        results.model.index(1, 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    QTRY_COMPARE(chart->shownRow(), 1);
    QTRY_VERIFY(panel.findChild<QLabel*>("layersResult")->text().contains("rank=8"));
    results.selection.select(
        results.model.index(2, 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    QTRY_VERIFY(panel.findChild<QLabel*>("layersResult")->text().contains("rank=16"));
    results.selection.clearSelection();
    auto live = makeResult(kAlpha, 9, 4, 0.1);
    addLayers(*live, 3, 2);
    results.model.put(live, true); // dragging: its map is what one wants to see
    QTRY_VERIFY(panel.findChild<QLabel*>("layersResult")->text().contains("rank=9"));
}

void PanelsTest::layersCursorReadsCells()
{
    Results results;
    auto result = makeResult(kAlpha, 8, 4, 0.1);
    addLayers(*result, 4, 3);
    results.model.put(result, true);
    LayersPanel panel(&results.model, &results.selection);
    panel.resize(500, 400);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    QTest::qWait(40);
    LayersChart* chart = panel.layersChart();
    for (int key = 0; key < 4; ++key) // the first step enters the map
        QTest::keyClick(chart, Qt::Key_Down);
    QTest::keyClick(chart, Qt::Key_Right);
    QCOMPARE(chart->cursorCell(), QPoint(1, 3));
    QVERIFY2(chart->accessibleDescription().contains("3.1"), qPrintable(chart->accessibleDescription()));
    for (int i = 0; i < 9; ++i)
        QTest::keyClick(chart, Qt::Key_Right);
    QCOMPARE(chart->cursorCell(), QPoint(2, 3)); // stops at the edge
    const HeatMap* map = chart->map();
    for (int layer = 0; layer < 4; ++layer) {
        for (int head = 0; head < 3; ++head)
            QCOMPARE(map->cellAt(map->cellRect({ head, layer }).center()), QPoint(head, layer));
    }
    QCOMPARE(map->cellAt({ 1, 1 }), QPoint(-1, -1));
    QVERIFY(map->cellRect({ 0, 0 }).top() < map->cellRect({ 0, 3 }).top());
}

void PanelsTest::layersLeaveMissingLayersEmpty()
{
    Results results;
    auto preview = makeResult(kAlpha, 8, 4, 0.1);
    addLayers(*preview, 4, 2);
    preview->layers.erase(preview->layers.begin() + 1); // a preview skips layers
    preview->preview = true;
    results.model.put(preview, true);
    LayersPanel panel(&results.model, &results.selection);
    panel.findChild<QCheckBox*>("layersLog")->setChecked(false);
    panel.resize(500, 400);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    QTest::qWait(40);
    const HeatMap* map = panel.layersChart()->map();
    const QImage image = panel.grab().toImage();
    const auto colorOf = [&](int head, int layer) {
        return image.pixelColor(map->mapTo(&panel, map->cellRect({ head, layer }).center().toPoint()));
    };
    const QColor base = panel.palette().color(QPalette::Base);
    QCOMPARE(colorOf(0, 1), base);
    QCOMPARE(colorOf(1, 1), base);
    QVERIFY(colorOf(0, 2) != base);
    QVERIFY(colorOf(1, 3).lightness() > colorOf(0, 0).lightness()); // more error, brighter
}

void PanelsTest::layersFillThePlaneOfOneHead()
{
    Results results;
    auto result = makeResult(kAlpha, 8, 4, 0.1);
    addLayers(*result, 3, 1);
    results.model.put(result, true);
    LayersPanel panel(&results.model, &results.selection);
    panel.resize(500, 400);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    QTest::qWait(40);
    const HeatMap* map = panel.layersChart()->map();
    const QImage image = panel.grab().toImage();
    const QColor base = panel.palette().color(QPalette::Base);
    const QRect cell = map->cellRect({ 0, 2 }).toRect().adjusted(6, 6, -6, -6);
    for (const QPoint corner : { cell.topLeft(), cell.topRight(), cell.bottomLeft(), cell.bottomRight() })
        QVERIFY(image.pixelColor(map->mapTo(&panel, corner)) != base);
}

void PanelsTest::layersSayWhenThereIsNothing()
{
    Results results;
    results.addTwoSweeps(); // without layers
    LayersPanel panel(&results.model, &results.selection);
    QVERIFY(!panel.findChild<QLabel*>("layersEmpty")->isHidden());
    QCOMPARE(panel.layersChart()->shownRow(), -1);
    QTest::keyClick(panel.layersChart(), Qt::Key_Down);
    QCOMPARE(panel.layersChart()->cursorCell(), QPoint(-1, -1));
}

void PanelsTest::ledgerStacksTheParts()
{
    Results results;
    auto small = makeResult(kAlpha, 8, 4, 0.1), large = makeResult(kBeta, 8, 6, 0.2);
    small->ledger[LedgerPart::Payload] = 3'000'000;
    small->ledger[LedgerPart::Sinks] = 1'000'000;
    small->sharedBytes = 800'000;
    results.model.setSharedCaches(4);
    large->ledger[LedgerPart::Payload] = 6'000'000;
    results.model.put(small, true);
    results.model.put(large, true);
    LedgerPanel panel(&results.model, &results.selection);
    panel.resize(700, 500);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    LedgerChart* chart = panel.ledgerChart();
    QTRY_COMPARE(chart->rows().size(), 2);
    const auto* table = panel.findChild<QTableView*>("ledgerTable")->model();
    const auto cell = [&](int row, const QString& title) {
        for (int column = 0; column < table->columnCount(); ++column)
            if (table->headerData(column, Qt::Horizontal).toString() == title)
                return table->index(row, column).data().toString().replace(QChar(0xa0), QLatin1Char(' '));
        return QString("no such column");
    };
    QCOMPARE(cell(0, "Payload"), QString("3 MB"));
    QCOMPARE(cell(0, "Sinks"), QString("1 MB"));
    QCOMPARE(cell(0, "Scales"), QString("–"));
    QCOMPARE(cell(0, "16-bit share"), QString("0.0625"));
    QCOMPARE(cell(0, "Shared size"), QString("800 kB"));
    QCOMPARE(cell(0, "Shared / N"), QString("200 kB"));
    QCOMPARE(cell(1, "Payload"), QString("6 MB"));
    QVERIFY2(chart->accessibleDescription().contains("Sinks 1"), qPrintable(chart->accessibleDescription()));
    // The bars' colours: the payload's at the left of both, further to the right only of the larger one.
    const QImage image = chart->grab().toImage();
    const auto colorAt = [&](int row, double bits) {
        const auto* plot = chart->findChild<QCustomPlot*>("ledgerChartPlot");
        const double x = plot->mapTo(chart, QPoint(int(plot->xAxis->coordToPixel(bits)), 0)).x();
        return image.pixelColor(
            int(x * image.devicePixelRatio()), int(chart->bandOf(row).center().y() * image.devicePixelRatio()));
    };
    QTRY_COMPARE(colorAt(0, 1), colorAt(1, 1));
    QCOMPARE(colorAt(1, 5), colorAt(1, 1));
    QVERIFY(colorAt(0, 5) != colorAt(1, 5));
    // Bars are chosen as in the comparison.
    QTest::keyClick(chart, Qt::Key_Down);
    QTest::keyClick(chart, Qt::Key_Down);
    QTest::keyClick(chart, Qt::Key_Return);
    QCOMPARE(results.selectedRows(), QList<int>({ 1 }));
    QTest::mouseClick(chart, Qt::LeftButton, {}, chart->bandOf(0).center().toPoint());
    QCOMPARE(results.selectedRows(), QList<int>({ 0 }));
}

void PanelsTest::ledgerIsEmptyWhereNobodyCounted()
{
    Results results;
    results.addTwoSweeps(); // as a table from before bytes were counted
    LedgerPanel panel(&results.model, &results.selection);
    QVERIFY(!panel.findChild<QLabel*>("ledgerEmpty")->isHidden());
    QCOMPARE(panel.ledgerChart()->rows().size(), 0);
}

PIKV_TEST(PanelsTest)
#include "tst_panels.moc"
