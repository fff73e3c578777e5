// SPDX-License-Identifier: GPL-3.0-or-later
// The queue of sweeps: order, pause, cancel, what other settings leave of it, and what is kept for another day.
#include "sessionfixture.h"
#include "testmain.h"
#include "ui/engine/queuemodel.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/specstore.h"
#include "ui/session/session.h"
#include "ui/session/sweeps.h"
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <QUndoStack>

using namespace pikv;
using namespace pikv::ui;

class QueueTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void runsInOrder();
    void pauseHoldsAtTheNextPoint();
    void orderIsChanged();
    void oneIsCancelled();
    void otherImportancesStayForLater();
    void anotherImportanceStopsNothing();
    void anotherDumpInterrupts();
    void sweepsAreOfferedAgain();
    void estimates();
    void rowsAreDragged();
    void undoneAtOnce();

private:
    bool open(Engine& engine, const char* name = "dump.safetensors") { return m_dumps.open(engine, name); }
    SweepOrder order(const std::string& spec, const std::string& importances = "none") const
    {
        SweepOrder order;
        order.grid = { { spec }, parseImportances(importances), false };
        order.dump = m_dumps.path("dump.safetensors");
        return order;
    }
    /// The points' specs as they come.
    static std::shared_ptr<QStringList> results(Engine& engine)
    {
        auto list = std::make_shared<QStringList>();
        connect(&engine, &Engine::resultReady, &engine, [list](const ResultPtr& result, quint64, bool live) {
            if (!live)
                *list << QString::fromStdString(pointText({ result->method, result->importance }));
        });
        return list;
    }
    const sessionfixture::SmallDumps m_dumps;
};

void QueueTest::runsInOrder()
{
    Engine engine;
    QVERIFY(open(engine));
    const auto came = results(engine);
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    engine.requestSweep(order("lora:rank=[2..4]"));
    engine.requestSweep(order("kivi:key_bits=[2,4]"));
    engine.requestSweep(order("lora:rank=[4,5]")); // of which one waits already
    const auto& entries = engine.sweeps()->entries();
    QCOMPARE(entries.size(), std::size_t(3));
    QCOMPARE(entries[2].total, 1);
    QVERIFY(engine.isBusy());
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 6, 6, 0 }));
    QCOMPARE(
        *came, QStringList({ "lora:rank=2", "lora:rank=3", "lora:rank=4", "kivi", "kivi:key_bits=4", "lora:rank=5" }));
    for (const auto& entry : entries)
        QVERIFY(entry.state == SweepQueue::State::Finished && entry.done == entry.total && entry.failed == 0);
    QTRY_VERIFY(!engine.isBusy());
    engine.sweeps()->removeEnded();
    QVERIFY(entries.empty());
}

void QueueTest::pauseHoldsAtTheNextPoint()
{
    Engine engine;
    QVERIFY(open(engine));
    const auto came = results(engine);
    connect(&engine, &Engine::resultReady, this, [&] { engine.sweeps()->setPaused(true); });
    engine.requestSweep(order("lora:rank=[2..9]"));
    QTRY_VERIFY(!engine.isBusy());
    const auto done = came->size();
    QVERIFY(done >= 1 && done <= 2); // the one that ran, and what ran when it was paused
    QCOMPARE(engine.sweeps()->entries()[0].done, int(done));
    QCOMPARE(engine.sweeps()->entries()[0].state, SweepQueue::State::Waiting);
    QTest::qWait(100);
    QCOMPARE(came->size(), done);
    disconnect(&engine, &Engine::resultReady, this, nullptr);
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    engine.sweeps()->setPaused(false);
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(came->size(), 8); // each once
    QCOMPARE(QSet<QString>(came->begin(), came->end()).size(), 8);
}

void QueueTest::orderIsChanged()
{
    Engine engine;
    QVERIFY(open(engine));
    const auto came = results(engine);
    SweepQueue* queue = engine.sweeps();
    queue->setPaused(true);
    for (const char* spec : { "lora:rank=[2,3]", "kivi:key_bits=[2,3]", "q8_0" })
        engine.requestSweep(order(spec));
    const auto titles = [&] {
        QStringList list;
        for (const auto& entry : queue->entries())
            list << entry.title.left(4);
        return list;
    };
    const auto id = [&](int row) { return queue->entries()[std::size_t(row)].id; };
    queue->move(id(2), 0);
    QCOMPARE(titles(), QStringList({ "q8_0", "lora", "kivi" }));
    queue->move(id(1), 2);
    QCOMPARE(titles(), QStringList({ "q8_0", "kivi", "lora" }));
    queue->move(id(0), -5); // where it is
    queue->move(id(2), 99);
    QCOMPARE(titles(), QStringList({ "q8_0", "kivi", "lora" }));
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    queue->setPaused(false);
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(*came, QStringList({ "q8_0", "kivi", "kivi:key_bits=3", "lora:rank=2", "lora:rank=3" }));
}

