// SPDX-License-Identifier: GPL-3.0-or-later
// The next-token tab and the Model menu, with a tiny model.
#include "core/base/blockpool.h"
#include "nexttokenfixture.h"
#include "testmain.h"
#include "ui/charts/chartpanel.h"
#include "ui/export/chartexporter.h"
#include "ui/nexttoken/positioncurves.h"
#include "ui/nexttoken/tokentext.h"
#include <QCheckBox>
#include <QGraphicsSimpleTextItem>
#include <QGraphicsView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTextBrowser>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;
using State = NextTokenController::State;

class NextTokenTabTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void saysWhatIsMissing();
    void showsTheProxyWithoutTheModel();
    void refusesAnotherModelsDump();
    void asksForNothingBeforeTheTabIsShown();
    void cursorMovesByKeysAndMouse();
    void barsShowOriginalAndEveryMethod();
    void ticksOfTheBarsAreTold_data();
    void ticksOfTheBarsAreTold();
    void memoryIsReturnedAtRest();
    void dragShowsAPreviewAndThenAllPositions();
    void identityChangesNothing();
    void checkedMethodsAppearAndLeave();
    void controlTellsTheFloor();
    void sharesOfKlOnRequest();
    void figuresReachTheResults();
    void writesOnFromEveryCache();
    void cancelKeepsWhatIsThere();
    void exportsItsCharts();
    void exportsTheChartThatWasClicked();
    void barsCarryTheirMethodsMarkers();
    void badModelKeepsTheOpenOne();

private:
    NoModels m_noModels;
};

void NextTokenTabTest::saysWhatIsMissing()
{
    NextTokenWindow window;
    window.showTab();
    QCOMPARE(window.state(), State::NoDump);
    QVERIFY(window.find<QPushButton>("nextTokenCapture")->isVisible());
    QVERIFY(window.open(Dumps::instance().small())); // generated: no token ids
    QCOMPARE(window.state(), State::NoTokens);
    QVERIFY(window.said().contains("token ids"));
    QVERIFY(window.open(capturedDump()));
    QTRY_COMPARE(window.state(), State::NoModel);
    QVERIFY(window.said().contains("packaging/fetch-model"));
    QVERIFY(window.find<QPushButton>("nextTokenOpenModel")->isVisible());
    window.trigger("actionOpenDefaultModel"); // there is none
    QTRY_VERIFY(window.said().contains("/nonexistent/model.gguf"));
    QVERIFY(window.action("actionModelState")->text().contains("No model"));
}

void NextTokenTabTest::showsTheProxyWithoutTheModel()
{
    NextTokenWindow window;
    window.showTab();
    QVERIFY(window.open(Dumps::instance().small()));
    QTRY_VERIFY(window.entry("kivi") && window.entry("kivi")->proxy && window.entry("lora")->proxy);
    auto* label = window.find<QLabel>("nextTokenProxy");
    QVERIFY(label->isVisible());
    QVERIFY2(label->text().contains("proxy: random read-out"), qPrintable(label->text()));
    auto* table = window.find<QTableView>("nextTokenTable");
    QVERIFY(table->isVisible());
    QVERIFY(table->model()->index(0, NextTokenModel::columnOf("next_token_agreement")).data().toString().contains('%'));
    QVERIFY(!window.find<TokenText>("nextTokenText")->isVisible());
}

void NextTokenTabTest::refusesAnotherModelsDump()
{
    NextTokenWindow window;
    window.showTab();
    window.models()->open(otherModel);
    QVERIFY(window.open(capturedDump()));
    QTRY_COMPARE(window.state(), State::Mismatch);
    const std::string reason = modelMismatch(*window.engine()->info(), *window.models()->model());
    QVERIFY(!reason.empty());
    QVERIFY2(window.said().contains(QString::fromStdString(reason)), qPrintable(window.said()));
    window.models()->open(tinyModel); // the right one
    QTRY_COMPARE(window.state(), State::Ready);
    QVERIFY(!window.find<QLabel>("nextTokenExplanation")->isVisible());
}

