// SPDX-License-Identifier: GPL-3.0-or-later
// The jobs' thread: who is called when, and what becomes of a job that throws, is dropped or is shut down.
#include "jobfixture.h"
#include "testmain.h"
#include <memory>
#include <new>
#include <stdexcept>

using namespace pikv;
using namespace pikv::ui;
using namespace jobfixture;

namespace {

/// As an exception of LibTorch is: derived from std::exception, with a message of several lines.
struct TensorError : std::exception {
    const char* what() const noexcept override { return "expected 4 dimensions\nbacktrace"; }
};

} // namespace

class JobQueueTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void answersInTheThreadOfItsOwner();
    void moreUrgentOvertakes();
    void newerReplacesWaitingAndRunning();
    void dropsOneQuestion();
    void dropsTheDumpsWorkOnly();
    void dropsEverything();
    void shutsDownWhileAJobRuns();
    void leavesBehindWhatDoesNotStop();
    void exceptionsBecomeProblems_data();
    void exceptionsBecomeProblems();
    void threadLivesOnAfterAnException();
    void reportsProgressAndTraining();
    void answerMayOpenAnEventLoop();
    void restsWhenNothingCame();
};

void JobQueueTest::answersInTheThreadOfItsOwner()
{
    std::atomic<bool> begun = false;
    JobQueue queue({ [&] { begun = true; }, {} });
    QSignalSpy started(&queue, &JobQueue::started), idle(&queue, &JobQueue::idle);
    QThread *ran = nullptr, *answered = nullptr;
    Job job;
    job.run = [&](const JobControl&) -> JobAnswer {
        QThread* const here = begun ? QThread::currentThread() : nullptr; // after the hook
        return [&, here] {
            ran = here;
            answered = QThread::currentThread();
        };
    };
    queue.push(job);
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(started.count(), 1);
    QVERIFY(ran && ran != thread());
    QCOMPARE(answered, thread());
}

void JobQueueTest::moreUrgentOvertakes()
{
    Log log;
    Gate point;
    JobQueue queue;
    queue.push(log.job(Urgency::Sweep, "point", &point));
    queue.push(log.job(Urgency::Sweep, "next point"));
    QVERIFY(point.waitEntered());
    queue.push(log.job(Urgency::Full, "edit"));
    QTRY_COMPARE(log.lines, QStringList("edit"));
    point.open = true;
    QTRY_COMPARE(log.lines, QStringList({ "edit", "point", "next point" })); // done again; nobody heard of the stop
    QCOMPARE(point.entered.load(), 2);
}

void JobQueueTest::newerReplacesWaitingAndRunning()
{
    Log log;
    Gate running;
    JobQueue queue;
    queue.push(log.job(Urgency::Full, "a", &running));
    QVERIFY(running.waitEntered());
    queue.push(log.job(Urgency::Full, "b"));
    queue.push(log.job(Urgency::Full, "b"));
    queue.push(log.job(Urgency::Full, "a"));
    QTRY_COMPARE(log.lines.size(), 4);
    log.lines.sort();
    QCOMPARE(log.lines, QStringList({ "a", "a: cancelled", "b", "b: cancelled" }));
    QCOMPARE(running.entered.load(), 1);
}

void JobQueueTest::dropsOneQuestion()
{
    Log log;
    Gate running;
    JobQueue queue;
    QSignalSpy stopped(&queue, &JobQueue::stopped);
    queue.push(log.job(Urgency::Full, "a", &running));
    QVERIFY(running.waitEntered());
    queue.push(log.job(Urgency::Sweep, "a")); // a point of its sweep: another question
    queue.push(log.job(Urgency::Sweep, "b"));
    queue.drop({ JobKind::SweepPoint, "b" });
    queue.drop({ JobKind::LivePoint, "a" });
    QTRY_COMPARE(log.lines, QStringList({ "b: cancelled", "a: cancelled", "a" }));
    QCOMPARE(stopped.count(), 0);
}

