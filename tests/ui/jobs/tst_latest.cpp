// SPDX-License-Identifier: GPL-3.0-or-later
// Requests of which the latest counts: rough before full, late answers, failures, and what was dropped.
#include "jobfixture.h"
#include "testmain.h"
#include "ui/jobs/latest.h"

using namespace pikv;
using namespace pikv::ui;
using namespace jobfixture;

class LatestTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void roughComesBeforeFull();
    void latestWins();
    void fullAnswerOfAnEarlierRequestCountsNot();
    void roughAnswerIsShownWhileItsSuccessorWaits();
    void subjectsDoNotDisturbEachOther();
    void knownAnswerComesLater();
    void failureOfTheRoughOneIsToldOnce();
    void failureOfAnEarlierRequestCountsNot();
    void droppedAnswersNeverArrive();
    void hearsThatTheQueueDroppedItsWork();
    void goneBeforeItsAnswers();

private:
    using Requests = Latest<QString>;
    static Requests::Work says(const QString& text, Gate* gate = nullptr);
    static Requests::Work fails(const std::string& message, Gate* gate = nullptr);

    std::unique_ptr<JobQueue> m_queue;
    std::unique_ptr<Requests> m_latest;
    QStringList m_log; ///< "subject: result" and "subject failed: message"
};

void LatestTest::init()
{
    m_log.clear();
    m_queue = std::make_unique<JobQueue>();
    Requests::Handlers handlers;
    handlers.ready = [this](const std::string& subject, const QString& result, quint64) {
        m_log << QString::fromStdString(subject) + ": " + result;
    };
    handlers.failed = [this](const std::string& subject, const JobProblem& problem) {
        QVERIFY(problem.origin == JobOrigin({ JobKind::LivePoint, subject }));
        m_log << QString::fromStdString(subject + " failed: " + problem.message);
    };
    m_latest = std::make_unique<Requests>(m_queue.get(), JobKind::LivePoint, std::move(handlers));
}

void LatestTest::cleanup()
{
    m_queue.reset();
    m_latest.reset();
}

LatestTest::Requests::Work LatestTest::says(const QString& text, Gate* gate)
{
    return [text, gate](const JobControl& control) {
        if (gate)
            gate->pass(control);
        return text;
    };
}

LatestTest::Requests::Work LatestTest::fails(const std::string& message, Gate* gate)
{
    return [message, gate](const JobControl& control) -> QString {
        if (gate)
            gate->pass(control);
        throw inputError(message);
    };
}

void LatestTest::roughComesBeforeFull()
{
    QCOMPARE(m_latest->latest("a"), 0u);
    QVERIFY(!m_latest->isPending());
    const quint64 id = m_latest->request("a", {}, says("rough"), says("full"));
    QCOMPARE(m_latest->latest("a"), id);
    QVERIFY(m_latest->isPending("a"));
    QTRY_COMPARE(m_log, QStringList({ "a: rough", "a: full" }));
    QVERIFY(!m_latest->isPending("a") && !m_latest->isPending());
    QCOMPARE(m_latest->latest("a"), id);
}

void LatestTest::latestWins()
{
    Gate first;
    m_latest->request("a", {}, says("first", &first));
    QVERIFY(first.waitEntered());
    for (int i = 0; i < 5; ++i)
        m_latest->request("a", {}, says(QString::number(i)));
    QTRY_COMPARE(m_log, QStringList("a: 4"));
    QVERIFY(!m_latest->isPending());
}

void LatestTest::fullAnswerOfAnEarlierRequestCountsNot()
{
    std::atomic<bool> entered = false, release = false;
    m_latest->request("a", {}, [&](const JobControl&) { // takes no notice of a stop
        entered = true;
        while (!release)
            QThread::msleep(1);
        return QString("first");
    });
    QTRY_VERIFY(entered);
    m_latest->request("a", {}, says("second"));
    release = true;
    QTRY_COMPARE(m_log, QStringList("a: second"));
    QVERIFY(!m_latest->isPending("a"));
}