void NextTokenTabTest::asksForNothingBeforeTheTabIsShown()
{
    NextTokenWindow window;
    window.models()->open(tinyModel);
    QVERIFY(window.open(capturedDump()));
    QTRY_VERIFY(window.models()->model());
    QCOMPARE(window.state(), State::Asleep);
    window.showTab();
    QTRY_COMPARE(window.state(), State::Ready);
    QCOMPARE(window.nextToken()->figures()->positionCount(), quarter);
}

void NextTokenTabTest::cursorMovesByKeysAndMouse()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    auto* text = window.find<TokenText>("nextTokenText");
    QCOMPARE(text->cursorPosition(), 0);
    text->setFocus();
    const QString before = window.find<QLabel>("nextTokenWhere")->text();
    QTest::keyClick(text, Qt::Key_Left);
    QCOMPARE(text->cursorPosition(), 0); // there is nothing before it
    QTest::keyClick(text, Qt::Key_Right);
    QTest::keyClick(text, Qt::Key_Right);
    QCOMPARE(text->cursorPosition(), 2);
    QCOMPARE(window.nextToken()->cursor(), 2);
    QVERIFY(window.find<QLabel>("nextTokenWhere")->text() != before);
    QTest::keyClick(text, Qt::Key_End);
    QCOMPARE(text->cursorPosition(), quarter - 1);
    QTest::keyClick(text, Qt::Key_Right);
    QCOMPARE(text->cursorPosition(), quarter - 1);
    for (const int position : { 5, 1, quarter - 2 }) {
        text->setCursorPosition(position); // scrolls there
        QTest::mouseClick(text->viewport(), Qt::LeftButton, {}, text->pointOf(position));
        QCOMPARE(window.nextToken()->cursor(), position);
    }
}

void NextTokenTabTest::barsShowOriginalAndEveryMethod()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    for (const int position : { 0, 7 }) {
        window.nextToken()->setCursor(position);
        window.bars()->refreshNow();
        const TokenBarData& data = window.bars()->data();
        QCOMPARE(data.sets.size(), 3);
        QCOMPARE(data.sets[0].name, "Original");
        const NextTokenPosition& original = window.entry("")->full->positions[std::size_t(position)];
        QCOMPARE(data.tokens[0], window.nextToken()->tokenText(original.topOriginal));
        QCOMPARE(data.sets[0].values[0], original.top[0].original);
        for (int i = 1; i < Scoring::topCount; ++i)
            QVERIFY(data.sets[0].values[i] <= data.sets[0].values[i - 1]);
        QCOMPARE(data.sets[2].name, "KIVI");
        const NextTokenPosition& kivi = window.entry("kivi")->full->positions[std::size_t(position)];
        for (const TokenProbability& token : kivi.top)
            if (token.id == original.topOriginal)
                QCOMPARE(data.sets[2].values[0], token.compressed);
    }
}

void NextTokenTabTest::ticksOfTheBarsAreTold_data()
{
    QTest::addColumn<double>("most");
    for (const double most : { 0.97, 0.31, 0.163, 0.09, 0.0042 })
        QTest::addRow("%g", most) << most;
}

void NextTokenTabTest::ticksOfTheBarsAreTold()
{
    QFETCH(double, most);
    const std::unique_ptr<BarChart> view(makeBarChart(nullptr));
    view->resize(500, 300);
    const ChartStyle style = screenStyle(lightPalette(), QApplication::font());
    view->setData(
        tokenBarChart({ { "a", "b" }, { { "Original", Qt::blue, { most, most / 3 } } }, "Probability" }, style), style);
    view->show();
    auto* scene = view->findChild<QGraphicsView*>();
    if (!scene)
        QSKIP("QCustomPlot formats its own ticks");
    QStringList labels;
    for (const QGraphicsItem* item : scene->scene()->items())
        if (const auto* text = qgraphicsitem_cast<const QGraphicsSimpleTextItem*>(item)) {
            bool isNumber = false;
            text->text().toDouble(&isNumber);
            if (isNumber)
                labels << text->text();
        }
    QVERIFY(labels.size() >= 3);
    QVERIFY2(QStringList(labels).removeDuplicates() == 0, qPrintable(labels.join(' ')));
}