void JobQueueTest::dropsTheDumpsWorkOnly()
{
    Log log;
    Gate model;
    JobQueue queue;
    QSignalSpy stopped(&queue, &JobQueue::stopped);
    Job load = log.job(Urgency::Task, "model", &model);
    load.apart = true;
    queue.push(load);
    QVERIFY(model.waitEntered());
    queue.push(log.job(Urgency::Full, "edit"));
    queue.push(log.job(Urgency::Sweep, "point"));
    queue.dropDumpWork();
    QTRY_COMPARE(stopped.count(), 1); // at once: what runs is not about the dump
    QCOMPARE(log.lines, QStringList({ "edit: cancelled", "point: cancelled" }));
    model.open = true;
    QTRY_COMPARE(log.lines.value(2), "model");
    QCOMPARE(model.entered.load(), 1); // it was not even stopped
}

void JobQueueTest::dropsEverything()
{
    Log log;
    Gate running;
    JobQueue queue;
    QSignalSpy stopped(&queue, &JobQueue::stopped), idle(&queue, &JobQueue::idle);
    Job load = log.job(Urgency::Task, "model", &running);
    load.apart = true;
    queue.push(load);
    QVERIFY(running.waitEntered());
    queue.push(log.job(Urgency::Full, "edit"));
    queue.dropAll();
    QTRY_COMPARE(stopped.count(), 1);
    QCOMPARE(log.lines, QStringList({ "edit: cancelled", "model: cancelled" })); // stopped() comes after both
    QTRY_COMPARE(idle.count(), 1);
    queue.dropAll(); // with nothing there
    QTRY_COMPARE(stopped.count(), 2);
    queue.push(log.job(Urgency::Full, "edit")); // and it works on
    QTRY_COMPARE(log.lines.value(2), "edit");
}

