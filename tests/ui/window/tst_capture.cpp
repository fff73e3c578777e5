// SPDX-License-Identifier: GPL-3.0-or-later
// Capturing a text's cache with a tiny model, and what becomes of a capture that is not saved.
#include "core/dumps/dumps.h"
#include "nexttokenfixture.h"
#include "testmain.h"
#include "ui/panels/capturedialog.h"
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

PIKV_TEST(CaptureTest)
#include "tst_capture.moc"
