// SPDX-License-Identifier: GPL-3.0-or-later
// The comparison chart, with the backend that the build has.
#include "chartfixture.h"
#include "testmain.h"
#include "ui/charts/comparisonchart.h"
#include <QGraphicsView>
#include <QLabel>
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;
using namespace chartfixture;

class BarsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void geometry_data();
    void geometry();
    void groupsStandApart();
    void groupsHaveMarkersAndAWholeLegend();
    void showsThePresentPoints();
    void barLengthsFollowTheValues();
    void clickAndKeysSelect();
    void followsThePalette();
    void saysWhatHasNoBar();
    void drawsAFileOfResults();
    void emptyUntilThereIsAResult();

private:
    std::unique_ptr<ComparisonChart> shownChart(Results& results) const;
};

std::unique_ptr<ComparisonChart> BarsTest::shownChart(Results& results) const
{
    auto chart = std::make_unique<ComparisonChart>(&results.model, &results.selection);
    chart->resize(600, 300);
    chart->show();
    [[maybe_unused]] const bool exposed = QTest::qWaitForWindowExposed(chart.get());
    chart->refreshNow();
    QTest::qWait(30);
    return chart;
}

void BarsTest::geometry_data()
{
    QTest::addColumn<QList<double>>("values");
    QTest::addColumn<bool>("log");
    QTest::newRow("plain") << QList<double> { 1, 3, 2 } << false;
    QTest::newRow("negative") << QList<double> { -0.2, 0.5 } << false;
    QTest::newRow("only negative") << QList<double> { -2, -1 } << false;
    QTest::newRow("zeros") << QList<double> { 0, 0 } << false;
    QTest::newRow("log") << QList<double> { 1e-6, 0.02, 3 } << true;
    QTest::newRow("log with zero") << QList<double> { 0, 0.02 } << true;
    QTest::newRow("log of zeros") << QList<double> { 0 } << true;
    QTest::newRow("not measured") << QList<double> { qQNaN(), 0.4 } << false;
    QTest::newRow("none") << QList<double>() << true;
}

void BarsTest::geometry()
{
    QFETCH(QList<double>, values);
    QFETCH(bool, log);
    BarChartData data;
    data.log = log;
    for (const double value : values)
        data.bars << Bar { "bar", {}, value, {}, {} };
    const BarGeometry geometry = barGeometry(data);
    QVERIFY(std::isfinite(geometry.lower) && std::isfinite(geometry.upper));
    QVERIFY(geometry.upper > geometry.lower);
    QVERIFY(geometry.base >= geometry.lower && geometry.base <= geometry.upper);
    QCOMPARE(geometry.ends.size(), values.size());
    for (qsizetype i = 0; i < values.size(); ++i) {
        const bool drawn = std::isfinite(values[i]) && (!log || values[i] > 0);
        QVERIFY(geometry.ends[i] >= geometry.lower && geometry.ends[i] <= geometry.upper);
        QCOMPARE(geometry.ends[i], !drawn ? geometry.base : log ? std::log10(values[i]) : values[i]);
    }
    QVERIFY(geometry.ticks.size() >= 2 && geometry.ticks.size() <= 12);
    QSet<QString> labels;
    for (const auto& [at, label] : geometry.ticks) {
        QVERIFY(at >= geometry.lower - 1e-9 && at <= geometry.upper + 1e-9);
        labels << label;
    }
    QCOMPARE(labels.size(), geometry.ticks.size());
    QCOMPARE(geometry.centres.size(), values.size());
    for (qsizetype i = 0; i < values.size(); ++i)
        QCOMPARE(geometry.centres[i], (double(i) + 0.5) / double(values.size()));
}

void BarsTest::groupsStandApart()
{
    BarChartData data;
    data.groups = { "a", "b" };
    for (int i = 0; i < 6; ++i)
        data.bars << Bar { "bar", {}, 1.0, {}, {} };
    const BarGeometry geometry = barGeometry(data);
    const double within = geometry.centres[1] - geometry.centres[0],
                 between = geometry.centres[3] - geometry.centres[2];
    QVERIFY(std::abs(within - geometry.thickness) < 1e-9); // bars of a group touch
    QVERIFY(between > 1.5 * within);
    QCOMPARE((geometry.centres[0] + geometry.centres[2]) / 2, 0.25); // around the middle of their half
    QCOMPARE((geometry.centres[3] + geometry.centres[5]) / 2, 0.75);
}