void QueueTest::oneIsCancelled()
{
    Engine engine;
    QVERIFY(open(engine));
    const auto came = results(engine);
    SweepQueue* queue = engine.sweeps();
    queue->setPaused(true);
    engine.requestSweep(order("lora:rank=[2,3]"));
    engine.requestSweep(order("kivi:key_bits=[2,3]"));
    queue->cancel(queue->entries()[0].id);
    QCOMPARE(queue->entries()[1].state, SweepQueue::State::Cancelled); // behind what is active
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    queue->setPaused(false);
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(swept[0], QVariantList({ 2, 2, 0 }));
    QCOMPARE(*came, QStringList({ "kivi", "kivi:key_bits=3" }));
    // And is taken up again; what is known is not measured.
    const auto cancelled = std::find_if(queue->entries().begin(), queue->entries().end(),
        [](const auto& entry) { return entry.state == SweepQueue::State::Cancelled; });
    queue->runAgain(cancelled->id, nullptr);
    QTRY_COMPARE(swept.count(), 2);
    QCOMPARE(came->size(), 4);
    for (const auto& entry : queue->entries())
        QCOMPARE(entry.state, SweepQueue::State::Finished);
}

void QueueTest::otherImportancesStayForLater()
{
    Session session;
    QVERIFY(open(*session.engine()));
    session.methods()->setCheckedMethods({ "kivi" });
    QSignalSpy swept(session.engine(), &Engine::sweepFinished);
    QTRY_VERIFY(!session.engine()->isBusy() && swept.count() == 1); // its own
    const auto shown = [&](const char* spec) {
        for (int row = 0; row < session.results()->resultCount(); ++row)
            if (printSpec(session.results()->row(row).result->method) == spec)
                return session.results()->row(row).result;
        return ResultPtr();
    };
    session.sweeps()->start({ { "kivi:key_bits=7" }, parseImportances("recency"), false });
    QTRY_COMPARE(swept.count(), 2);
    QVERIFY(!shown("kivi:key_bits=7"));
    session.setImportance(parseImportance("recency"));
    QTRY_VERIFY(shown("kivi:key_bits=7")); // without a history, too
    QCOMPARE(shown("kivi:key_bits=7")->importance.source, ImportanceSpec::Source::Recency);
    session.setImportance({});
    QTRY_VERIFY(shown("kivi:key_bits=7") == nullptr);
}

void QueueTest::anotherImportanceStopsNothing()
{
    Engine engine;
    QVERIFY(open(engine));
    const auto came = results(engine);
    QSignalSpy swept(&engine, &Engine::sweepFinished);
    engine.requestSweep({ parseSpec("lora:rank=20"), parseSpec("lora:rank=21") }); // goes with its importance
    engine.requestSweep(order("lora:rank=[2..5]", "none,recency"));
    engine.setImportance(parseImportance("recency"));
    QTRY_COMPARE(swept.count(), 1);
    QCOMPARE(QSet<QString>(came->begin(), came->end()).size(), came->size());
    QVERIFY(came->contains("lora:rank=5 at importance recency") && came->contains("lora:rank=2"));
    QVERIFY(!came->contains("lora:rank=21"));
    QCOMPARE(engine.sweeps()->entries().size(), std::size_t(1));
    QCOMPARE(engine.sweeps()->entries()[0].done, 8);
}

void QueueTest::anotherDumpInterrupts()
{
    Engine engine;
    QVERIFY(open(engine));
    engine.sweeps()->setPaused(true);
    engine.requestSweep(order("lora:rank=[2..5]"));
    QVERIFY(open(engine, "other.safetensors"));
    QCOMPARE(engine.sweeps()->entries().size(), std::size_t(1));
    QCOMPARE(engine.sweeps()->entries()[0].state, SweepQueue::State::Interrupted);
    QCOMPARE(engine.sweeps()->unfinished().size(), 1);
    engine.sweeps()->setPaused(false);
    QTest::qWait(50);
    QVERIFY(!engine.isBusy());
    QVERIFY(open(engine));
    const auto came = results(engine);
    for (const quint64 id : engine.sweeps()->interrupted(m_dumps.path("dump.safetensors")))
        engine.sweeps()->runAgain(id, nullptr);
    QTRY_COMPARE(came->size(), 4);
    QVERIFY(engine.sweeps()->unfinished().isEmpty());
}