void LatestTest::roughAnswerIsShownWhileItsSuccessorWaits()
{
    Gate rough, full;
    Requests::Terms terms;
    terms.grace = 60'000;
    const quint64 first = m_latest->request("a", terms, says("rough 1", &rough), says("full 1"));
    QVERIFY(rough.waitEntered());
    const quint64 second = m_latest->request("a", terms, says("rough 2"), says("full 2", &full));
    QVERIFY(second > first);
    rough.open = true; // it goes on though it is not the latest
    QVERIFY(full.waitEntered());
    QTRY_COMPARE(m_log, QStringList({ "a: rough 1", "a: rough 2" }));
    QVERIFY(m_latest->isPending("a"));
    full.open = true;
    QTRY_COMPARE(m_log.value(2), "a: full 2");
    QCOMPARE(m_log.size(), 3); // the first one's full answer nobody wants
}

void LatestTest::subjectsDoNotDisturbEachOther()
{
    Gate a;
    m_latest->request("a", {}, says("1", &a));
    m_latest->request("b", {}, says("1"));
    m_latest->request("c", {}, fails("no"));
    QVERIFY(a.waitEntered());
    m_latest->drop("b");
    a.open = true;
    QTRY_COMPARE(m_log, QStringList({ "a: 1", "c failed: no" }));
    QCOMPARE(m_latest->latest("b"), 0u);
    QVERIFY(m_latest->latest("a") != 0);
}

void LatestTest::knownAnswerComesLater()
{
    Gate gate;
    m_latest->request("a", {}, says("computed", &gate));
    QVERIFY(gate.waitEntered());
    m_latest->answer("a", "known");
    QCOMPARE(m_log, QStringList());
    QVERIFY(m_latest->isPending("a"));
    QTRY_COMPARE(m_log, QStringList("a: known"));
    QVERIFY(!m_latest->isPending("a"));
    gate.open = true;
    m_latest->request("b", {}, says("after"));
    QTRY_COMPARE(m_log, QStringList({ "a: known", "b: after" }));
}

void LatestTest::failureOfTheRoughOneIsToldOnce()
{
    m_latest->request("a", {}, fails("rank 9 is above 8"), fails("rank 9 is above 8"));
    m_latest->request("b", {}, says("after"));
    QTRY_COMPARE(m_log.value(1), "b: after");
    QCOMPARE(m_log, QStringList({ "a failed: rank 9 is above 8", "b: after" }));
    QVERIFY(!m_latest->isPending("a"));
}

void LatestTest::failureOfAnEarlierRequestCountsNot()
{
    Gate rough;
    Requests::Terms terms;
    terms.grace = 60'000;
    m_latest->request("a", terms, fails("old settings", &rough), says("full 1"));
    QVERIFY(rough.waitEntered());
    m_latest->request("a", terms, says("rough 2"), says("full 2"));
    rough.open = true;
    QTRY_COMPARE(m_log, QStringList({ "a: rough 2", "a: full 2" })); // the newer one lives on
}

void LatestTest::droppedAnswersNeverArrive()
{
    Gate running;
    m_latest->request("a", {}, says("running", &running));
    m_latest->request("b", {}, says("waiting"));
    QVERIFY(running.waitEntered());
    m_latest->answer("c", "on its way");
    m_latest->dropAll();
    QVERIFY(!m_latest->isPending());
    running.open = true;
    for (const char* subject : { "a", "b", "c" })
        m_latest->request(subject, {}, says("anew"));
    QTRY_VERIFY(!m_latest->isPending());
    m_log.sort();
    QCOMPARE(m_log, QStringList({ "a: anew", "b: anew", "c: anew" }));
}

void LatestTest::hearsThatTheQueueDroppedItsWork()
{
    Gate running;
    m_latest->request("a", {}, says("rough", &running), says("full"));
    m_latest->request("b", {}, says("full"));
    QVERIFY(running.waitEntered());
    m_queue->dropAll();
    QTRY_COMPARE(m_log.size(), 2);
    m_log.sort();
    QCOMPARE(m_log, QStringList({ "a failed: Cancelled", "b failed: Cancelled" })); // once each
    QVERIFY(!m_latest->isPending());
}

void LatestTest::goneBeforeItsAnswers()
{
    Gate running;
    m_latest->request("a", {}, says("too late", &running));
    QVERIFY(running.waitEntered());
    m_latest.reset();
    QSignalSpy idle(m_queue.get(), &JobQueue::idle);
    running.open = true;
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(m_log, QStringList());
}

PIKV_TEST(LatestTest)
#include "tst_latest.moc"