/// Bars of methods that share a colour are told apart by the markers at their ends, and the legend names all of them
/// inside the chart, however narrow.
void BarsTest::groupsHaveMarkersAndAWholeLegend()
{
    for (const int width : { 900, 380 }) {
        const std::unique_ptr<BarChart> chart(makeBarChart(nullptr));
        BarChartData data;
        data.groups = { "the", "a" };
        const QColor color(0, 90, 156);
        for (int i = 0; i < 11; ++i)
            data.legend << BarLegendEntry { QStringLiteral("Method %1").arg(i), color, Marker(i % 12) };
        for (int i = 0; i < 22; ++i)
            data.bars << Bar { {}, {}, 0.5, color, QPen(Qt::NoPen), Marker(i % 11) };
        const auto draw = [&] {
            chart->setData(data, screenStyle(lightPalette(), QFont()));
            chart->resize(width, 420);
            chart->show();
            [[maybe_unused]] const bool exposed = QTest::qWaitForWindowExposed(chart.get());
            QTest::qWait(30);
            return chart->grab().toImage();
        };
        const QImage marked = draw();
        const QRectF area = chart->plotArea();
        QVERIFY2(area.width() > width * 0.35 && area.height() > 150, qPrintable(QString::number(width)));
        for (Bar& bar : data.bars)
            bar.marker.reset();
        const QImage plain = draw();
        if (chart->findChild<QGraphicsView*>()) // without Qt Charts each bar has its name instead
            QVERIFY(marked != plain);
    }
}

void BarsTest::showsThePresentPoints()
{
    Results results;
    results.addTwoSweeps();
    const auto chart = shownChart(results);
    QCOMPARE(chart->rows(), QList<int>({ 1, 4 }));
    QCOMPARE(chart->data().bars[0].label, QString("Alpha"));
    QCOMPARE(chart->data().bars[0].value, 0.1);
    chart->setMetric(findMetric("stored_bytes"), false);
    QCOMPARE(chart->data().bars[1].text, QString::fromUtf8("6\u00a0MB"));
    results.model.put(makeResult(kAlpha, 99, 5, 0.3), true); // the live point moved
    QTRY_COMPARE(chart->data().bars[0].value, 5e6);
    QCOMPARE(chart->rows(), QList<int>({ 1, 4 }));
    QVERIFY(chart->accessibleDescription().contains("Alpha"));
}

void BarsTest::barLengthsFollowTheValues()
{
    Results results;
    results.addTwoSweeps();
    const auto chart = shownChart(results);
    const auto ratio = [&] { // of the second bar to the first, in pixels
        QTest::qWait(30);
        const QImage image = chart->grab().toImage();
        QList<double> lengths;
        for (const int row : { 1, 4 }) {
            const int y = int(chart->bandOf(row).center().y());
            const QColor color = chart->data().bars[chart->rows().indexOf(row)].brush.color();
            int pixels = 0;
            for (int x = 0; x < image.width(); ++x)
                pixels += image.pixelColor(x, y) == color;
            lengths << pixels;
        }
        return lengths[0] > 50 ? lengths[1] / lengths[0] : 0;
    };
    chart->setMetric(findMetric("bits_per_element"), false); // 4 and 6 bits
    QVERIFY2(std::abs(ratio() - 1.5) < 0.03, qPrintable(QString::number(ratio())));
    chart->setMetric(findMetric("attention_error"), true); // 0.1 and 0.2, from 0.01
    QVERIFY2(std::abs(ratio() - std::log10(0.2 / 0.01) / std::log10(0.1 / 0.01)) < 0.03,
        qPrintable(QString::number(ratio())));
}