void JobQueueTest::shutsDownWhileAJobRuns()
{
    Log log;
    Gate running;
    auto queue = std::make_unique<JobQueue>();
    queue->push(log.job(Urgency::Full, "running", &running));
    queue->push(log.job(Urgency::Full, "waiting"));
    QVERIFY(running.waitEntered());
    QVERIFY(queue->shutDown(20'000)); // it looks at the stop
    queue.reset();
    QCoreApplication::processEvents();
    QCOMPARE(log.lines, QStringList()); // nobody is called any more

    queue = std::make_unique<JobQueue>(); // the same without shutDown()
    queue->push(log.job(Urgency::Full, "running", &running));
    QVERIFY(running.waitEntered(2));
    queue.reset();
    QCoreApplication::processEvents();
    QCOMPARE(log.lines, QStringList());
}

void JobQueueTest::leavesBehindWhatDoesNotStop()
{
    Log log;
    std::atomic<bool> entered = false, release = false, ended = false;
    auto queue = std::make_unique<JobQueue>();
    Job stubborn = log.job(Urgency::Full, "stubborn");
    stubborn.run = [&](const JobControl& control) -> JobAnswer {
        entered = true;
        while (!release)
            QThread::msleep(1);
        control.report({ "Done", 1, 1 }); // into the void
        ended = true;
        return [&] { log.lines << "answered"; };
    };
    queue->push(stubborn);
    QTRY_VERIFY(entered);
    QVERIFY(!queue->shutDown(10));
    queue.reset(); // returns at once
    QVERIFY(!ended);
    release = true;
    QTRY_VERIFY(ended);
    QTest::qWait(20);
    QCOMPARE(log.lines, QStringList());
}

void JobQueueTest::exceptionsBecomeProblems_data()
{
    using Thrower = std::function<void()>;
    QTest::addColumn<Thrower>("thrower");
    QTest::addColumn<ErrorKind>("kind");
    QTest::addColumn<QString>("message");
    QTest::newRow("usage") << Thrower([] { throw usageError("rank 9 is above 8"); }) << ErrorKind::Usage
                           << "rank 9 is above 8";
    QTest::newRow("input") << Thrower([] { throw inputError("no such file"); }) << ErrorKind::Input << "no such file";
    QTest::newRow("resource") << Thrower([] { throw resourceError("disk full"); }) << ErrorKind::Resource
                              << "disk full";
    QTest::newRow("internal") << Thrower([] { throw Error(ErrorKind::Internal, "bug"); }) << ErrorKind::Internal
                              << "bug";
    QTest::newRow("cancelled") << Thrower([] { throw cancelledError(); }) << ErrorKind::Cancelled << "Cancelled";
    QTest::newRow("bad_alloc") << Thrower([] { throw std::bad_alloc(); }) << ErrorKind::Resource << "Not enough memory";
    QTest::newRow("LibTorch's") << Thrower([] { throw TensorError(); }) << ErrorKind::Internal
                                << "expected 4 dimensions";
    QTest::newRow("standard") << Thrower([] { throw std::out_of_range("at()"); }) << ErrorKind::Internal << "at()";
    QTest::newRow("int") << Thrower([] { throw 42; }) << ErrorKind::Internal << "unknown exception";
}

void JobQueueTest::exceptionsBecomeProblems()
{
    QFETCH(const std::function<void()>, thrower);
    QFETCH(const ErrorKind, kind);
    QFETCH(const QString, message);
    JobQueue queue;
    QList<JobProblem> problems;
    Job job;
    job.origin = { JobKind::Compress, "a.pikv" };
    job.run = [&](const JobControl&) -> JobAnswer {
        thrower();
        return [] { QFAIL("there is no answer"); };
    };
    job.failed = [&](const JobProblem& problem) { problems << problem; };
    queue.push(job);
    QTRY_COMPARE(problems.size(), 1);
    QCOMPARE(problems[0].kind, kind);
    QVERIFY2(QString::fromStdString(problems[0].message).contains(message), problems[0].message.c_str());
    QVERIFY(problems[0].origin == job.origin);
}

void JobQueueTest::threadLivesOnAfterAnException()
{
    Log log;
    JobQueue queue;
    for (int i = 0; i < 3; ++i) {
        Job job = log.job(Urgency::Full, "thrower" + std::to_string(i));
        job.run = [](const JobControl&) -> JobAnswer { throw 42; };
        if (i == 1)
            job.failed = {}; // nobody asks
        queue.push(job);
    }
    queue.push(log.job(Urgency::Full, "after"));
    QTRY_COMPARE(log.lines.value(2), "after");
    QCOMPARE(log.lines.size(), 3);
}

void JobQueueTest::reportsProgressAndTraining()
{
    JobQueue queue;
    QSignalSpy progressed(&queue, &JobQueue::progressed), trained(&queue, &JobQueue::trained);
    QSignalSpy idle(&queue, &JobQueue::idle);
    Job job;
    job.urgency = Urgency::Full;
    job.label = "MiniLLM";
    job.run = [](const JobControl& control) -> JobAnswer {
        for (int step = 0; step < 200; ++step) {
            TrainingPoint point;
            point.step = step;
            control.report({ "Training", step, 200, point });
        }
        return {}; // nothing to call
    };
    queue.push(job);
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(trained.count(), 200); // every step
    for (int step = 0; step < 200; ++step)
        QCOMPARE(trained[step][1].value<TrainingPoint>().step, step);
    QVERIFY(progressed.count() >= 1 && progressed.count() < 100); // but ten texts a second
    QCOMPARE(progressed[0][0].value<Urgency>(), Urgency::Full);
    QCOMPARE(progressed[0][1].toString(), "MiniLLM");
    QCOMPARE(progressed[0][2].toString(), "Training");
    QCOMPARE(progressed[0][4].toInt(), 200);
}

void JobQueueTest::answerMayOpenAnEventLoop()
{
    Log log;
    JobQueue queue;
    Job dialog = log.job(Urgency::Full, "dialog");
    dialog.run = [&](const JobControl&) -> JobAnswer {
        return [&] { QTRY_COMPARE(log.lines, QStringList("behind it")); }; // runs events, as a dialog does
    };
    queue.push(dialog);
    queue.push(log.job(Urgency::Full, "behind it"));
    QTRY_COMPARE(log.lines, QStringList("behind it"));
}

void JobQueueTest::restsWhenNothingCame()
{
    std::atomic<int> rests = 0;
    Log log;
    JobQueue queue({ {}, [&] { ++rests; } });
    queue.push(log.job(Urgency::Full, "a"));
    QTRY_COMPARE(log.lines, QStringList("a"));
    QCOMPARE(rests.load(), 0);
    QTRY_COMPARE_WITH_TIMEOUT(rests.load(), 1, 20'000);
    queue.push(log.job(Urgency::Full, "b"));
    QTRY_COMPARE(log.lines.size(), 2); // awake again
}

PIKV_TEST(JobQueueTest)
#include "tst_jobqueue.moc"
