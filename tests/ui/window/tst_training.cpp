// SPDX-License-Identifier: GPL-3.0-or-later
// The loss of a student while it trains.
#include "testmain.h"
#include "ui/charts/trainingpanel.h"
#include "ui/models/trainingrun.h"
#include "windowfixture.h"
#include <QLabel>
#include <QTabWidget>
#include <QToolButton>

using namespace pikv::ui;
using namespace windowfixture;

class TrainingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { forgetSettings(); }
    void curvesFallWhileTheStudentTrains();
    void cancelStopsTheTraining();
    void anotherDumpClearsTheChart();
};

void TrainingTest::curvesFallWhileTheStudentTrains()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* tabs = window.find<QTabWidget>("chartTabs");
    auto* panel = window.find<TrainingPanel>("trainingPanel");
    tabs->setCurrentWidget(panel);
    auto* empty = window.find<QLabel>("trainingEmpty");
    QVERIFY(empty->isVisible() && empty->text().contains("MiniLLM"));
    QSignalSpy trained(window.engine(), &Engine::trained);
    QSignalSpy swept(window.engine(), &Engine::sweepFinished);
    window.methods()->setCheckedMethods({ "kivi", "minillm" });
    QVERIFY(trained.count() > 0 || trained.wait(20'000));
    QTRY_VERIFY(!empty->isVisible()); // at work, not at the end
    QVERIFY(swept.count() > 0 || swept.wait(60'000));
    QVERIFY(window.waitIdle());
    const auto* run = window.findChild<TrainingRun*>();
    QCOMPARE(run->curves().size(), 2 * 8); // keys and values of every layer
    for (const TrainingCurve& curve : run->curves()) {
        QCOMPARE(curve.points.first().x(), 0.0);
        QVERIFY(curve.points.size() > 1);
        QVERIFY(curve.points.last().y() <= curve.points.first().y());
    }
    QVERIFY(window.find<QLabel>("trainingName")->text().startsWith("MiniLLM, layer 8 of 8 · keys: loss "));
    auto* chart = window.find<QWidget>("trainingChart");
    QTRY_VERIFY(chart->accessibleDescription().startsWith("MiniLLM, layer 8 of 8; "));
}

void TrainingTest::cancelStopsTheTraining()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().large()));
    window.specs()->setSpec(pikv::parseSpec("minillm:steps=10000"));
    QSignalSpy trained(window.engine(), &Engine::trained);
    QSignalSpy cancelled(window.engine(), &Engine::cancelled);
    window.methods()->setCheckedMethods({ "kivi", "minillm" });
    QVERIFY(trained.count() > 0 || trained.wait(20'000));
    auto* button = window.find<QToolButton>("statusCancel");
    QTRY_VERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(cancelled.count() > 0 || cancelled.wait(20'000));
    QVERIFY(window.waitIdle());
    QVERIFY(!window.live("minillm") || window.live("minillm")->preview);
}

void TrainingTest::anotherDumpClearsTheChart()
{
    Window window({ "kivi" });
    QVERIFY(window.openAndSweep(Dumps::instance().small()));
    auto* run = window.findChild<TrainingRun*>();
    run->add("MiniLLM", { "keys", 0, 8, 0, 0.5 });
    QVERIFY(!window.find<QLabel>("trainingName")->text().isEmpty());
    QVERIFY(window.open(Dumps::instance().copy("other.safetensors")));
    QVERIFY(run->curves().isEmpty());
    QVERIFY(window.find<QLabel>("trainingName")->text().isEmpty());
}

PIKV_TEST(TrainingTest)
#include "tst_training.moc"
