// SPDX-License-Identifier: GPL-3.0-or-later
#include "testmain.h"
#include "ui/models/trainingrun.h"
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;

namespace {

TrainingPoint point(const char* curve, int layer, int step, double loss) { return { curve, layer, 3, step, loss }; }

} // namespace

class TrainingRunTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void pointsJoinTheirCurves();
    void aLayerThatBeginsAgainBeginsAnotherRun();
    void anotherMethodBeginsAnotherRun();
    void emptyHasNoTitle();
};

void TrainingRunTest::pointsJoinTheirCurves()
{
    TrainingRun run;
    const QSignalSpy changed(&run, &TrainingRun::changed);
    run.add("MiniLLM", point("keys", 0, 0, 0.5));
    run.add("MiniLLM", point("values", 0, 0, 0.25)); // side by side
    run.add("MiniLLM", point("keys", 0, 10, 0.125));
    run.add("MiniLLM", point("keys", 1, 0, 1));
    QCOMPARE(changed.count(), 4);
    QCOMPARE(run.curves().size(), 3);
    QCOMPARE(run.curves()[0].points, (QVector<QPointF> { { 0, 0.5 }, { 10, 0.125 } }));
    QCOMPARE(run.current().size(), 1);
    QCOMPARE(run.title(), QString("MiniLLM, layer 2 of 3"));
    QCOMPARE(run.summary(), QString("keys: loss 1 after 0 steps"));
}

void TrainingRunTest::aLayerThatBeginsAgainBeginsAnotherRun()
{
    TrainingRun run;
    run.add("MiniLLM", point("keys", 0, 0, 0.5));
    run.add("MiniLLM", point("keys", 1, 0, 0.5));
    run.add("MiniLLM", point("keys", 0, 0, 0.75));
    QCOMPARE(run.curves().size(), 1);
    QCOMPARE(run.curves()[0].points, (QVector<QPointF> { { 0, 0.75 } }));
    run.clear();
    run.add("MiniLLM", point("keys", 2, 0, 0.5)); // a preview looks at some layers
    run.add("MiniLLM", point("keys", 0, 0, 0.5));
    QCOMPARE(run.curves().size(), 1);
    QCOMPARE(run.curves()[0].layer, 0);
}

void TrainingRunTest::anotherMethodBeginsAnotherRun()
{
    TrainingRun run;
    run.add("MiniLLM", point("keys", 0, 0, 0.5));
    run.add("Learning", point("keys", 1, 0, 0.5));
    QCOMPARE(run.curves().size(), 1);
    QCOMPARE(run.title(), QString("Learning, layer 2 of 3"));
}

void TrainingRunTest::emptyHasNoTitle()
{
    TrainingRun run;
    QVERIFY(run.title().isEmpty() && run.summary().isEmpty());
    run.add("MiniLLM", point("keys", 0, 0, 0.5));
    run.clear();
    QVERIFY(run.title().isEmpty() && run.curves().isEmpty());
}

PIKV_TEST(TrainingRunTest)
#include "tst_trainingrun.moc"
