// SPDX-License-Identifier: GPL-3.0-or-later
// The ways to open a dump, and files that are none.
#include "testmain.h"
#include "ui/models/problemsmodel.h"
#include "ui/window/filechangedbar.h"
#include "windowfixture.h"
#include <QAbstractItemView>
#include <QDockWidget>
#include <QDoubleSpinBox>
#include <QDropEvent>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class OpenTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { forgetSettings(); }
    void opensByDialog();
    void opensByDrop_data();
    void opensByDrop();
    void ignoresADropOfText();
    void opensRecentFiles();
    void showsWhatIsOpen();
    void clipsNoFactInASmallWindow();
    void badFilesBecomeProblems_data();
    void badFilesBecomeProblems();
    void badFileLeavesTheOpenDump();
    void reloadsOnF5();
    void saysThatTheFileChanged();
    void saysThatTheFileVanished();
    void refusesNonFiniteUntilAllowed();

private:
    static void drop(QWidget* target, QMimeData& data);
    static QString shownFile(Window& window) { return window.find<QLabel>("dumpFile")->text(); }
    static void damage(const QString& path, qint64 offset, const QByteArray& bytes);
};

void OpenTest::drop(QWidget* target, QMimeData& data)
{
    QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, {});
    QApplication::sendEvent(target, &enter);
    if (!enter.isAccepted())
        return;
    QDropEvent event(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, {});
    QApplication::sendEvent(target, &event);
}

void OpenTest::damage(const QString& path, qint64 offset, const QByteArray& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(offset));
    QCOMPARE(file.write(bytes), bytes.size());
}

void OpenTest::opensByDialog()
{
    Window window;
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    auto* hint = window.find<QLabel>("layersEmpty");
    QVERIFY(hint->text().contains("Ctrl+O"));
    answerFileDialog(Dumps::instance().small());
    window.trigger("actionOpen");
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(shownFile(window), QString("small.safetensors"));
    QVERIFY(window.windowTitle().contains("small.safetensors"));
    QVERIFY(window.live("kivi") && window.live("lora"));
    QVERIFY(!hint->text().contains("Ctrl+O")); // but what a dump lets one do
}

void OpenTest::opensByDrop_data()
{
    QTest::addColumn<QByteArray>("onto");
    for (const char* name : { "", "chartTabs", "resultsFilter", "resultsTable", "methodsPanel", "paramSpecText" })
        QTest::newRow(*name ? name : "window") << QByteArray(name);
}

void OpenTest::opensByDrop()
{
    QFETCH(QByteArray, onto);
    Window window;
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    QMimeData data;
    data.setUrls({ QUrl::fromLocalFile(Dumps::instance().small()) });
    drop(onto.isEmpty() ? static_cast<QWidget*>(&window) : window.find<QWidget>(onto), data);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(shownFile(window), QString("small.safetensors"));
}

void OpenTest::ignoresADropOfText()
{
    Window window;
    const QString before = shownFile(window);
    for (const QList<QUrl>& urls : { QList<QUrl>(), QList<QUrl> { QUrl("https://example.org/cache.safetensors") } }) {
        QMimeData data;
        data.setText("not a file");
        if (!urls.isEmpty())
            data.setUrls(urls);
        drop(&window, data);
    }
    QTest::qWait(50);
    QCOMPARE(shownFile(window), before);
    QVERIFY(window.find<QDockWidget>("problemsDock")->isHidden());
}

