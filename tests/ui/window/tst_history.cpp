// SPDX-License-Identifier: GPL-3.0-or-later
// Results that stay: a window that is opened again, an importance that is chosen again, and the history's dialog, by
// mouse and keyboard.
#include "core/codec/registry.h"
#include "core/dumps/dumps.h"
#include "core/study/recorded.h"
#include "history/catalogue.h"
#include "history/history.h"
#include "nexttokenfixture.h"
#include "testmain.h"
#include "ui/models/historymodel.h"
#include "ui/models/problemsmodel.h"
#include "windowfixture.h"
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <QUndoStack>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

namespace {

/// A window with a history, and a count of what came that was not known.
class Remembering : public Window {
public:
    explicit Remembering(const std::string& database)
        : Window({ "kivi", "lora" }, false, std::make_shared<history::History>(database))
    {
        connect(engine(), &Engine::resultReady, this,
            [this](const ResultPtr& result) { ++(result->measured.empty() ? measured : remembered); });
    }
    int measured = 0, remembered = 0;
};

/// The times of every row: equal where nothing was measured again.
QMap<std::string, double> times(const ResultsModel& results)
{
    QMap<std::string, double> times;
    for (int row = 0; row < results.resultCount(); ++row)
        times[printSpec(results.row(row).result->method)] = results.row(row).result->compressSeconds;
    return times;
}

int sweepRows(const ResultsModel& results)
{
    int rows = 0;
    for (int row = 0; row < results.resultCount(); ++row)
        rows += !results.row(row).current || results.row(row).swept ? 1 : 0;
    return rows;
}

} // namespace

class HistoryTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void reopeningMeasuresNothing();
    void importanceChosenAgainMeasuresNothing();
    void slidersLeaveNoPointsBehind();
    void checkedAgainMeasuresNothing();
    void capturedAndCommandLineShareIt();
    void scoresOfOtherDaysJoinTheirPoints();
    void brokenHistoryIsToldOnce();
    void searchStarNoteAndForget();
    void aRowGivesItsSettings();

private:
    void fill(const std::vector<std::string>& specs) const;
    QTemporaryDir m_folder;
    std::string m_database;
    int m_count = 0;
};

void HistoryTest::init()
{
    forgetSettings();
    m_database = m_folder.filePath(QString("history%1.sqlite").arg(++m_count)).toStdString();
}

void HistoryTest::reopeningMeasuresNothing()
{
    int rows = 0;
    double time = 0;
    {
        Remembering window(m_database);
        QVERIFY(window.openAndSweep(Dumps::instance().small()));
        QVERIFY(window.waitIdle());
        rows = window.results()->resultCount();
        time = window.live("lora")->compressSeconds;
        QVERIFY(rows > 6 && window.measured > 6);
    }
    Remembering window(m_database);
    // Under another name: it is the same dump.
    const QString copy = Dumps::instance().copy("another-name.safetensors");
    QVERIFY(window.openAndSweep(copy));
    QVERIFY(window.waitIdle());
    QCOMPARE(window.measured, 0);
    QCOMPARE(window.results()->resultCount(), rows);
    QVERIFY(sweepRows(*window.results()) >= rows - 2);
    const EvaluationResult* live = window.live("lora");
    QCOMPARE(live->compressSeconds, time); // that of then, and it says so
    QVERIFY(live->measured.starts_with("20"));
    QVERIFY(!live->layers.empty()); // the chart of layers has its figures
    const int row = window.liveRow("lora");
    QVERIFY(window.results()->index(row, 0).data(Qt::ToolTipRole).toString().contains("Measured 20"));
}

