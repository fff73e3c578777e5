// SPDX-License-Identifier: GPL-3.0-or-later
// Capturing a text's cache with a tiny model, and what becomes of a capture that is not saved.
#include "core/dumps/dumps.h"
#include "nexttokenfixture.h"
#include "testmain.h"
#include "ui/models/dumpmeansmodel.h"
#include "ui/panels/capturedialog.h"
#include "ui/panels/capturetextsdialog.h"
#include "ui/panels/dumpmeanspanel.h"
#include "ui/panels/sweepeditor.h"
#include "ui/session/sweeps.h"
#include <QCheckBox>
#include <QListWidget>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;
using State = NextTokenController::State;

namespace {

/// Types a text into the dialog and starts; the dump is open afterwards.
bool capture(NextTokenWindow& window)
{
    window.models()->open(tinyModel);
    if (!QTest::qWaitFor([&] { return bool(window.models()->model()); }))
        return false;
    window.trigger("actionCapture");
    auto* dialog = window.find<CaptureDialog>("captureDialog");
    QTest::keyClicks(dialog->findChild<QPlainTextEdit*>("captureText"), "The quick brown fox jumps over the lazy dog.");
    QSignalSpy opened(window.engine(), &Engine::dumpOpened);
    QTest::mouseClick(dialog->findChild<QPushButton*>("captureStart"), Qt::LeftButton);
    return opened.wait(30'000) && window.windowTitle().contains("not saved");
}

bool answer(NextTokenWindow& window, QMessageBox::StandardButton button)
{
    auto* question = window.findChild<QMessageBox*>("unsavedCapture");
    if (!question || !question->isVisible())
        return false;
    QTest::mouseClick(question->button(button), Qt::LeftButton);
    return QTest::qWaitFor([&] { return !window.findChild<QMessageBox*>("unsavedCapture"); });
}

} // namespace

class CaptureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void capturesAText();
    void unsavedCaptureIsAskedAbout();
    void captureThatCannotBeSavedStays();
    void capturingSaysWhatIsWrong();
    void capturesTextsAndSweepsOverThem();
    void capturingTextsSaysWhatIsWrong();

private:
    NoModels m_noModels;
};

