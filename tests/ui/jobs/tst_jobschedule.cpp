// SPDX-License-Identifier: GPL-3.0-or-later
// The order of jobs, with a clock of the test's own.
#include "testmain.h"
#include "ui/jobs/jobschedule.h"
#include <QTest>

using namespace pikv::ui;
using namespace std::chrono_literals;

namespace {

Job jobOf(Urgency urgency, const std::string& subject, JobKind kind = JobKind::LivePoint)
{
    Job job;
    job.urgency = urgency;
    job.origin = { kind, subject };
    return job;
}

/// Takes and ends every waiting job: "urgency subject" each.
QStringList order(JobSchedule& schedule)
{
    QStringList names;
    while (const Job* job = schedule.take()) {
        names << QString::number(int(job->urgency)) + QString::fromStdString(job->origin.subject);
        schedule.finish(false);
    }
    return names;
}

} // namespace

class JobScheduleTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void mostUrgentFirstThenOldest();
    void newerReplacesTheSameQuestion();
    void moreUrgentStopsAndTheOtherIsDoneAgain();
    void lessUrgentStopsNothing();
    void previewMayUseUpItsGrace();
    void replacedWhileItStopsForAnotherIsNotDoneAgain();
    void droppedWhileItRunsIsNotDoneAgain();
    void failedIsNotDoneAgain();
};

void JobScheduleTest::mostUrgentFirstThenOldest()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Sweep, "a"));
    schedule.push(jobOf(Urgency::Full, "b"));
    schedule.push(jobOf(Urgency::Task, "c"));
    schedule.push(jobOf(Urgency::Full, "d"));
    schedule.pushLive(jobOf(Urgency::Preview, "e"), jobOf(Urgency::Full, "e"));
    QCOMPARE(order(schedule), QStringList({ "0c", "1e", "2b", "2d", "2e", "3a" }));
    QVERIFY(!schedule.take());
}

void JobScheduleTest::newerReplacesTheSameQuestion()
{
    JobSchedule schedule;
    schedule.pushLive(jobOf(Urgency::Preview, "a"), jobOf(Urgency::Full, "a"));
    schedule.push(jobOf(Urgency::Full, "b"));
    QCOMPARE(schedule.pushLive(jobOf(Urgency::Preview, "a"), jobOf(Urgency::Full, "a")).size(), 2u);
    QCOMPARE(schedule.push(jobOf(Urgency::Full, "a", JobKind::Proxy)).size(), 0u); // another question about it
    QCOMPARE(order(schedule), QStringList({ "1a", "2b", "2a", "2a" }));
}

void JobScheduleTest::moreUrgentStopsAndTheOtherIsDoneAgain()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Sweep, "first"));
    schedule.push(jobOf(Urgency::Sweep, "second"));
    schedule.take();
    const std::stop_token stop = schedule.stopToken();
    QVERIFY(!stop.stop_requested());
    schedule.push(jobOf(Urgency::Full, "edit"));
    QVERIFY(stop.stop_requested());
    QVERIFY(schedule.finish(true));
    QVERIFY(!schedule.running());
    QCOMPARE(order(schedule), QStringList({ "2edit", "3first", "3second" })); // not behind the other points
}

void JobScheduleTest::lessUrgentStopsNothing()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Full, "a"));
    schedule.take();
    schedule.push(jobOf(Urgency::Full, "b"));
    schedule.push(jobOf(Urgency::Sweep, "c"));
    QVERIFY(!schedule.stopToken().stop_requested());
}

void JobScheduleTest::previewMayUseUpItsGrace()
{
    JobSchedule schedule;
    const auto begin = JobSchedule::Clock::now();
    const auto edit = [&](std::chrono::milliseconds at) {
        schedule.pushLive(jobOf(Urgency::Preview, "a"), jobOf(Urgency::Full, "a"), begin + at);
    };
    edit(0ms);
    schedule.take(begin);
    edit(40ms);
    QVERIFY(!schedule.stopToken().stop_requested()); // it would else never be there while the mouse moves
    edit(79ms);
    QVERIFY(!schedule.stopToken().stop_requested());
    edit(80ms);
    QVERIFY(schedule.stopToken().stop_requested());
    QVERIFY(!schedule.finish(true)); // its successor takes its place
    QCOMPARE(schedule.take(begin + 90ms)->urgency, Urgency::Preview);
    schedule.finish(false);
    QCOMPARE(schedule.take(begin + 100ms)->urgency, Urgency::Full);
    edit(101ms); // a full one has no grace
    QVERIFY(schedule.stopToken().stop_requested());
    schedule.finish(true);

    Job patient = jobOf(Urgency::Preview, "b");
    patient.grace = 400;
    schedule.drop([](const Job&) { return true; });
    schedule.push(patient, begin);
    schedule.take(begin);
    schedule.push(patient, begin + 399ms);
    QVERIFY(!schedule.stopToken().stop_requested());
}

void JobScheduleTest::replacedWhileItStopsForAnotherIsNotDoneAgain()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Full, "a"));
    schedule.take();
    schedule.push(jobOf(Urgency::Task, "save")); // it stops, to be done again
    schedule.push(jobOf(Urgency::Full, "a")); // but here is its successor
    QVERIFY(!schedule.finish(true));
    QCOMPARE(order(schedule), QStringList({ "0save", "2a" }));
}

void JobScheduleTest::droppedWhileItRunsIsNotDoneAgain()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Sweep, "a"));
    schedule.push(jobOf(Urgency::Sweep, "b"));
    schedule.take();
    QCOMPARE(schedule.drop([](const Job&) { return true; }).size(), 1u); // "b"; "a" ends by itself
    QVERIFY(schedule.stopToken().stop_requested());
    schedule.push(jobOf(Urgency::Task, "save")); // more urgent than what was stopped for good
    QVERIFY(!schedule.finish(true));
    QCOMPARE(order(schedule), QStringList("0save"));
}

void JobScheduleTest::failedIsNotDoneAgain()
{
    JobSchedule schedule;
    schedule.push(jobOf(Urgency::Sweep, "a"));
    schedule.take();
    schedule.push(jobOf(Urgency::Task, "save"));
    QVERIFY(!schedule.finish(false)); // it got to its end before it noticed
    QCOMPARE(order(schedule), QStringList("0save"));
}

PIKV_TEST(JobScheduleTest)
#include "tst_jobschedule.moc"
