// SPDX-License-Identifier: GPL-3.0-or-later
// Several dumps at once: asked for in the editor and by the command, seen in queue, chart and table, kept and exported.
#include "core/eval/resultsio.h"
#include "core/study/dumpstables.h"
#include "history/history.h"
#include "sweepfixture.h"
#include "testmain.h"
#include "ui/charts/tradeoffchart.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/session/sweeps.h"
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QDockWidget>
#include <QHeaderView>
#include <QLabel>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableView>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class OverDumpsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup() { m_data.reset(); }
    void titlesAreWholeBeforeAnyMean();
    void sweepOverDumpsFromTheEditor();
    void meansAreTheCommandLines();
    void evaluationOfTheCheckedMethods();
    void badDumpsAreNamedAndTheOthersGoOn();
    void nothingIsMeasuredTwice();
    void goesOnAfterARestart();
    void meansComeBack();
    void tableIsCopiedAndExported();

private:
    /// Waits for the means of so many settings, each over that many dumps.
    static bool waitMeans(Window& window, int settings, std::size_t dumps = 3)
    {
        const DumpMeansModel* means = window.session()->means();
        return QTest::qWaitFor(
            [&] {
                for (int row = 0; row < means->rowCount(); ++row)
                    if (means->mean(row).dumps != dumps)
                        return false;
                return means->rowCount() == settings;
            },
            60'000);
    }
    static bool over(Window& window, const QStringList& dumps, const std::vector<std::string>& specs)
    {
        QSignalSpy swept(window.engine(), &Engine::sweepFinished);
        window.session()->sweeps()->start({ specs, { {} }, false }, dumps);
        return swept.count() > 0 || swept.wait(120'000);
    }
    QStringList m_dumps;
    QString m_otherModel;
    std::unique_ptr<OwnData> m_data;
};

void OverDumpsTest::initTestCase()
{
    GenerateOptions options;
    options.layers = 8;
    options.kvHeads = 2;
    options.headDim = 32;
    options.queries = 8;
    for (int seed = 1; seed <= 2; ++seed) {
        options.seed = std::uint64_t(seed);
        options.seq = 48 + 16 * seed; // texts differ in length
        m_dumps << Dumps::instance().path(QString("text%1.safetensors").arg(seed));
        generateCacheFile(options, m_dumps.last().toStdString());
    }
    options.kvHeads = 4;
    m_otherModel = Dumps::instance().path("other-model.safetensors");
    generateCacheFile(options, m_otherModel.toStdString());
}

void OverDumpsTest::init()
{
    forgetSettings();
    m_data = std::make_unique<OwnData>();
}

void OverDumpsTest::titlesAreWholeBeforeAnyMean()
{
    Window window({ "kivi" });
    const auto* table = window.findChild<QTableView*>("dumpMeansTable");
    QVERIFY(table);
    const QHeaderView* header = table->horizontalHeader();
    for (int column = 0; column < header->count(); ++column)
        QVERIFY2(header->isSectionHidden(column) || header->sectionSize(column) >= header->sectionSizeHint(column),
            qPrintable(table->model()->headerData(column, Qt::Horizontal).toString()));
}

void OverDumpsTest::sweepOverDumpsFromTheEditor()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QTest::keyClick(&window, Qt::Key_G, Qt::ControlModifier | Qt::ShiftModifier);
    QDialog* editor = dialogOf(window, "sweepEditor");
    QVERIFY(editor);
    auto* list = in<QListWidget>(editor, "sweepDumps");
    QCOMPARE(list->count(), 0);
    withFileDialog([this](QFileDialog* dialog) {
        QStringList names;
        for (const QString& path :
            m_dumps + QStringList { Dumps::instance().small() }) // the open one does not count twice
            names << '"' + QFileInfo(path).fileName() + '"';
        dialog->setDirectory(QFileInfo(m_dumps.first()).absolutePath());
        dialog->findChild<QLineEdit*>("fileNameEdit")->setText(names.join(' '));
        QMetaObject::invokeMethod(dialog, "accept");
    });
    click(in<QPushButton>(editor, "sweepDumpsAdd"));
    QCOMPARE(list->count(), 2);
    QVERIFY(in<QPlainTextEdit>(editor, "sweepCommand")->toPlainText().contains(m_dumps.last()));
    QTRY_VERIFY(in<QLabel>(editor, "sweepState")->text().contains("over 3 dumps"));
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    click(in<QPushButton>(editor, "sweepStart"));
    const QString work = window.find<QTableView>("queueTable")->model()->index(0, 0).data().toString();
    QVERIFY2(work.contains("over 3 dumps"), qPrintable(work));
    QVERIFY(swept.wait(120'000));
    const int points = int(expandSpec(SweepChoice().specOf("kivi")).size());
    QVERIFY(waitMeans(window, points));
    DumpMeansModel* means = window.session()->means();
    // On the chart, with a bar, and each dump's value when the mouse is over it.
    auto* chart = window.find<TradeoffChart>("tradeoffChart");
    chart->refreshNow();
    QCOMPARE(chart->data().means.size(), points);
    QVERIFY(chart->data().means.first().y.upper > chart->data().means.first().y.lower);
    const QString tip = chart->meanTooltip(chart->data().means.first().at.row);
    for (const char* name : { "small.safetensors", "text1.safetensors", "text2.safetensors", "Mean of 3\u00a0dumps" })
        QVERIFY2(tip.contains(name), qPrintable(tip));
    // A click hides them.
    auto* box = window.find<QCheckBox>("tradeoffMeans");
    QVERIFY(box->isVisible());
    QTest::mouseClick(box, Qt::LeftButton, {}, QPoint(8, box->height() / 2));
    chart->refreshNow();
    QVERIFY(chart->data().means.isEmpty());
    // Other points of these dumps are not in the results of the open one.
    for (int row = 0; row < window.results()->resultCount(); ++row)
        QVERIFY(window.results()->row(row).result->originalBytes == window.live("kivi")->originalBytes);
    // The list is there the next time, and another dump takes the means away.
    QCOMPARE(window.session()->sweeps()->choice().dumps, m_dumps);
    window.trigger("actionEditSweep");
    editor = dialogOf(window, "sweepEditor");
    QVERIFY(editor);
    list = in<QListWidget>(editor, "sweepDumps");
    QCOMPARE(list->count(), 2);
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Down);
    QTest::keyClick(list, Qt::Key_Space);
    click(in<QPushButton>(editor, "sweepDumpsRemove"));
    QCOMPARE(list->count(), 1);
    click(in<QPushButton>(editor, "sweepCancel"));
    QCOMPARE(window.session()->sweeps()->choice().dumps, m_dumps);
    QVERIFY(window.open(m_dumps.first()));
    QVERIFY(means->isEmpty());
    QTRY_VERIFY(!box->isVisible());
}

void OverDumpsTest::meansAreTheCommandLines()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    QVERIFY(over(window, m_dumps, { "q8_0", "lora:rank=[2,4]" }));
    QVERIFY(waitMeans(window, 3));
    const std::vector<DumpResults> dumps = window.session()->means()->dumps();
    QCOMPARE(dumps.size(), std::size_t(3));
    const std::vector<DumpsMean> expected = meansOverDumps(dumps, 0);
    for (int row = 0; row < 3; ++row)
        for (const MetricInfo& metric : metrics()) {
            const MeanInterval &shown = window.session()->means()->mean(row).of(metric),
                               &own = expected[std::size_t(row)].of(metric);
            QVERIFY2(shown.count == own.count
                    && (own.count == 0 || (shown.mean == own.mean && shown.low == own.low && shown.high == own.high)),
                metric.name.data());
        }
}

