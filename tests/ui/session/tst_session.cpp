// SPDX-License-Identifier: GPL-3.0-or-later
// The rules of a session, as its views would call them.
#include "core/base/writesignals.h"
#include "core/codec/registry.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/study/choices.h"
#include "testmain.h"
#include "ui/models/methodsmodel.h"
#include "ui/models/problemsmodel.h"
#include "ui/models/resultsmodel.h"
#include "ui/models/specstore.h"
#include "ui/session/session.h"
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <sys/resource.h>

using namespace pikv;
using namespace pikv::ui;
using Source = ImportanceSpec::Source;

namespace {

/// A session with some methods checked and a way to wait for it.
class Worked : public Session {
public:
    explicit Worked(const QStringList& checked = { "kivi", "lora" })
    {
        methods()->setCheckedMethods(checked);
        connect(engine(), &Engine::resultReady, this, [this](const ResultPtr& result, quint64, bool live) {
            order << (!live ? 's' : result->preview ? 'p' : 'f');
        });
    }
    bool idle()
    {
        return QTest::qWaitFor([this] { return !engine()->isBusy(); }, 60'000);
    }
    bool open(const QString& path)
    {
        QSignalSpy swept(engine(), &Engine::sweepFinished);
        openDump(path);
        return (swept.count() > 0 || swept.wait(60'000)) && idle();
    }
    ResultPtr live(const char* method) const
    {
        const int row = results()->currentRow(method);
        return row < 0 ? nullptr : results()->row(row).result;
    }
    QList<char> order; ///< of what came: p)review, f)ull, s)weep
};

} // namespace

class SessionTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void liveBeforeSweeps();
    void checkingAddsAndUncheckingTakes();
    void checksAreUndone();
    void removedResultsComeBack();
    void nothingOfAnotherDumpComesBack();
    void editAsksForOneMethodAndChecksIt();
    void defaultsAppearOnce();
    void failingPointHoldsNothingUp();
    void importanceIsUndone();
    void importanceThatTheDumpLacksChangesNothing();
    void sourceOfTheDumpBeforeIsDropped();
    void defaultsFitAShortDump();
    void cancelStopsWhatWouldFollow();
    void captureIsUnsavedUntilItIsSaved();
    void problemOfAnotherOriginLeavesWhatWaits();
    void failedSavingForgetsWhatWaits();
    void memoryIsAskedBeforeWork();
    void theNumberOfCachesMeasuresNothing();
    void filesBeyondTheLimitAreAProblem();

private:
    QString dump(const char* name, std::int64_t seq, std::int64_t queries) const;
    CachePtr captured() const;

    QTemporaryDir m_folder;
    QString m_dump, m_short, m_bare;
};

QString SessionTest::dump(const char* name, std::int64_t seq, std::int64_t queries) const
{
    GenerateOptions options;
    options.layers = 8;
    options.kvHeads = 2;
    options.seq = seq;
    options.headDim = 32;
    options.queries = queries;
    const QString path = m_folder.filePath(QLatin1String(name));
    generateCacheFile(options, path.toStdString());
    return path;
}

void SessionTest::initTestCase()
{
    m_dump = dump("dump.safetensors", 64, 8);
    m_short = dump("short.safetensors", 19, 4);
    m_bare = dump("bare.safetensors", 64, 0);
}

/// A cache in memory alone, as a language model makes it.
CachePtr SessionTest::captured() const
{
    GenerateOptions options;
    options.layers = 2;
    options.kvHeads = 1;
    options.seq = 32;
    options.headDim = 16;
    return generateCache(options);
}

void SessionTest::liveBeforeSweeps()
{
    Worked session;
    QSignalSpy complete(&session, &Session::firstChartComplete);
    QVERIFY(session.open(m_dump));
    QCOMPARE(complete.count(), 1);
    QCOMPARE(session.order.count('f'), 2);
    QVERIFY(session.order.count('s') > 2);
    QVERIFY(session.order.indexOf('s') > session.order.lastIndexOf('f'));
    QVERIFY(session.order.indexOf('p') < session.order.indexOf('f'));
}

void SessionTest::checkingAddsAndUncheckingTakes()
{
    Worked session({ "kivi" });
    QVERIFY(session.open(m_dump));
    const int before = session.results()->resultCount();
    session.chooseMethod("lora", true);
    QTRY_VERIFY(session.results()->rowsOf("lora").size() > 2);
    QVERIFY(session.idle());
    session.chooseMethod("lora", false);
    QVERIFY(session.results()->rowsOf("lora").isEmpty());
    QCOMPARE(session.results()->resultCount(), before);
    QVERIFY(session.idle());
    QVERIFY(session.results()->rowsOf("lora").isEmpty()); // and nothing trickles in
}

void SessionTest::checksAreUndone()
{
    Worked session;
    QVERIFY(session.open(m_dump));
    const auto rows = session.results()->rowsOf("lora").size();
    QVERIFY(rows > 2);
    session.chooseMethod("lora", false);
    QCOMPARE(session.undoStack()->undoText(), QString("uncheck LoRA"));
    session.undoStack()->undo();
    QVERIFY(session.methods()->checkedMethods().contains("lora"));
    QCOMPARE(session.results()->rowsOf("lora").size(), rows); // at once
    QVERIFY(session.idle());
    QCOMPARE(session.results()->rowsOf("lora").size(), rows);
    session.undoStack()->redo();
    QVERIFY(session.results()->rowsOf("lora").isEmpty());
}

void SessionTest::removedResultsComeBack()
{
    Worked session;
    QVERIFY(session.open(m_dump));
    const int before = session.results()->resultCount();
    session.removeResults({ session.results()->currentRow("kivi"), session.results()->currentRow("lora") });
    QCOMPARE(session.results()->resultCount(), before - 2);
    session.undoStack()->undo();
    QCOMPARE(session.results()->resultCount(), before);
    QVERIFY(session.live("kivi") && session.live("lora"));
    session.undoStack()->redo();
    QVERIFY(!session.live("kivi"));
}

void SessionTest::nothingOfAnotherDumpComesBack()
{
    Worked session({ "kivi" });
    QVERIFY(session.open(m_dump));
    session.removeResults({ session.results()->currentRow("kivi") });
    QVERIFY(session.open(m_bare));
    const int rows = session.results()->resultCount();
    session.undoStack()->undo();
    QCOMPARE(session.results()->resultCount(), rows);
}

void SessionTest::editAsksForOneMethodAndChecksIt()
{
    Worked session({ "kivi" });
    QVERIFY(session.open(m_dump));
    session.order.clear();
    QSignalSpy edited(&session, &Session::methodEdited);
    session.specs()->setSpec(parseSpec("lora:rank=6"));
    QCOMPARE(edited.count(), 1);
    QVERIFY(session.methods()->checkedMethods().contains("lora"));
    QTRY_VERIFY(session.live("lora") && !session.live("lora")->preview);
    QCOMPARE(session.live("lora")->method.params.integer("rank"), 6);
    QVERIFY(session.idle());
    QCOMPARE(session.order.count('f'), 1); // kivi is not asked for again
}

/// The form's point and the sweep's of the same settings are one row, and two once the form moves on.
void SessionTest::defaultsAppearOnce()
{
    Worked session({ "kivi", "lora" });
    QVERIFY(session.open(m_dump));
    const ResultsModel* results = session.results();
    for (int a = 0; a < results->resultCount(); ++a)
        for (int b = 0; b < a; ++b)
            QVERIFY(!sameSettings(*results->row(a).result, *results->row(b).result));
    const int before = results->resultCount();
    const MethodSpec defaults = session.specs()->spec("lora"), point = parseSpec("lora:rank=7");
    QVERIFY(defaults != point);
    session.specs()->setSpec(point);
    QTRY_COMPARE(session.live("lora")->method, point);
    QVERIFY(session.idle());
    session.specs()->setSpec(defaults);
    QTRY_COMPARE(session.live("lora")->method, defaults);
    QCOMPARE(results->resultCount(), before);
}

void SessionTest::failingPointHoldsNothingUp()
{
    Worked session({ "kivi", "lora" });
    session.specs()->setSpec(parseSpec("lora:shared=/nonexistent/learned.pikv-basis"));
    QSignalSpy complete(&session, &Session::firstChartComplete), problem(&session, &Session::problemReported);
    QVERIFY(session.open(m_dump));
    QVERIFY(problem.count() > 0);
    QCOMPARE(complete.count(), 1);
    QVERIFY(session.live("kivi") && !session.live("lora"));
    QVERIFY(session.results()->rowsOf("kivi").size() > 2); // the sweep came all the same
}

void SessionTest::importanceIsUndone()
{
    Worked session({ "lora_plus" });
    QVERIFY(session.open(m_dump));
    const int before = session.results()->resultCount();
    session.chooseImportance({ Source::KeyNorm });
    QTRY_COMPARE(session.live("lora_plus")->importance.source, Source::KeyNorm);
    QVERIFY(session.idle());
    session.chooseImportance({ Source::Uniform, 0.25 });
    session.chooseImportance({ Source::Uniform, 0.5 });
    session.chooseImportance({ Source::Uniform, 0.75 }); // one turn of the level
    QCOMPARE(session.importance().level, 0.75);
    session.undoStack()->undo();
    QCOMPARE(session.importance().level, 0.25);
    session.undoStack()->undo();
    QCOMPARE(session.importance().source, Source::KeyNorm);
    session.undoStack()->undo();
    QCOMPARE(session.importance().source, Source::None);
    QTRY_COMPARE(session.results()->resultCount(), before); // known: nothing is computed again
    QCOMPARE(session.live("lora_plus")->importance.source, Source::None);
}

void SessionTest::importanceThatTheDumpLacksChangesNothing()
{
    Worked session({ "kivi" });
    QVERIFY(session.open(m_bare));
    const int before = session.results()->resultCount();
    for (const Source source : { Source::Stored, Source::Attention }) {
        QSignalSpy told(&session, &Session::importanceChanged), problem(&session, &Session::problemReported);
        session.chooseImportance({ source });
        QCOMPARE(session.importance().source, Source::None);
        QCOMPARE(told.count(), 1); // so that a box shows what holds
        QCOMPARE(problem.count(), 1);
        QCOMPARE(session.results()->resultCount(), before);
        QVERIFY(!session.undoStack()->canUndo());
    }
}

void SessionTest::sourceOfTheDumpBeforeIsDropped()
{
    Worked session({ "kivi" });
    QVERIFY(session.open(m_dump));
    session.chooseImportance({ Source::Attention });
    QVERIFY(session.idle());
    QVERIFY(session.open(m_bare));
    QCOMPARE(session.importance().source, Source::None);
    QCOMPARE(session.problems()->errorCount(), 0);
    QVERIFY(session.problems()->rowCount() > 0);
    QVERIFY(session.live("kivi"));
}

void SessionTest::defaultsFitAShortDump()
{
    QStringList checked;
    for (const MethodInfo& method : Registry::instance().methods())
        if (method.checkedByDefault)
            checked << QString::fromStdString(method.id);
    Worked session(checked);
    QVERIFY(session.open(m_short));
    for (int row = 0; row < session.problems()->rowCount(); ++row)
        QVERIFY2(session.problems()->entry(row).warning, qPrintable(session.problems()->entry(row).message));
    int bounded = 0;
    for (const QString& id : checked) {
        const MethodSpec defaults { id.toStdString(), ParamSet(Registry::instance().get(id.toStdString()).params) };
        bounded += session.specs()->spec(id) != defaults;
        QCOMPARE(session.settingsOf(id), defaults);
    }
    QVERIFY(bounded > 0);
    QVERIFY(session.open(m_dump)); // long enough: what the user never chose is forgotten
    for (const QString& id : checked)
        if (const MethodSpec wanted = session.settingsOf(id); fitsCache(wanted, *session.info()))
            QCOMPARE(session.specs()->spec(id), wanted);
}

void SessionTest::cancelStopsWhatWouldFollow()
{
    Worked session;
    QSignalSpy opened(&session, &Session::dumpOpened);
    session.openDump(m_dump);
    QVERIFY(opened.wait());
    session.cancelWork();
    QVERIFY(session.idle());
    QTest::qWait(50);
    QCOMPARE(session.order.count('s'), 0);
}

void SessionTest::captureIsUnsavedUntilItIsSaved()
{
    Worked session({ "kivi" });
    session.adoptCapture(captured(), {});
    QVERIFY(session.capture()->isUnsaved());
    QVERIFY(session.dumpPath().isEmpty());
    bool done = false;
    const QString path = m_folder.filePath("saved.safetensors");
    session.saveDump(path);
    session.capture()->setAfterSave([&] { done = true; });
    QTRY_VERIFY(done);
    QVERIFY(!session.capture()->isUnsaved());
    QCOMPARE(session.capture()->savedAs(), path);
    QVERIFY(QFile::exists(path));
}

/// A point that fails meanwhile is no failed saving: what waits for the file is still done.
void SessionTest::problemOfAnotherOriginLeavesWhatWaits()
{
    Worked session({ "kivi" });
    session.adoptCapture(captured(), {});
    bool done = false;
    session.saveDump(m_folder.filePath("other.safetensors"));
    session.capture()->setAfterSave([&] { done = true; });
    session.report({ ErrorKind::Usage, "a point of a sweep does not fit" });
    QTRY_VERIFY(done);
}

void SessionTest::failedSavingForgetsWhatWaits()
{
    Worked session({ "kivi" });
    session.adoptCapture(captured(), {});
    bool done = false;
    QSignalSpy problem(&session, &Session::problemReported);
    session.saveDump(m_folder.filePath("no/such/folder/x.safetensors"));
    session.capture()->setAfterSave([&] { done = true; });
    QTRY_COMPARE(problem.count(), 1);
    QVERIFY(session.idle() && session.capture()->isUnsaved() && !done);
    session.saveDump(m_folder.filePath("later.safetensors"));
    QTRY_VERIFY(!session.capture()->isUnsaved());
    QVERIFY(!done);
}

/// A sparse dump whose one layer no machine can hold: what the command line refuses, the window refuses.
void SessionTest::memoryIsAskedBeforeWork()
{
    constexpr quint64 tensorBytes = Q_UINT64_C(1) << 41; // each of keys and values
    const QString path = m_folder.filePath("vast.safetensors");
    const QByteArray shape = R"("dtype":"F16","shape":[1,64,134217728,128])";
    const QByteArray header = R"({"layers.0.key":{)" + shape + R"(,"data_offsets":[0,)"
        + QByteArray::number(tensorBytes) + R"(]},"layers.0.value":{)" + shape + R"(,"data_offsets":[)"
        + QByteArray::number(tensorBytes) + ',' + QByteArray::number(2 * tensorBytes) + "]}}";
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    const quint64 length = header.size();
    file.write(reinterpret_cast<const char*>(&length), 8);
    file.write(header);
    if (!file.resize(qint64(8 + length + 2 * tensorBytes)))
        QSKIP("this file system has no files of 4 TiB");
    file.close();
    Worked session({ "kivi" });
    QSignalSpy complete(&session, &Session::firstChartComplete);
    session.openDump(path);
    QVERIFY(complete.wait(20'000));
    QCOMPARE(session.problems()->errorCount(), 1);
    const QString message = session.problems()->entry(0).message;
    QVERIFY2(message.contains("evaluating kivi needs about") && message.contains("available"), qPrintable(message));
    QCOMPARE(session.results()->resultCount(), 0);
    QVERIFY(session.idle());
}

void SessionTest::theNumberOfCachesMeasuresNothing()
{
    Worked session({ "lora" });
    QVERIFY(session.open(m_dump));
    const qsizetype measured = session.order.size();
    QSignalSpy started(session.engine(), &Engine::busyChanged), shown(session.results(), &ResultsModel::dataChanged);
    const ResultPtr before = session.live("lora");
    QCOMPARE(before->sharedCaches, std::int64_t(1));
    session.setSharedCaches(100);
    QVERIFY(shown.count() > 0);
    for (int row = 0; row < session.results()->resultCount(); ++row)
        QCOMPARE(session.results()->row(row).result->sharedCaches, std::int64_t(100));
    QCOMPARE(session.live("lora")->compressSeconds, before->compressSeconds); // the very measurement
    QTest::qWait(100);
    QCOMPARE(started.count(), 0);
    QCOMPARE(session.order.size(), measured);
    session.specs()->setSpec(parseSpec("lora:rank=3")); // and of what is measured from now on
    QTRY_VERIFY(session.live("lora")->method.params.integer("rank") == 3 && !session.live("lora")->preview);
    QCOMPARE(session.live("lora")->sharedCaches, std::int64_t(100));
    QVERIFY(session.idle());
}

void SessionTest::filesBeyondTheLimitAreAProblem()
{
    ignoreWriteSignals();
    Worked session({ "kivi" });
    session.adoptCapture(captured(), {});
    QVERIFY(session.idle());
    ::rlimit before {};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const ::rlimit small { 2000, before.rlim_max };
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
    QSignalSpy told(&session, &Session::problemReported);
    const QString path = m_folder.filePath("toolarge.safetensors"), packed = m_folder.filePath("toolarge.pikv");
    session.saveDump(path);
    const bool saved = told.count() > 0 || told.wait(10'000);
    session.engine()->compressTo(parseSpec("identity"), packed);
    const bool compressed = told.count() > 1 || told.wait(10'000);
    ::setrlimit(RLIMIT_FSIZE, &before);
    QVERIFY(saved && compressed);
    QVERIFY(session.problems()->entry(1).message.contains("toolarge.safetensors"));
    QVERIFY(session.problems()->entry(0).message.contains("toolarge.pikv"));
    QVERIFY(!QFile::exists(path) && !QFile::exists(packed));
    QVERIFY(session.capture()->isUnsaved());
    QVERIFY(session.idle());
}

PIKV_TEST(SessionTest)
#include "tst_session.moc"