void BarsTest::clickAndKeysSelect()
{
    Results results;
    results.addTwoSweeps();
    const auto chart = shownChart(results);
    const auto at = [&](int row) { return chart->bandOf(row).center().toPoint(); };
    QCOMPARE(chart->rowAt(at(1)), 1);
    QTest::mouseClick(chart.get(), Qt::LeftButton, {}, at(4));
    QCOMPARE(results.selectedRows(), QList<int>({ 4 }));
    QTest::mouseClick(chart.get(), Qt::LeftButton, Qt::ControlModifier, at(1));
    QCOMPARE(results.selectedRows(), QList<int>({ 1, 4 }));
    QTest::keyClick(chart.get(), Qt::Key_Escape);
    QVERIFY(results.selectedRows().isEmpty());
    QTest::keyClick(chart.get(), Qt::Key_Down);
    QTest::keyClick(chart.get(), Qt::Key_Down);
    QCOMPARE(chart->cursorRow(), 4);
    QTest::keyClick(chart.get(), Qt::Key_Return);
    QCOMPARE(results.selectedRows(), QList<int>({ 4 }));
    // A selection made elsewhere is framed here.
    results.selection.clearSelection();
    QTest::keyClick(chart.get(), Qt::Key_Escape);
    const QImage before = chart->grab().toImage();
    results.selection.select(results.model.index(1, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
    QTRY_VERIFY(chart->grab().toImage() != before);
    QCOMPARE(chart->data().bars[0].pen.color(), chart->palette().color(QPalette::Highlight));
    // Rows that are gone are not hit, drawn or not.
    results.model.clear();
    QTest::mouseClick(chart.get(), Qt::LeftButton, {}, { 300, 80 });
    QTest::keyClick(chart.get(), Qt::Key_Down);
    QVERIFY(results.selectedRows().isEmpty());
}

void BarsTest::followsThePalette()
{
    Results results;
    results.addTwoSweeps();
    const auto chart = shownChart(results);
    const auto corner = [&] { return chart->grab().toImage().pixelColor(2, 2); };
    QCOMPARE(corner(), chart->palette().color(QPalette::Base));
    chart->setPalette(darkPalette());
    QTRY_COMPARE(corner(), darkPalette().color(QPalette::Base));
}

void BarsTest::saysWhatHasNoBar()
{
    Results results;
    results.addTwoSweeps();
    results.model.put(makeResult(kAlpha, 77, 16, 0), true);
    ComparisonChart chart(&results.model, &results.selection);
    QSignalSpy notes(&chart, &ComparisonChart::notesChanged);
    chart.setMetric(findMetric("attention_error"), true);
    QCOMPARE(notes.count(), 1);
    const QStringList texts = notes.takeFirst().first().toStringList();
    QCOMPARE(texts.size(), 1);
    QVERIFY2(texts[0].contains("Alpha"), qPrintable(texts[0]));
    chart.setMetric(findMetric("next_token_kl"), false);
    QCOMPARE(notes.takeFirst().first().toStringList().size(), 2);
}

void BarsTest::drawsAFileOfResults()
{
    Results results;
    for (int rank = 1; rank <= 9; ++rank)
        results.model.put(makeResult(kAlpha, rank, rank, 1.0 / rank), false);
    results.model.put(makeResult(kBeta, 4, 4, 0.1), false);
    ComparisonChart chart(&results.model, &results.selection);
    QCOMPARE(chart.rows().size(), 10);
    QCOMPARE(chart.data().bars[3].label, QString("Alpha rank=4"));
    QCOMPARE(chart.data().bars[7].label, QString("Alpha")); // the default
    for (int rank = 20; rank <= 30; ++rank)
        results.model.put(makeResult(kAlpha, rank, rank, 1.0 / rank), false);
    chart.refreshNow();
    QCOMPARE(chart.rows(), QList<int>({ 7, 9 })); // one a method, with its defaults where they are there
}

void BarsTest::emptyUntilThereIsAResult()
{
    Results results;
    ComparisonChart chart(&results.model, &results.selection);
    chart.show();
    const auto* hint = chart.findChild<QLabel*>("comparisonEmpty");
    QVERIFY(!hint->isHidden());
    QTest::keyClick(&chart, Qt::Key_Down);
    QCOMPARE(chart.cursorRow(), -1);
    results.addTwoSweeps();
    QTRY_VERIFY(hint->isHidden());
    chart.hide(); // on a tab behind: drawn when it comes to the front
    results.model.clear();
    QTest::qWait(40);
    QVERIFY(hint->isHidden());
    chart.show();
    QVERIFY(!hint->isHidden());
}

PIKV_TEST(BarsTest)
#include "tst_bars.moc"