void OpenTest::opensRecentFiles()
{
    const QString other = Dumps::instance().copy("other.safetensors");
    {
        Window window;
        QVERIFY(!window.find<QMenu>("menuRecent")->isEnabled());
        QVERIFY(window.open(Dumps::instance().small()));
        QVERIFY(window.open(other));
        QVERIFY(window.open(Dumps::instance().small()));
        QVERIFY(window.open(other));
    }
    Window window; // the list outlives the window
    QList<QAction*> entries = window.find<QMenu>("menuRecent")->actions();
    QVERIFY(entries.size() >= 2);
    QVERIFY(entries[0]->text().contains("other.safetensors"));
    QVERIFY(entries[1]->text().contains("small.safetensors"));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    entries[1]->trigger();
    QVERIFY(complete.wait(60'000));
    QCOMPARE(shownFile(window), QString("small.safetensors"));
    QVERIFY(window.find<QMenu>("menuRecent")->actions()[0]->text().contains("small.safetensors"));
    QVERIFY(QFile::remove(other));
    window.find<QMenu>("menuRecent")->actions()[1]->trigger();
    QTRY_COMPARE(window.find<QAbstractItemView>("problemsTable")->model()->rowCount(), 1);
    for (const QAction* entry : window.find<QMenu>("menuRecent")->actions()) // a file that is gone leaves the list
        QVERIFY(!entry->text().contains("other.safetensors"));
}

void OpenTest::showsWhatIsOpen()
{
    Window window;
    QVERIFY(shownFile(window).contains("Ctrl+O")); // says what to do
    QVERIFY(window.open(Dumps::instance().small()));
    QCOMPARE(window.find<QLabel>("dumpShape")->text(), QString::fromStdString(window.engine()->info()->shapeText()));
    QVERIFY(window.find<QLabel>("dumpFormat")->text().contains("pikv-kv-1"));
    QVERIFY(window.find<QLabel>("dumpTokens")->text().contains("64"));
    QVERIFY(window.find<QLabel>("dumpSize")->text().contains("131")); // 8 layers x 2 x 64 x 64 x 2 bytes, in kB
    QVERIFY(window.find<QLabel>("dumpRope")->text().contains("10000"));
}

void OpenTest::clipsNoFactInASmallWindow()
{
    Window window({ "kivi" });
    window.resize(1024, 640);
    QVERIFY(
        window.open(QFINDTESTDATA("../../../resources/samples/smollm2-135m-256.safetensors"))); // says more than ours
    auto* dock = window.find<QDockWidget>("dumpDock");
    for (const int width : { 0, 400, 260 }) { // the narrower, the more lines; 0: as it opens
        if (width > 0)
            window.resizeDocks({ dock }, { width }, Qt::Horizontal);
        for (const auto* fact : window.find<QWidget>("dumpPanel")->findChildren<QLabel*>())
            if (fact->wordWrap())
                QTRY_VERIFY2(fact->height() >= fact->heightForWidth(fact->width()), qPrintable(fact->text()));
    }
}

void OpenTest::badFilesBecomeProblems_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("keep"); // bytes of a good dump; -1: no file at all
    QTest::addColumn<QByteArray>("head"); // written over its beginning
    QTest::newRow("missing") << "missing.safetensors" << -1 << QByteArray();
    QTest::newRow("empty") << "empty.safetensors" << 0 << QByteArray();
    QTest::newRow("truncated") << "truncated.safetensors" << 100'000 << QByteArray();
    QTest::newRow("header beyond the file")
        << "header.safetensors" << 1000 << QByteArray("\xff\xff\xff\x00\x00\x00\x00\x00", 8);
    QTest::newRow("text") << "notes.txt" << 0 << QByteArray("Dear reader, this is not a cache.\n");
    QTest::newRow("name with % and spaces") << "100 %1 bad.safetensors" << 0 << QByteArray();
}

void OpenTest::badFilesBecomeProblems()
{
    QFETCH(QString, name);
    QFETCH(int, keep);
    QFETCH(QByteArray, head);
    const QString path = Dumps::instance().path(name);
    if (keep >= 0) {
        Dumps::instance().copy(name);
        QVERIFY(QFile::resize(path, keep));
        damage(path, 0, head);
    }
    Window window;
    QSignalSpy failed(window.engine(), &Engine::dumpFailed);
    window.openDump(path);
    QVERIFY(failed.wait(20'000));
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QCOMPARE(problems->rowCount(), 1);
    const QString message = problems->index(0, ProblemsModel::MessageColumn).data().toString();
    QVERIFY2(message.contains(name), qPrintable(message));
    QVERIFY(!problems->index(0, ProblemsModel::AdviceColumn).data().toString().isEmpty());
    QVERIFY(window.find<QDockWidget>("problemsDock")->isVisible());
    QVERIFY(!window.engine()->info());
    QCOMPARE(window.results()->resultCount(), 0);
}

void OpenTest::badFileLeavesTheOpenDump()
{
    Window window;
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    const int results = window.results()->resultCount();
    QSignalSpy failed(window.engine(), &Engine::dumpFailed);
    window.openDump(Dumps::instance().path("nowhere.safetensors"));
    QVERIFY(failed.wait(20'000));
    QVERIFY(window.waitIdle());
    QCOMPARE(shownFile(window), QString("small.safetensors"));
    QCOMPARE(window.results()->resultCount(), results);
    window.choose("lora");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(5);
    QTRY_COMPARE(window.live("lora")->method.params.integer("rank"), 5); // and it works on
}

void OpenTest::reloadsOnF5()
{
    const QString path = Dumps::instance().copy("reload.safetensors");
    Window window;
    QVERIFY(window.openAndSweep(path));
    const quint64 before = window.engine()->info()->fileBytes;
    GenerateOptions options;
    options.layers = 2;
    options.seq = 16;
    options.headDim = 32;
    const QString other = path + ".new";
    generateCacheFile(options, other.toStdString());
    QCOMPARE(std::rename(qPrintable(other), qPrintable(path)), 0);
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    QTest::keyClick(&window, Qt::Key_F5);
    QVERIFY(complete.wait(60'000));
    QVERIFY(window.engine()->info()->fileBytes != before);
    QVERIFY(window.find<QLabel>("dumpTokens")->text().contains("16"));
}

void OpenTest::saysThatTheFileChanged()
{
    const QString path = Dumps::instance().copy("changing.safetensors");
    Window window;
    QVERIFY(window.openAndSweep(path));
    auto* bar = window.find<FileChangedBar>("fileChangedBar");
    QVERIFY(bar->isHidden());
    damage(path, QFileInfo(path).size() - 1, "x");
    QTRY_VERIFY(bar->isVisible());
    QVERIFY(window.find<QLabel>("fileChangedText")->text().contains("changing.safetensors"));
    QTest::mouseClick(window.find<QPushButton>("fileChangedIgnore"), Qt::LeftButton);
    QVERIFY(bar->isHidden());
    damage(path, QFileInfo(path).size() - 1, "y");
    QTRY_VERIFY(bar->isVisible());
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    QTest::mouseClick(window.find<QPushButton>("fileChangedAction"), Qt::LeftButton);
    QVERIFY(complete.wait(60'000));
    QVERIFY(bar->isHidden());
}

void OpenTest::saysThatTheFileVanished()
{
    const QString path = Dumps::instance().copy("vanishing.safetensors");
    Window window;
    QVERIFY(window.openAndSweep(path));
    const int results = window.results()->resultCount();
    QVERIFY(QFile::remove(path));
    auto* bar = window.find<FileChangedBar>("fileChangedBar");
    QTRY_VERIFY(bar->isVisible());
    QVERIFY(window.find<QLabel>("fileChangedText")->text().contains("vanishing.safetensors"));
    QVERIFY(window.find<QPushButton>("fileChangedAction")->isHidden()); // there is nothing to reload
    window.choose("lora");
    window.find<QDoubleSpinBox>("param_rank_spin")->setValue(3);
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QTRY_VERIFY(problems->rowCount() > 0);
    QVERIFY(problems->index(0, ProblemsModel::MessageColumn).data().toString().contains("vanishing.safetensors"));
    QCOMPARE(window.results()->resultCount(), results); // what was there stays
}

void OpenTest::refusesNonFiniteUntilAllowed()
{
    const QString path = Dumps::instance().copy("nan.safetensors");
    damage(path, QFileInfo(path).size() - 2000, QByteArray("\x00\x7e", 2)); // a half NaN in the last tensors
    Window window;
    QSignalSpy opened(window.engine(), &Engine::dumpOpened);
    window.openDump(path);
    QVERIFY(opened.wait(20'000));
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QTRY_VERIFY(problems->rowCount() > 0);
    QVERIFY(window.waitIdle());
    const QString message = problems->index(0, ProblemsModel::MessageColumn).data().toString();
    QVERIFY2(message.contains("NaN"), qPrintable(message));
    QVERIFY(!window.live("kivi") || window.live("kivi")->preview); // the layers of the preview were sound
    window.trigger("actionAcceptNonFinite");
    QTRY_VERIFY(window.live("kivi") && !window.live("kivi")->preview);
    QCOMPARE(window.live("kivi")->nonFinite, 1);
    QVERIFY(std::isfinite(window.live("kivi")->quality.mse));
}

PIKV_TEST(OpenTest)
#include "tst_open.moc"