void CaptureTest::unsavedCaptureIsAskedAbout()
{
    NextTokenWindow window;
    QVERIFY(capture(window));
    QVERIFY(!window.close());
    QVERIFY(!window.close()); // one question is enough
    QVERIFY(answer(window, QMessageBox::Cancel));
    QVERIFY(window.isVisible());

    QSignalSpy opened(window.engine(), &Engine::dumpOpened);
    window.openDump(capturedDump());
    rejectFileDialog(); // nothing is lost there, either
    QVERIFY(answer(window, QMessageBox::Save));
    QTest::qWait(50);
    QVERIFY(opened.isEmpty() && window.windowTitle().contains("not saved"));

    const QString path = Dumps::instance().path("asked.safetensors");
    window.openDump(capturedDump());
    answerFileDialog(path);
    QVERIFY(answer(window, QMessageBox::Save));
    QVERIFY(opened.count() > 0 || opened.wait(30'000));
    QCOMPARE(QString::fromStdString(window.engine()->info()->path), capturedDump());
    QVERIFY(!cacheInfo(*openCache(path.toStdString())).tokenIds.empty());

    QVERIFY(capture(window));
    QVERIFY(!window.close());
    QVERIFY(answer(window, QMessageBox::Discard));
    QVERIFY(!window.isVisible());
}

void CaptureTest::captureThatCannotBeSavedStays()
{
    NextTokenWindow window;
    QVERIFY(capture(window));
    QVERIFY(!window.close());
    QSignalSpy problem(window.engine(), &Engine::problem);
    answerFileDialog(Dumps::instance().path("no/such/folder/x.safetensors"));
    QVERIFY(answer(window, QMessageBox::Save));
    QVERIFY(problem.count() > 0 || problem.wait(30'000));
    QVERIFY(window.isVisible() && window.windowTitle().contains("not saved"));
    QVERIFY(!window.close());
    QVERIFY(answer(window, QMessageBox::Discard));
    QVERIFY(!window.isVisible());
}

void CaptureTest::capturesAText()
{
    NextTokenWindow window;
    window.models()->open(tinyModel);
    QTRY_VERIFY(window.models()->model());
    QVERIFY(window.find<QLabel>("statusModel")->isVisible());
    window.trigger("actionCapture");
    auto* dialog = window.find<CaptureDialog>("captureDialog");
    auto* start = dialog->findChild<QPushButton*>("captureStart");
    QVERIFY(!start->isEnabled()); // no text yet
    auto* text = dialog->findChild<QPlainTextEdit*>("captureText");
    QCOMPARE(dialog->focusWidget(), text); // one can type at once
    QTest::keyClick(text, Qt::Key_Tab);
    QCOMPARE(dialog->focusWidget(), dialog->findChild<QSpinBox*>("captureTokens"));
    QTest::keyClicks(text, "The quick brown fox jumps over the lazy dog, again and again and again.");
    dialog->findChild<QSpinBox*>("captureTokens")->setValue(20);
    dialog->findChild<QSpinBox*>("captureQueries")->setValue(4);
    QSignalSpy opened(window.engine(), &Engine::dumpOpened);
    QTest::mouseClick(start, Qt::LeftButton);
    QVERIFY(opened.wait(30'000));
    const CacheInfo& info = *window.engine()->info();
    QCOMPARE(info.seq(), 20);
    QCOMPARE(int(info.tokenIds.size()), 20);
    QCOMPARE(int(info.queryPositions.size()), 4);
    QVERIFY(window.windowTitle().contains("not saved"));
    window.showTab();
    QTRY_COMPARE(window.state(), State::Ready);
    const QString path = Dumps::instance().path("kept.safetensors");
    QSignalSpy saved(window.engine(), &Engine::dumpSaved);
    answerFileDialog(path);
    window.trigger("actionSaveDump");
    QVERIFY(saved.count() > 0 || saved.wait(30'000));
    QCOMPARE(cacheInfo(*openCache(path.toStdString())).tokenIds, info.tokenIds);
    QTRY_VERIFY(window.windowTitle().contains("kept.safetensors"));
    QVERIFY(window.close()); // nothing to ask about
}

void CaptureTest::capturingSaysWhatIsWrong()
{
    NextTokenWindow window;
    window.models()->open(tinyModel);
    QTRY_VERIFY(window.models()->model());
    window.trigger("actionCapture");
    auto* dialog = window.find<CaptureDialog>("captureDialog");
    dialog->setText("short");
    dialog->findChild<QSpinBox*>("captureTokens")->setValue(500);
    QTest::mouseClick(dialog->findChild<QPushButton*>("captureStart"), Qt::LeftButton);
    auto* state = dialog->findChild<QLabel*>("captureState");
    QTRY_VERIFY2(state->text().contains("500"), qPrintable(state->text()));
    QVERIFY(dialog->isVisible());
    QCOMPARE(dialog->findChild<QPlainTextEdit*>("captureText")->toPlainText(), "short"); // nothing is lost
    QTest::keyClick(dialog, Qt::Key_Escape);
    QVERIFY(!dialog->isVisible());
}

namespace {

QString writeText(const QString& name, const QByteArray& words)
{
    QFile file(Dumps::instance().path(name));
    return file.open(QIODevice::WriteOnly) && file.write(words.repeated(30)) > 0 ? file.fileName() : QString();
}

CaptureTextsDialog* textsDialog(NextTokenWindow& window)
{
    window.models()->open(tinyModel);
    if (!QTest::qWaitFor([&] { return bool(window.models()->model()); }))
        return nullptr;
    window.trigger("actionCaptureTexts");
    return window.find<CaptureTextsDialog>("captureTextsDialog");
}

void fill(CaptureTextsDialog* dialog, const QString& contexts)
{
    for (const auto& [name, text] :
        { std::pair("captureContexts", contexts), std::pair("captureFolder", Dumps::instance().path("many")) }) {
        auto* line = dialog->findChild<QLineEdit*>(name);
        line->selectAll();
        QTest::keyClicks(line, text);
    }
}

} // namespace

/// Two texts at two contexts in one request: the means are by context, each over both texts.
void CaptureTest::capturesTextsAndSweepsOverThem()
{
    NextTokenWindow window({ "kivi" });
    SweepChoice choice;
    choice.setSpec("kivi:key_bits=[2,4],group_size=8");
    window.session()->sweeps()->setChoice(choice);
    CaptureTextsDialog* dialog = textsDialog(window);
    QVERIFY(dialog);
    auto* start = dialog->findChild<QPushButton*>("captureStart");
    QVERIFY(!start->isEnabled()); // no text yet
    QCOMPARE(dialog->focusWidget(), dialog->findChild<QPushButton*>("captureTextsAdd"));
    answerFileDialog(writeText("one.txt", "the cat sat on the mat; "));
    QTest::mouseClick(dialog->findChild<QPushButton*>("captureTextsAdd"), Qt::LeftButton);
    dialog->addTexts({ writeText("two.txt", "and the dog ran to the house. ") });
    QCOMPARE(dialog->findChild<QListWidget*>("captureTexts")->count(), 2);
    fill(dialog, "24, 48");
    QSignalSpy opened(window.engine(), &Engine::dumpOpened);
    QTest::mouseClick(start, Qt::LeftButton);
    QVERIFY(opened.wait(30'000));
    QCOMPARE(window.engine()->info()->path, Dumps::instance().path("many/one-24.safetensors").toStdString());
    // The sweep over all of them is there to be started.
    SweepEditor* editor = nullptr;
    QTRY_VERIFY((editor = window.findChild<SweepEditor*>("sweepEditor")) && editor->isVisible());
    QCOMPARE(editor->findChild<QListWidget*>("sweepDumps")->count(), 3);
    QVERIFY(editor->findChild<QCheckBox*>("sweepNextToken")->isChecked());
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    QTest::mouseClick(editor->findChild<QPushButton*>("sweepStart"), Qt::LeftButton);
    QVERIFY(swept.count() > 0 || swept.wait(120'000));
    const DumpMeansModel* means = window.session()->means();
    const auto lengths = [&] {
        QStringList texts;
        for (int row = 0; row < means->rowCount(); ++row)
            texts << means->index(row, DumpMeansModel::DumpsColumn).data().toString();
        return texts;
    };
    // 24 and 48 tokens of context, and the quarter behind them that is predicted.
    const QStringList each { "2 of 2, 33\u00a0tokens", "2 of 2, 65\u00a0tokens" };
    QTRY_COMPARE_WITH_TIMEOUT(lengths(), each + each, 60'000);
    QCOMPARE(means->mean(0).of(*findMetric("next_token_kl")).count, std::size_t(2));
    QCOMPARE(means->ofDumps(0).size(), 2);
    QVERIFY(QString::fromUtf8(window.find<DumpMeansPanel>("dumpMeansPanel")->csv()).contains(",33,2 dumps,mean"));
}

void CaptureTest::capturingTextsSaysWhatIsWrong()
{
    NextTokenWindow window;
    CaptureTextsDialog* dialog = textsDialog(window);
    QVERIFY(dialog);
    auto* start = dialog->findChild<QPushButton*>("captureStart");
    auto* state = dialog->findChild<QLabel*>("captureState");
    dialog->addTexts({ writeText("one.txt", "the cat sat on the mat; ") });
    for (const auto& [contexts, word] :
        { std::pair("24, some", "some"), std::pair("24, 4000", "4000"), std::pair("0", "0") }) {
        fill(dialog, contexts);
        QVERIFY(start->isEnabled());
        QTest::mouseClick(start, Qt::LeftButton);
        QTRY_VERIFY2(!window.models()->isCapturing() && state->text().contains(word), qPrintable(state->text()));
        QVERIFY(dialog->isVisible() && start->isEnabled());
    }
    QVERIFY(!QFile::exists(Dumps::instance().path("many/one-4000.safetensors")));
    // Taken off the list, there is nothing to capture.
    dialog->findChild<QListWidget*>("captureTexts")->selectAll();
    QTest::mouseClick(dialog->findChild<QPushButton*>("captureTextsRemove"), Qt::LeftButton);
    QVERIFY(!start->isEnabled());
    QTest::keyClick(dialog, Qt::Key_Escape);
    QVERIFY(!dialog->isVisible());
}

PIKV_TEST(CaptureTest)
#include "tst_capture.moc"
