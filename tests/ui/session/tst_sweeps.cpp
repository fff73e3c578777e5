// SPDX-License-Identifier: GPL-3.0-or-later
// Live points and sweeps of the engine: what is cut short goes on later, and what fails is counted.
#include "core/base/error.h"
#include "core/dumps/dumps.h"
#include "sessionfixture.h"
#include "testmain.h"
#include <QSignalSpy>
#include <QTest>

using namespace pikv;
using namespace pikv::ui;

class SweepsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void sweepFirstFinishesWhatCancelCutShort();
    void failedPointsAreCounted();
    void uncheckedMethodLeavesTheSweep();
    void summaries();

private:
    bool open(Engine& engine) { return m_dumps.open(engine); }
    const sessionfixture::SmallDumps m_dumps;
};

void SweepsTest::sweepFirstFinishesWhatCancelCutShort()
{
    Engine engine;
    QVERIFY(open(engine));
    QStringList order;
    connect(&engine, &Engine::resultReady, this, [&](const ResultPtr& result, quint64, bool live) {
        const QString what = QString::fromStdString(printSpec(result->method));
        order << (!live ? "point " : result->preview ? "preview " : "full ") + what;
        if (live && result->preview && order.size() == 1)
            engine.cancel(); // Esc, as soon as the preview is there
    });
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    const MethodSpec live = parseSpec("lora:rank=4"), point = parseSpec("lora:rank=8");
    engine.requestLive(live);
    QTRY_VERIFY(!order.isEmpty() && !engine.isBusy());
    QCOMPARE(engine.latestLive("lora"), 0u);
    const QStringList before = order;
    QCOMPARE(before, QStringList("preview " + QString::fromStdString(printSpec(live))));
    engine.requestSweep({ point });
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(order.last(), "point " + QString::fromStdString(printSpec(point)));
    QCOMPARE(order[order.size() - 2], "full " + QString::fromStdString(printSpec(live)));
    engine.requestSweep({ point }); // nothing is left to finish
    QTRY_COMPARE(swept.count(), 2);
    QCOMPARE(order.count("full " + QString::fromStdString(printSpec(live))), 1);
}

void SweepsTest::failedPointsAreCounted()
{
    Engine engine;
    QVERIFY(open(engine));
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    QList<JobProblem> problems;
    connect(&engine, &Engine::problem, this, [&](const JobProblem& problem) { problems << problem; });
    const MethodSpec beyond = parseSpec("lora:rank=4096"); // a head has 32 channels
    engine.requestSweep({ parseSpec("lora:rank=4"), beyond, parseSpec("lora:rank=8") });
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 3, 3, 1 }));
    QCOMPARE(problems.size(), 1);
    QVERIFY(problems[0].origin == JobOrigin({ JobKind::SweepPoint, printSpec(beyond) }));
}

void SweepsTest::uncheckedMethodLeavesTheSweep()
{
    Engine engine;
    QVERIFY(open(engine));
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    engine.requestSweep({ parseSpec("lora:rank=4"), parseSpec("kivi:key_bits=2"), parseSpec("kivi:key_bits=4") });
    engine.dropMethod("kivi");
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 1, 1, 0 }));
}

void SweepsTest::summaries()
{
    const auto plain = [](QString text) { return text.replace(QChar(0x00a0), ' '); };
    QCOMPARE(plain(SweepQueue::summary(52, 52, 0)), "Sweep finished: 52 points");
    QCOMPARE(plain(SweepQueue::summary(52, 52, 4)), "Sweep finished: 48 of 52 points, 4 failed");
    QCOMPARE(plain(SweepQueue::summary(52, 52, 52)), "Sweep finished: 0 of 52 points, 52 failed");
    QCOMPARE(plain(SweepQueue::summary(7, 52, 0)), "Sweep cancelled after 7 of 52 points");
}

PIKV_TEST(SweepsTest)
#include "tst_sweeps.moc"