void HistoryTest::importanceChosenAgainMeasuresNothing()
{
    Remembering window(m_database);
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const auto before = times(*window.results());
    const auto choose = [&](const char* name) {
        QSignalSpy swept(window.engine(), &Engine::sweepFinished);
        auto* importance = window.find<QComboBox>("importanceSource");
        importance->setCurrentIndex(importance->findText(name, Qt::MatchContains));
        Q_EMIT importance->activated(importance->currentIndex());
        return swept.wait(120'000) && window.waitIdle();
    };
    QVERIFY(choose("Recency"));
    const auto recency = times(*window.results());
    QVERIFY(recency != before);
    QVERIFY(choose("None"));
    QCOMPARE(times(*window.results()), before);
    for (int row = 0; row < window.results()->resultCount(); ++row)
        QCOMPARE(window.results()->row(row).result->importance.source, ImportanceSpec::Source::None);
    QVERIFY(choose("Recency"));
    QCOMPARE(times(*window.results()), recency);
    const int swept = int(before.size()) - 2; // points of sweeps that are not where the form is
    window.session()->undoStack()->undo(); // with the next frame, not after a look into the database
    int shown = 0;
    for (int row = 0; row < window.results()->resultCount(); ++row)
        shown += window.results()->row(row).result->importance.source == ImportanceSpec::Source::None;
    QVERIFY2(shown >= swept, qPrintable(QString("%1 of %2").arg(shown).arg(swept)));
}

void HistoryTest::slidersLeaveNoPointsBehind()
{
    {
        Remembering window(m_database);
        QVERIFY(window.openAndSweep(Dumps::instance().small()));
        for (int rank = 17; rank < 22; ++rank) {
            window.specs()->setSpec(parseSpec("lora:rank=" + std::to_string(rank)));
            QTRY_COMPARE_WITH_TIMEOUT(window.live("lora")->method.params.integer("rank"), rank, 30'000);
            QVERIFY(window.waitIdle());
        }
    }
    Remembering window(m_database);
    window.specs()->setSpec(parseSpec("lora:rank=20"));
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    QCOMPARE(window.measured, 0); // though rank 20 was only passed
    for (int row = 0; row < window.results()->resultCount(); ++row)
        if (const auto& shown = window.results()->row(row); !shown.current && shown.result->method.id == "lora")
            QVERIFY2(
                shown.result->method.params.integer("rank") < 17 || shown.result->method.params.integer("rank") > 21,
                printSpec(shown.result->method).c_str());
}

void HistoryTest::checkedAgainMeasuresNothing()
{
    Remembering window(m_database);
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    const auto before = times(*window.results());
    window.methods()->setChecked("lora", false);
    QVERIFY(window.waitIdle());
    QVERIFY(times(*window.results()).size() < before.size());
    window.methods()->setChecked("lora", true);
    QTRY_COMPARE_WITH_TIMEOUT(times(*window.results()), before, 30'000);
}

void HistoryTest::capturedAndCommandLineShareIt()
{
    Remembering window(m_database);
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    const auto entries = history::Catalogue(m_database).list({});
    QVERIFY(!entries.empty());
    QCOMPARE(QFileInfo(QString::fromStdString(entries.front().dump)).fileName(), QString("small.safetensors"));
    QVERIFY(entries.front().ofThisEngine);
}

/// What `pikv sweep --model` scored: the points of the window's sweep have no other way to a KL.
void HistoryTest::scoresOfOtherDaysJoinTheirPoints()
{
    double kl = 0;
    {
        const Study study(openCache(capturedDump().toStdString()));
        const auto store = std::make_shared<history::History>(m_database);
        const auto test = study.openNextToken(openModel(tinyModel.toStdString()));
        const Recorder recorder(store, fingerprintOf(*study.cache(), store.get()));
        kl = recorder.evaluate(study, parseSpec("lora:rank=3"), { {}, false, test.get() }).nextToken.kl;
        QVERIFY(kl > 0);
    }
    NextTokenWindow window({ "kivi", "lora" }, false, std::make_shared<history::History>(m_database));
    QVERIFY(window.ready());
    const auto found = [&]() -> const EvaluationResult* {
        for (int row = 0; row < window.results()->resultCount(); ++row)
            if (printSpec(window.results()->row(row).result->method) == "lora:rank=3")
                return window.results()->row(row).result.get();
        return nullptr;
    };
    QTRY_VERIFY_WITH_TIMEOUT(found() && hasNextToken(found()->nextToken), 30'000);
    QCOMPARE(found()->nextToken.kl, kl);
    QVERIFY(!found()->measured.empty());
}

void HistoryTest::brokenHistoryIsToldOnce()
{
    QFile file(QString::fromStdString(m_database));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray(9000, 'x'));
    file.close();
    Remembering window(m_database);
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    QVERIFY(window.measured > 6);
    int told = 0;
    for (int row = 0; row < window.session()->problems()->rowCount(); ++row)
        told += window.session()->problems()->entry(row).message.contains("is damaged") ? 1 : 0;
    QCOMPARE(told, 1);
}

void HistoryTest::fill(const std::vector<std::string>& specs) const
{
    history::History store(m_database);
    for (const std::string& spec : specs) {
        EvaluationResult result;
        result.method = parseSpec(spec);
        result.originalBytes = 1600;
        result.storedBytes = 400;
        store.add(
            { "d", "e", "importance=none seed=0", spec }, { "/d/prompt.safetensors", "", "" }, result, Origin::Wanted);
    }
}

void HistoryTest::searchStarNoteAndForget()
{
    fill({ "lora", "kivi", "kivi:key_bits=4" });
    Remembering window(m_database);
    QTest::keyClick(&window, Qt::Key_H, Qt::ControlModifier);
    auto* table = window.find<QTableView>("historyTable");
    QTRY_COMPARE(table->model()->rowCount(), 3);
    QCOMPARE(table->model()->index(0, HistoryModel::Method).data().toString(), QString("kivi:key_bits=4"));
    auto* state = window.find<QLabel>("historyState");
    QVERIFY2(state->text().simplified().contains("3 of 3") && state->text().contains("kB of at most"),
        qPrintable(state->text()));
    // Search, by keyboard.
    auto* words = window.find<QLineEdit>("historySearch");
    words->setFocus();
    QTest::keyClicks(words, "LORA");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QTest::keyClick(words, Qt::Key_Return);
    QVERIFY(words->isVisible()); // Enter has not closed the dialog
    // A star by mouse, a note by keyboard.
    const QModelIndex star = table->model()->index(0, HistoryModel::Star);
    const QRect cell = table->visualRect(star);
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, QPoint(cell.left() + 10, cell.center().y()));
    QCOMPARE(star.data(Qt::CheckStateRole).toInt(), int(Qt::Checked));
    words->clear();
    QTRY_COMPARE(table->model()->rowCount(), 3);
    table->setCurrentIndex(table->model()->index(1, HistoryModel::Note));
    table->setFocus();
    QTest::keyClick(table, Qt::Key_F2);
    auto* editor = table->viewport()->findChild<QLineEdit*>();
    QVERIFY(editor);
    QTest::keyClicks(editor, "the best one");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(history::Catalogue(m_database).list({ { "best" } }).size(), std::size_t(1));
    QTest::mouseClick(window.find<QCheckBox>("historyStarred"), Qt::LeftButton, {}, QPoint(8, 8));
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QTest::mouseClick(window.find<QCheckBox>("historyStarred"), Qt::LeftButton, {}, QPoint(8, 8));
    QTRY_COMPARE(table->model()->rowCount(), 3);
    // Export, then forget the one that has neither star nor note.
    answerFileDialog(m_folder.filePath("history.csv"));
    QTest::mouseClick(window.find<QPushButton>("historyExport"), Qt::LeftButton);
    QTRY_VERIFY(QFile::exists(m_folder.filePath("history.csv")));
    QTimer::singleShot(0, qApp, [] {
        auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget());
        QTest::mouseClick(box->findChild<QPushButton*>("historyForgetYes"), Qt::LeftButton);
    });
    QTest::mouseClick(window.find<QPushButton>("historyForget"), Qt::LeftButton);
    QTRY_COMPARE(table->model()->rowCount(), 2);
    QCOMPARE(history::Catalogue(m_database).count(), std::uint64_t(2));
}

void HistoryTest::aRowGivesItsSettings()
{
    fill({ "kivi:key_bits=3" });
    Remembering window(m_database);
    window.choose("lora");
    window.trigger("actionHistory");
    auto* table = window.find<QTableView>("historyTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    table->setCurrentIndex(table->model()->index(0, HistoryModel::Method));
    table->setFocus();
    QTest::keyClick(table, Qt::Key_Return);
    QTRY_COMPARE(window.specText("kivi"), QString("kivi:key_bits=3"));
    QVERIFY(table->isVisible());
}

PIKV_TEST(HistoryTest)
#include "tst_history.moc"
