// SPDX-License-Identifier: GPL-3.0-or-later
// Sweeps, cancelling, and what is exported.
#include "core/codec/registry.h"
#include "core/study/choices.h"
#include "testmain.h"
#include "windowfixture.h"
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDockWidget>
#include <QDoubleSpinBox>
#include <QProcess>
#include <QTableView>
#include <QToolButton>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

namespace {

/// The lines of a CSV without its timing columns and without what stands above it.
QList<QStringList> withoutTimes(const QString& text)
{
    QList<QStringList> rows;
    for (const QString& line : text.split('\n', Qt::SkipEmptyParts)) {
        if (line.startsWith('#'))
            continue;
        QStringList cells; // cells with commas are quoted
        for (const QString& part : line.split(','))
            if (!cells.isEmpty() && cells.last().count('"') % 2 == 1)
                cells.last() += ',' + part;
            else
                cells << part;
        rows << cells;
    }
    for (const char* name : { "compress_seconds", "decompress_seconds" }) {
        const auto column = rows.value(0).indexOf(name);
        for (QStringList& row : rows)
            if (column >= 0 && column < row.size())
                row.removeAt(column);
    }
    return rows;
}

QString contentOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

} // namespace

class RunsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void opensWithTheSweepOfWhatIsChecked();
    void checkingAndUncheckingFollows();
    void timesEverythingFiveTimes();
    void liveEditOvertakesTheSweep();
    void cancelKeepsWhatIsThere_data();
    void cancelKeepsWhatIsThere();
    void importanceMovesEveryPoint();
    void csvEqualsTheCommandLines();
    void selectionIsWhatIsExported();
    void copiesTheTable();
    void unwritableExportIsAProblem();
    void savesACompressedCache();
    void startsWithADumpAsArgument();

private:
    /// Points of the default sweep that the open dump allows.
    static int pointsOf(Window& window, const char* method);
    /// Rows of the table: a point of the sweep at the settings of the form is the form's own.
    static int rowsOf(Window& window, const char* method);
};

namespace {

std::vector<MethodSpec> sweepOf(Window& window, const char* method)
{
    const MethodInfo& info = Registry::instance().get(method);
    std::vector<MethodSpec> points;
    if (!info.sweep.empty())
        points = expandSpec(info.id + ":" + info.sweep);
    std::erase_if(points, [&](const MethodSpec& point) { return !fitsCache(point, *window.engine()->info()); });
    return points;
}

} // namespace

int RunsTest::pointsOf(Window& window, const char* method) { return int(sweepOf(window, method).size()); }

int RunsTest::rowsOf(Window& window, const char* method)
{
    auto points = sweepOf(window, method);
    std::erase(points, window.specs()->spec(method));
    return 1 + int(points.size());
}

void RunsTest::opensWithTheSweepOfWhatIsChecked()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QCOMPARE(window.results()->resultCount(), rowsOf(window, "kivi") + rowsOf(window, "lora"));
    QVERIFY(pointsOf(window, "kivi") > 1 && pointsOf(window, "lora") > 1);
    for (int row = 0; row < window.results()->resultCount(); ++row)
        QVERIFY(!window.results()->row(row).result->preview && !window.results()->row(row).stale);
    window.trigger("actionSweep"); // once more changes nothing, and needs no engine
    QTRY_VERIFY(!window.engine()->isBusy());
    QCOMPARE(window.results()->resultCount(), rowsOf(window, "kivi") + rowsOf(window, "lora"));
}

void RunsTest::checkingAndUncheckingFollows()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const int kivi = window.results()->resultCount();
    window.methods()->setCheckedMethods({ "kivi", "q8_0" });
    QTRY_VERIFY(window.live("q8_0") && !window.live("q8_0")->preview);
    QVERIFY(window.waitIdle());
    window.methods()->setCheckedMethods({ "kivi" });
    QVERIFY(!window.live("q8_0"));
    QCOMPARE(window.results()->resultCount(), kivi);
    window.methods()->setCheckedMethods({ "kivi", "lora" });
    window.methods()->setCheckedMethods({ "kivi" }); // before its result is there
    QVERIFY(window.waitIdle());
    QTest::qWait(50);
    QVERIFY(!window.live("lora"));
}