void QueueTest::sweepsAreOfferedAgain()
{
    QStringList kept;
    {
        Session session;
        QVERIFY(open(*session.engine()));
        session.engine()->sweeps()->setPaused(true);
        session.sweeps()->start({ { "lora:rank=[2..5]", "q8_0" }, parseImportances("none,recency"), false });
        kept = session.sweeps()->unfinished();
        QCOMPARE(kept.size(), 2);
    }
    Session session;
    session.sweeps()->offer(kept);
    session.sweeps()->offer(kept); // twice is once
    session.sweeps()->offer({ "what is this", "pikv sweep DUMP --with lora", "pikv sweep /x --with nothing" });
    QCOMPARE(session.engine()->sweeps()->entries().size(), std::size_t(2));
    QSignalSpy found(session.sweeps(), &Sweeps::interruptedFound);
    QVERIFY(open(*session.engine(), "other.safetensors"));
    QTRY_COMPARE(found.count(), 1);
    QCOMPARE(found[0][0].toInt(), 0); // of another dump
    session.sweeps()->runAgain(session.engine()->sweeps()->entries()[0].id);
    QVERIFY(session.problems()->entry(0).message.contains("dump.safetensors"));
    QVERIFY(open(*session.engine()));
    QTRY_COMPARE(found.count(), 2);
    QCOMPARE(found[1][0].toInt(), 2);
    const auto came = results(*session.engine());
    session.sweeps()->runInterrupted();
    QTRY_VERIFY(came->contains("lora:rank=5 at importance recency") && came->contains("q8_0 at importance recency"));
    QTRY_VERIFY(session.sweeps()->unfinished().isEmpty());
    // A file of a session leaves the dump's name out.
    const QString path = m_dumps.path("dump.safetensors");
    const QStringList moved = Sweeps::relocated(Sweeps::relocated(kept, path, {}), {}, "/elsewhere/a b.safetensors");
    QVERIFY(moved[0].contains("'/elsewhere/a b.safetensors'"));
}

void QueueTest::estimates()
{
    Session session;
    const std::vector<MethodSpec> points = expandSpec("lora:rank=[2,3,4,4096]");
    QVERIFY(open(*session.engine()));
    session.methods()->setCheckedMethods({});
    session.engine()->cancel();
    const auto estimate = [&] { return session.sweeps()->estimate(points, parseImportances("none,recency"), false); };
    SweepEstimate before = estimate();
    QCOMPARE(before.points, 6);
    QCOMPARE(before.unfit, 2); // a head has 32 channels
    QCOMPARE(before.known, 0);
    QCOMPARE(before.untimed, 6);
    QVERIFY(before.timeText().contains("unknown"));
    const auto came = results(*session.engine());
    session.engine()->requestSweep({ parseSpec("lora:rank=2") });
    QTRY_COMPARE(came->size(), 1);
    const SweepEstimate after = estimate();
    QCOMPARE(after.known, 1);
    QCOMPARE(after.untimed, 0);
    const double one = *session.engine()->times()->evaluation("lora");
    QVERIFY(one > 0);
    QCOMPARE(after.seconds, 5 * one);
    QVERIFY(!session.sweeps()->nextTokenObstacle().isEmpty()); // a generated dump has no tokens
}

void QueueTest::rowsAreDragged()
{
    Engine engine;
    QVERIFY(open(engine));
    engine.sweeps()->setPaused(true);
    QueueModel model(engine.tasks(), engine.sweeps());
    for (const char* spec : { "lora:rank=[2,3]", "kivi:key_bits=[2,3]", "q8_0" })
        engine.requestSweep(order(spec));
    QCOMPARE(model.rowCount(), 3);
    const auto text
        = [&](int row, int column) { return model.index(row, column).data().toString().replace(QChar(0x00a0), ' '); };
    QCOMPARE(text(0, QueueModel::WorkColumn), QString("lora:rank=[2,3]"));
    QCOMPARE(text(0, QueueModel::StateColumn), QString("Paused"));
    QCOMPARE(text(0, QueueModel::ProgressColumn), QString("0 of 2 points"));
    QCOMPARE(text(0, QueueModel::TimeColumn), QString("unknown")); // nothing was measured
    const std::unique_ptr<QMimeData> last(model.mimeData({ model.index(2, 0) }));
    QVERIFY(!model.dropMimeData(last.get(), Qt::MoveAction, 0, 0, {}));
    QCOMPARE(text(0, 0), QString("q8_0"));
    const std::unique_ptr<QMimeData> first(model.mimeData({ model.index(0, 0) }));
    model.dropMimeData(first.get(), Qt::MoveAction, 2, 0, {}); // before the third
    QCOMPARE(text(1, 0), QString("q8_0"));
    model.dropMimeData(first.get(), Qt::MoveAction, -1, -1, model.index(2, 0)); // on the last
    QCOMPARE(text(2, 0), QString("q8_0"));
}

/// An uncheck and its undo in one turn of the event loop: the method's point comes back, and is not left as stale.
void QueueTest::undoneAtOnce()
{
    Session session;
    session.methods()->setCheckedMethods({ "kivi", "lora" });
    QSignalSpy swept(session.engine(), &Engine::sweepFinished);
    QVERIFY(open(*session.engine()));
    QTRY_VERIFY(swept.count() == 1 && !session.engine()->isBusy());
    const int before = session.results()->resultCount();
    session.chooseMethod("lora", false);
    session.undoStack()->undo();
    QTRY_VERIFY(session.results()->currentRow("lora") >= 0
        && !session.results()->row(session.results()->currentRow("lora")).stale);
    QTRY_COMPARE(session.results()->resultCount(), before);
    QCOMPARE(
        session.results()->row(session.results()->currentRow("lora")).result->method, session.specs()->spec("lora"));
}

PIKV_TEST(QueueTest)
#include "tst_queue.moc"