void OverDumpsTest::evaluationOfTheCheckedMethods()
{
    Window window({ "kivi", "lora" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.specs()->setSpec(parseSpec("lora:rank=3"));
    QVERIFY(window.waitIdle());
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    answerFileDialog(m_dumps.first());
    window.trigger("actionEvaluateOver");
    QVERIFY(swept.count() > 0 || swept.wait(60'000));
    QVERIFY(waitMeans(window, 2, 2));
    QStringList params;
    for (int row = 0; row < 2; ++row)
        params << QString::fromStdString(printSpec(window.session()->means()->mean(row).setting.method));
    params.sort();
    QCOMPARE(params, QStringList({ "kivi", "lora:rank=3" }));
}

void OverDumpsTest::badDumpsAreNamedAndTheOthersGoOn()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const QString gone = Dumps::instance().path("gone.safetensors"), cut = Dumps::instance().copy("cut.safetensors");
    QVERIFY(QFile::resize(cut, 100));
    QVERIFY(over(window, { gone, cut, m_otherModel, m_dumps.first() }, { "q8_0", "lora:rank=[2..5]" }));
    QVERIFY(waitMeans(window, 5, 2));
    QStringList said;
    const ProblemsModel* problems = window.session()->problems();
    for (int row = 0; row < problems->rowCount(); ++row)
        said << problems->entry(row).message;
    const QString all = said.join('\n');
    for (const char* name : { "gone.safetensors", "cut.safetensors", "other-model.safetensors" })
        QVERIFY2(all.count(QLatin1String(name)) >= 1, qPrintable(all));
    QVERIFY2(all.contains("KV heads"), qPrintable(all));
    QVERIFY2(problems->errorCount() <= 6, qPrintable(all)); // not one a point and dump
    const SweepQueue::Entry& last = window.engine()->sweeps()->entries().front();
    QVERIFY(last.failed > 0 && last.state == SweepQueue::State::Finished);
}

void OverDumpsTest::nothingIsMeasuredTwice()
{
    QTemporaryDir folder;
    const std::string database = folder.filePath("history.sqlite").toStdString();
    double time = 0;
    {
        Window window({ "kivi" }, false, std::make_shared<history::History>(database));
        QVERIFY(window.open(Dumps::instance().small()));
        QVERIFY(over(window, m_dumps, { "lora:rank=[2,4]" }));
        QVERIFY(waitMeans(window, 2));
        time = window.session()->means()->dumps().back().results.front().compressSeconds;
    }
    Window window({ "kivi" }, false, std::make_shared<history::History>(database));
    QVERIFY(window.open(Dumps::instance().small()));
    QVERIFY(over(window, m_dumps, { "lora:rank=[2,4]" }));
    QVERIFY(waitMeans(window, 2));
    for (const DumpResults& dump : window.session()->means()->dumps())
        for (const EvaluationResult& result : dump.results)
            QVERIFY2(!result.measured.empty(), dump.name.c_str());
    QCOMPARE(window.session()->means()->dumps().back().results.front().compressSeconds, time);
}

void OverDumpsTest::goesOnAfterARestart()
{
    {
        Window window({ "kivi" });
        QVERIFY(window.openAndSweep(Dumps::instance().small()));
        window.trigger("actionPauseQueue");
        window.session()->sweeps()->start({ { "lora:rank=[2,4]" }, { {} }, false }, m_dumps);
        QVERIFY(window.close());
    }
    Window window(QStringList {});
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* bar = window.findChild<QWidget*>("unfinishedBar");
    QTRY_VERIFY(bar && bar->isVisible());
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    click(window.find<QPushButton>("unfinishedAction"));
    QVERIFY(swept.count() > 0 || swept.wait(60'000));
    QVERIFY(waitMeans(window, 2));
    QCOMPARE(window.session()->means()->mean(0).dumps, std::size_t(3));
}

/// With the window's next start, and with a session's file.
void OverDumpsTest::meansComeBack()
{
    QTemporaryDir folder;
    const auto history = [&] { return std::make_shared<history::History>(folder.filePath("h.sqlite").toStdString()); };
    const QString file = folder.filePath("work.pikvsession");
    {
        Window window({ "kivi" }, false, history());
        QVERIFY(window.open(Dumps::instance().small()));
        QVERIFY(over(window, m_dumps, { "lora:rank=[2,4]" }));
        QVERIFY(waitMeans(window, 2));
        answerFileDialog(file);
        window.trigger("actionSaveSession");
        QTRY_VERIFY(QFile::exists(file));
        QVERIFY(window.close());
    }
    {
        Window window(QStringList {}, false, history());
        QVERIFY(window.open(Dumps::instance().small()));
        QVERIFY(waitMeans(window, 2));
        for (const DumpResults& dump : window.session()->means()->dumps())
            for (const EvaluationResult& result : dump.results)
                QVERIFY2(!result.measured.empty(), dump.name.c_str());
        QVERIFY(window.close());
    }
    forgetSettings();
    Window window({ "kivi" }, false, history());
    answerFileDialog(file);
    window.trigger("actionOpenSession");
    QVERIFY(waitMeans(window, 2));
}

void OverDumpsTest::tableIsCopiedAndExported()
{
    Window window({ "kivi" });
    QVERIFY(window.open(Dumps::instance().small()));
    QVERIFY(over(window, m_dumps, { "q8_0", "lora:rank=[2,4]" }));
    QVERIFY(waitMeans(window, 3));
    auto* dock = window.find<QDockWidget>("dumpMeansDock");
    QVERIFY(!dock->isHidden());
    dock->raise();
    auto* table = window.find<QTableView>("dumpMeansTable");
    QTRY_VERIFY(table->isVisible());
    QCOMPARE(table->model()->rowCount(), 3);
    const DumpMeansModel* means = window.session()->means();
    const int column = DumpMeansModel::FirstMetricColumn + int(findMetric("attention_error") - metrics().data());
    QVERIFY(table->model()->index(0, column).data().toString().contains("["));
    table->sortByColumn(column, Qt::AscendingOrder);
    QVERIFY(table->model()->index(0, column).data(DumpMeansModel::RawRole).toDouble()
        <= table->model()->index(2, column).data(DumpMeansModel::RawRole).toDouble());
    table->setFocus();
    QTest::keyClick(table, Qt::Key_C, Qt::ControlModifier);
    const QString csv = QApplication::clipboard()->text();
    QCOMPARE(csv, QString::fromStdString(dumpsToCsv(means->dumps(), means->means())));
    QCOMPARE(csv.count('\n'), 1 + 3 * 3 + 3 * 3); // values of three dumps; mean, low and high
    const QString path = Dumps::instance().path("means.csv");
    answerFileDialog(path);
    click(window.find<QPushButton>("dumpMeansExport"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(QString::fromUtf8(file.readAll()), csv);
    // The report has them, too.
    const QString report = Dumps::instance().path("means-report.md");
    answerFileDialog(report);
    window.trigger("actionExportReport");
    QTRY_VERIFY(QFile::exists(report));
    QFile text(report);
    QVERIFY(text.open(QIODevice::ReadOnly));
    QVERIFY(QString::fromUtf8(text.readAll()).contains("Means over 3 dumps"));
}

PIKV_TEST(OverDumpsTest)
#include "tst_overdumps.moc"