void NextTokenTabTest::memoryIsReturnedAtRest()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    QTRY_VERIFY(!window.engine()->isBusy());
    BlockPool::process().give(BlockPool::process().take(std::size_t(64) << 20));
    QVERIFY(BlockPool::process().bytesKept() > 0);
    window.engine()->requestLive(window.specs()->spec("kivi"));
    QTRY_COMPARE_WITH_TIMEOUT(BlockPool::process().bytesKept(), std::size_t(0), 20'000);
}

void NextTokenTabTest::dragShowsAPreviewAndThenAllPositions()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    window.choose("kivi");
    QList<bool> previews;
    connect(window.nextToken()->test(), &Scoring::resultReady, this, [&](const NextTokenPtr& result) {
        if (result->request.method.id == "kivi")
            previews << result->preview;
    });
    const NextTokenPtr old = window.entry("kivi")->full;
    auto* slider = window.find<QSlider>("param_key_bits_slider");
    QTest::mousePress(slider, Qt::LeftButton, {}, { 12, slider->height() / 2 });
    for (const double share : { 0.2, 0.9 }) {
        const QPoint at(int(share * slider->width()), slider->height() / 2);
        QMouseEvent move(QEvent::MouseMove, at, slider->mapToGlobal(QPointF(at)), Qt::NoButton, Qt::LeftButton, {});
        QApplication::sendEvent(slider, &move);
    }
    QVERIFY(window.entry("kivi")->stale);
    QCOMPARE(window.entry("kivi")->full, old); // stays until the new one is there
    QTRY_VERIFY(previews.contains(true));
    QVERIFY(window.scored("kivi"));
    QVERIFY(!previews.last());
    QCOMPARE(window.entry("kivi")->full->request.method, window.specs()->spec("kivi"));
    QCOMPARE(window.entry("kivi")->full->summary.positions, quarter);
    QTest::mouseRelease(slider, Qt::LeftButton, {}, { slider->width() / 2, slider->height() / 2 });
}

void NextTokenTabTest::identityChangesNothing()
{
    NextTokenWindow window({ "identity", "kivi", "lora" });
    QVERIFY(window.ready());
    QVERIFY(window.scored("identity"));
    QCOMPARE(window.entry("identity")->full->summary.mean.kl, 0.0);
    QCOMPARE(window.entry("identity")->full->summary.mean.agreement, 1.0);
    window.find<QSpinBox>("nextTokenPredict")->setValue(5);
    QTRY_VERIFY(window.state() == State::Ready && window.nextToken()->figures()->positionCount() == 5);
    QVERIFY(window.scored("identity"));
    QCOMPARE(window.entry("identity")->full->summary.mean.kl, 0.0);
}

void NextTokenTabTest::checkedMethodsAppearAndLeave()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    window.methods()->setCheckedMethods({ "kivi", "lora", "identity" });
    QVERIFY(window.scored("identity"));
    QCOMPARE(window.find<QTableView>("nextTokenTable")->model()->rowCount(),
        5); // the original, its control and three methods
    window.methods()->setCheckedMethods({ "lora" });
    QVERIFY(!window.entry("kivi") && !window.entry("identity"));
    window.bars()->refreshNow();
    QCOMPARE(window.bars()->data().sets.size(), 2);
}

void NextTokenTabTest::controlTellsTheFloor()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    QVERIFY(window.scored(controlName));
    const double floor = window.entry(controlName)->full->summary.mean.kl;
    QVERIFY(floor < 1e-6 && floor < window.entry("kivi")->full->summary.mean.kl);
    const QAbstractItemModel* table = window.find<QTableView>("nextTokenTable")->model();
    QCOMPARE(table->index(1, 0).data().toString(), "Control");
    QVERIFY(table->index(1, 0).data(Qt::ToolTipRole).toString().contains("another"));
    auto* curves = window.find<PositionCurves>("nextTokenCurves");
    ExportSpec spec;
    spec.format = ExportSpec::Svg;
    QVERIFY(ChartExporter(*curves, window.palette(), window.font()).render(spec).contains("Control"));
    window.methods()->setCheckedMethods({ "lora" }); // it is no method: it stays
    QVERIFY(window.entry(controlName) && window.entry(controlName)->full);
}