void RunsTest::liveEditOvertakesTheSweep()
{
    Window window({ "kivi", "lora" });
    window.choose("kivi");
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    QVERIFY(window.open(Dumps::instance().large()));
    QCOMPARE(swept.count(), 0);
    window.find<QDoubleSpinBox>("param_key_bits_spin")->setValue(5);
    QVERIFY(QTest::qWaitFor(
        [&] { return window.live("kivi")->method.params.integer("key_bits") == 5 && !window.live("kivi")->preview; },
        60'000));
    QCOMPARE(swept.count(), 0); // the sweep is still to come, and loses no point
    QVERIFY(swept.wait(120'000));
    QCOMPARE(swept.count(), 1);
    QCOMPARE(swept.first().at(0).toInt(), pointsOf(window, "kivi") + pointsOf(window, "lora"));
    QCOMPARE(window.results()->resultCount(), rowsOf(window, "kivi") + rowsOf(window, "lora"));
}

void RunsTest::cancelKeepsWhatIsThere_data()
{
    QTest::addColumn<QString>("how");
    QTest::newRow("menu") << "menu";
    QTest::newRow("button") << "button";
    QTest::newRow("key") << "key";
}

void RunsTest::cancelKeepsWhatIsThere()
{
    QFETCH(QString, how);
    Window window;
    QVERIFY(window.open(Dumps::instance().large()));
    QTRY_VERIFY(window.engine()->isBusy()); // the sweep
    QSignalSpy swept(window.engine(), &Engine::sweepFinished), cancelled(window.engine(), &Engine::cancelled);
    auto* button = window.find<QToolButton>("statusCancel");
    if (how == "button") {
        QTRY_VERIFY(button->isVisible()); // it comes once something takes long
        QTest::mouseClick(button, Qt::LeftButton);
    } else if (how == "key") {
        QTest::keyClick(&window, Qt::Key_Escape);
    } else {
        window.trigger("actionCancel");
    }
    QVERIFY(cancelled.wait(20'000));
    QVERIFY(window.waitIdle());
    QVERIFY(button->isHidden());
    QCOMPARE(swept.count(), 1);
    QVERIFY(swept.first().at(0).toInt() < swept.first().at(1).toInt());
    const int results = window.results()->resultCount();
    QVERIFY(results >= 2);
    QTest::qWait(100);
    QCOMPARE(window.results()->resultCount(), results); // and nothing trickles in
    QVERIFY(window.find<QDockWidget>("problemsDock")->isHidden()); // it is no error
    window.choose("kivi");
    window.find<QDoubleSpinBox>("param_key_bits_spin")->setValue(6); // and it works on
    QVERIFY(QTest::qWaitFor([&] { return window.live("kivi")->method.params.integer("key_bits") == 6; }, 60'000));
}

void RunsTest::importanceMovesEveryPoint()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* importance = window.find<QComboBox>("importanceSource");
    importance->setCurrentIndex(importance->findText("Attention", Qt::MatchContains));
    Q_EMIT importance->activated(importance->currentIndex());
    QTRY_COMPARE(window.live("kivi")->importance.source, ImportanceSpec::Source::Attention);
    QVERIFY(window.waitIdle());
    QVERIFY(!window.results()->row(window.liveRow("kivi")).stale);
}

void RunsTest::csvEqualsTheCommandLines()
{
    Window window({ "kivi", "lora", "q4_0" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("lora");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(5);
    QTRY_VERIFY(window.live("lora")->method.params.integer("rank") == 5 && !window.live("lora")->preview);
    window.find<QLineEdit>("resultsFilter")->setText("lora rank=5");
    auto* table = window.find<QTableView>("resultsTable");
    QCOMPARE(table->model()->rowCount(), 1);
    const QString exported = Dumps::instance().path("window.csv"), evaluated = Dumps::instance().path("cli.csv");
    answerFileDialog(exported);
    window.trigger("actionExportTable");
    QProcess cli;
    cli.start(PIKV_BIN_DIR "/pikv",
        { "eval", Dumps::instance().small(), "--with", window.specText("lora"), "--csv", evaluated, "--quiet" });
    QVERIFY(cli.waitForFinished(60'000));
    QVERIFY2(cli.exitCode() == 0, cli.readAllStandardError().constData());
    const auto ours = withoutTimes(contentOf(exported)), theirs = withoutTimes(contentOf(evaluated));
    QCOMPARE(ours.size(), 2);
    QVERIFY(ours[0].size() > 20 && ours[0].size() == ours[1].size());
    QCOMPARE(ours, theirs);
}

void RunsTest::selectionIsWhatIsExported()
{
    Window window({ "kivi", "lora" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* table = window.find<QTableView>("resultsTable");
    const QString path = Dumps::instance().path("selected.csv");
    answerFileDialog(Dumps::instance().path("selected")); // the suffix is the dialog's business
    window.trigger("actionExportTable");
    QCOMPARE(withoutTimes(contentOf(path)).size(), 1 + window.results()->resultCount());
    table->selectRow(1);
    answerFileDialog(path);
    window.trigger("actionExportTable");
    QCOMPARE(withoutTimes(contentOf(path)).size(), 2);
}

void RunsTest::copiesTheTable()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.trigger("actionCopyTable");
    const auto rows = withoutTimes(QApplication::clipboard()->text());
    QCOMPARE(rows.size(), 1 + window.results()->resultCount());
    QCOMPARE(rows[0][0], QString("compressor"));
    QCOMPARE(rows[1][0], QString("kivi"));
}

void RunsTest::unwritableExportIsAProblem()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    answerFileDialog("/proc/results.csv");
    window.trigger("actionExportTable");
    QTRY_COMPARE(problems->rowCount(), 1);
    QVERIFY(problems->index(0, 1).data().toString().contains("/proc/results.csv"));
    QVERIFY(window.find<QDockWidget>("problemsDock")->isVisible());
}

void RunsTest::savesACompressedCache()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    window.choose("kivi");
    const QString path = Dumps::instance().path("saved.pikv");
    QSignalSpy saved(window.engine(), &Engine::fileSaved);
    answerFileDialog(path);
    window.trigger("actionCompress");
    QVERIFY(saved.count() > 0 || saved.wait(20'000));
    QCOMPARE(quint64(QFileInfo(path).size()), window.live("kivi")->storedBytes); // honest bytes
    QVERIFY(window.open(path)); // and it opens as a dump
}

void RunsTest::startsWithADumpAsArgument()
{
    const QString trace = Dumps::instance().path("trace.jsonl");
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("PIKV_TRACE", trace);
    environment.insert("PIKV_TRACE_PLAN", "start");
    environment.insert("XDG_CONFIG_HOME", Dumps::instance().path("config"));
    QProcess program;
    program.setProcessEnvironment(environment);
    program.start(PIKV_BIN_DIR "/measure-window", { Dumps::instance().small() });
    QVERIFY(program.waitForFinished(60'000));
    QVERIFY2(program.exitCode() == 0, program.readAllStandardError().constData());
    const QString events = contentOf(trace);
    QVERIFY(events.contains("\"window-visible\""));
    QVERIFY(events.contains("\"first-chart-complete\""));
}

void RunsTest::timesEverythingFiveTimes()
{
    {
        Window window({ "kivi" });
        QVERIFY(window.open(Dumps::instance().small()));
        QTRY_VERIFY(window.live("kivi") && !window.live("kivi")->preview);
        QCOMPARE(window.live("kivi")->timings, 1);
        QVERIFY(!window.action("actionTimeSeveralTimes")->isChecked());
        window.trigger("actionTimeSeveralTimes");
        QTRY_VERIFY(window.live("kivi")->timings == 5);
        const EvaluationResult& live = *window.live("kivi");
        QVERIFY(live.compressFastest <= live.compressSeconds && live.compressSeconds <= live.compressSlowest);
        const int slowest = window.results()->metricColumn("decompress_seconds_max");
        const QModelIndex cell = window.results()->index(window.liveRow("kivi"), slowest);
        QCOMPARE(cell.data(ResultsModel::RawRole).toDouble(), live.decompressSlowest);
        QVERIFY(window.waitIdle());
        window.close();
    }
    Window again({ "kivi" }); // the choice is kept
    QVERIFY(again.action("actionTimeSeveralTimes")->isChecked());
    again.trigger("actionTimeSeveralTimes");
    QVERIFY(again.open(Dumps::instance().small()));
    QTRY_VERIFY(again.live("kivi") && !again.live("kivi")->preview);
    QCOMPARE(again.live("kivi")->timings, 1);
}

PIKV_TEST(RunsTest)
#include "tst_runs.moc"
