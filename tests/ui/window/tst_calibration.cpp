// SPDX-License-Identifier: GPL-3.0-or-later
#include "testmain.h"
#include "windowfixture.h"
#include <QDockWidget>
#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QUndoStack>
#include <cmath>

using namespace windowfixture;
using pikv::ui::Engine;

/// A basis learned in the window on one dump and used on the open one.
class CalibrationTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { forgetSettings(); }
    void learnsAndUsesABasis();
    void otherModelsBecomeProblems();
    void wantsADump();

private:
    static void learn(Window& window, const QString& path)
    {
        answerFileDialog(path);
        QTest::mouseClick(window.find<QPushButton>("calibrationLearn"), Qt::LeftButton);
    }
};

void CalibrationTest::learnsAndUsesABasis()
{
    Window window({ "lora" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    window.choose("lora");
    window.trigger("actionCalibrate");
    QVERIFY(window.find<QDockWidget>("calibrationDock")->isVisible());
    QCOMPARE(window.find<QListWidget>("calibrationDumps")->count(), 1);
    const quint64 before = window.live("lora")->storedBytes;
    QSignalSpy calibrated(window.engine(), &Engine::calibrated);
    const QString path = Dumps::instance().path("lora.pikv-basis");
    learn(window, Dumps::instance().path("lora")); // the suffix is the dialog's business
    QVERIFY(calibrated.count() > 0 || calibrated.wait(20'000));
    QTRY_COMPARE(window.live("lora")->sharedBytes, quint64(QFileInfo(path).size())); // honest bytes
    QVERIFY(window.live("lora")->storedBytes < before);
    QVERIFY(window.specText("lora").contains(path));
    const double alone = window.live("lora")->amortisedRatio(1);
    window.find<QSpinBox>("calibrationCaches")->setValue(100);
    QTRY_COMPARE(window.live("lora")->sharedCaches, std::int64_t(100));
    QVERIFY(window.live("lora")->amortisedRatio(100) < alone);
    QVERIFY(window.waitIdle());
    QTest::mouseClick(window.find<QPushButton>("calibrationForget"), Qt::LeftButton);
    QVERIFY(!window.specText("lora").contains("shared"));
    window.trigger("actionUndo");
    QVERIFY(window.specText("lora").contains(path));
}

void CalibrationTest::otherModelsBecomeProblems()
{
    Window window({ "lora" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    QVERIFY(window.waitIdle());
    window.choose("lora");
    window.trigger("actionCalibrate");
    answerFileDialog(Dumps::instance().large());
    QTest::mouseClick(window.find<QPushButton>("calibrationAdd"), Qt::LeftButton);
    QCOMPARE(window.find<QListWidget>("calibrationDumps")->count(), 2);
    const QString path = Dumps::instance().path("never.pikv-basis");
    learn(window, path);
    auto* problems = window.find<QAbstractItemView>("problemsTable")->model();
    QTRY_COMPARE(problems->rowCount(), 1);
    QVERIFY(problems->index(0, 1).data().toString().contains("24"));
    QVERIFY(!QFileInfo::exists(path));
}

void CalibrationTest::wantsADump()
{
    Window window({ "kivi" });
    window.trigger("actionCalibrate");
    QVERIFY(!window.find<QPushButton>("calibrationLearn")->isEnabled());
    QVERIFY(!window.find<QLabel>("calibrationNote")->text().isEmpty());
}

PIKV_TEST(CalibrationTest)
#include "tst_calibration.moc"