void NextTokenTabTest::sharesOfKlOnRequest()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    auto* table = window.find<QTableView>("nextTokenTable");
    const int keys = NextTokenModel::columnOf("next_token_kl_keys");
    QVERIFY(keys > 0 && table->isColumnHidden(keys));
    QVERIFY(std::isnan(window.entry("kivi")->full->summary.mean.klKeys));
    QTest::mouseClick(window.find<QCheckBox>("nextTokenShares"), Qt::LeftButton, {}, { 8, 8 });
    QVERIFY(!table->isColumnHidden(keys));
    QTRY_VERIFY(!std::isnan(window.entry("kivi")->full->summary.mean.klKeys));
    QVERIFY(window.entry("kivi")->full->summary.mean.klValues > 0);
    QVERIFY(window.scored("kivi"));
    QVERIFY(table->model()->index(3, keys).data().toString() != QStringLiteral("–"));
}

void NextTokenTabTest::figuresReachTheResults()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    const double kl = window.entry("kivi")->full->summary.mean.kl;
    QTRY_VERIFY(window.live("kivi") && window.live("kivi")->nextToken.kl == kl);
    QVERIFY(!std::isnan(window.live("kivi")->quality.attentionError)); // both in one row
    const int column = window.results()->metricColumn("next_token_kl");
    QCOMPARE(window.results()->index(window.liveRow("kivi"), column).data(ResultsModel::RawRole).toDouble(), kl);
    QTRY_VERIFY(!window.results()->row(window.liveRow("kivi")).stale);
}

void NextTokenTabTest::writesOnFromEveryCache()
{
    NextTokenWindow window({ "identity", "kivi", "lora" });
    QVERIFY(window.ready());
    std::map<QString, std::vector<std::int64_t>> written;
    connect(window.nextToken()->test(), &Scoring::continued, this,
        [&](const QString& method, const std::vector<std::int64_t>& ids) { written[method] = ids; });
    auto* button = window.find<QPushButton>("nextTokenWrite");
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(!button->isEnabled());
    QTRY_COMPARE(int(written.size()), 4);
    QTRY_VERIFY(button->isEnabled());
    QVERIFY(!written[""].empty());
    QCOMPARE(written["identity"], written[""]);
    const QString shown = window.find<QTextBrowser>("nextTokenWritten")->toPlainText();
    QVERIFY(shown.contains("Original") && shown.contains("KIVI"));
    window.choose("kivi"); // other settings: what it wrote is no longer true
    auto* bits = window.find<QSlider>("param_key_bits_slider");
    bits->setValue(bits->value() + 1);
    const QString rest = window.find<QTextBrowser>("nextTokenWritten")->toPlainText();
    QVERIFY(rest.contains("Original") && !rest.contains("KIVI"));
}

void NextTokenTabTest::cancelKeepsWhatIsThere()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    const NextTokenPtr old = window.entry("kivi")->full;
    window.choose("kivi");
    window.find<QSlider>("param_key_bits_slider")->setValue(window.find<QSlider>("param_key_bits_slider")->value() + 1);
    window.trigger("actionCancel");
    QVERIFY(window.waitIdle());
    QVERIFY(!window.entry("kivi")->stale);
    QCOMPARE(window.entry("kivi")->full, old);
    QCOMPARE(window.state(), State::Ready);
    window.nextToken()->restart();
    QCOMPARE(window.state(), State::Opening);
    window.trigger("actionCancel");
    QTRY_COMPARE(window.state(), State::Failed);
    QTest::mouseClick(window.find<QPushButton>("nextTokenRetry"), Qt::LeftButton);
    QTRY_COMPARE(window.state(), State::Ready);
}

void NextTokenTabTest::exportsItsCharts()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    auto* curves = window.find<PositionCurves>("nextTokenCurves");
    for (ChartSource* chart : { static_cast<ChartSource*>(window.bars()), static_cast<ChartSource*>(curves) })
        for (const auto& [format, head] : { std::pair(ExportSpec::Png, "\x89PNG"), std::pair(ExportSpec::Svg, "<?xml"),
                 std::pair(ExportSpec::Pdf, "%PDF") }) {
            ExportSpec spec;
            spec.format = format;
            spec.title = chart->chartTitle();
            const QByteArray bytes = ChartExporter(*chart, window.palette(), window.font()).render(spec);
            QVERIFY(bytes.startsWith(head));
            if (format == ExportSpec::Svg)
                QVERIFY(bytes.contains("KIVI") && bytes.contains(spec.title.toUtf8()));
        }
}

/// A right click offers the chart below it, by name; File → Export takes the one with the focus.
void NextTokenTabTest::exportsTheChartThatWasClicked()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    auto* curves = window.find<PositionCurves>("nextTokenCurves");
    const auto offered = [&](QWidget* chart) {
        QString text;
        QTimer::singleShot(50, this, [&] {
            if (auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget())) {
                for (const QAction* action : menu->actions())
                    text += action->objectName() == "exportChart" ? action->text() : QString();
                menu->close();
            }
        });
        QTest::mouseClick(window.windowHandle(), Qt::RightButton, {}, chart->mapTo(&window, chart->rect().center()));
        QTest::qWait(60);
        return text;
    };
    QVERIFY(offered(curves).contains(curves->chartTitle()));
    QVERIFY(offered(window.bars()).contains(window.bars()->chartTitle()));
    auto* panel = window.find<ChartPanel>("nextTokenPanel");
    QTest::mouseClick(curves, Qt::LeftButton, {}, curves->pointOf(3));
    QCOMPARE(&panel->chart(), static_cast<ChartSource*>(curves));
    QTest::mouseClick(window.bars(), Qt::LeftButton, {}, window.bars()->rect().center());
    QCOMPARE(&panel->chart(), static_cast<ChartSource*>(window.bars()));
    const int before = window.nextToken()->cursor();
    QTest::keyClick(window.bars(), Qt::Key_Right); // the keys walk here as in the curves
    QCOMPARE(window.nextToken()->cursor(), before + 1);
}

/// Bars are told apart by their method's marker, too, and the cursor's token stays in sight.
void NextTokenTabTest::barsCarryTheirMethodsMarkers()
{
    NextTokenWindow window({ "identity", "kivi", "lora" });
    window.resize(1024, 700);
    QVERIFY(window.ready());
    QVERIFY(window.scored("identity"));
    window.bars()->refreshNow();
    const TokenBarData& data = window.bars()->data();
    QCOMPARE(data.sets.size(), 4);
    QSet<int> markers;
    for (const TokenBarData::Set& set : data.sets)
        markers << (set.marker ? int(*set.marker) : -1); // none for the original
    QCOMPARE(markers.size(), 4);
    auto* text = window.find<TokenText>("nextTokenText");
    window.nextToken()->setCursor(quarter - 1);
    for (const int width : { 1400, 800, 1400 }) {
        window.resize(width, 700);
        QTest::qWait(20);
        QVERIFY(text->viewport()->rect().contains(text->pointOf(quarter - 1)));
    }
}

void NextTokenTabTest::badModelKeepsTheOpenOne()
{
    NextTokenWindow window;
    QVERIFY(window.ready());
    const ModelPtr model = window.models()->model();
    const QString broken = Dumps::instance().path("broken.gguf");
    QFile file(broken);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("GGUF, but not really") > 0);
    file.close();
    QSignalSpy problem(window.engine(), &Engine::problem);
    answerFileDialog(broken);
    window.trigger("actionOpenModelFile");
    QVERIFY(problem.count() > 0 || problem.wait(10'000));
    QVERIFY(QString::fromStdString(problem[0][0].value<JobProblem>().message).contains("broken.gguf"));
    QCOMPARE(window.models()->model(), model);
    QTRY_COMPARE(window.state(), State::Ready);
}

PIKV_TEST(NextTokenTabTest)
#include "tst_nexttoken.moc"
