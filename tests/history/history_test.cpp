// SPDX-License-Identifier: GPL-3.0-or-later
// What the database keeps, finds and forgets, and that nothing that is wrong with its file stops the work.
#include "core/eval/engineid.h"
#include "core/eval/resultsio.h"
#include "core/study/recorded.h"
#include "engine/testcache.h"
#include "history/catalogue.h"
#include "history/database.h"
#include "history/history.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace pikv;
using namespace pikv::history;

namespace {

EvaluationResult resultOf(const std::string& spec, double error = 0.5, int layers = 2)
{
    EvaluationResult result;
    result.method = parseSpec(spec);
    result.device = "cpu";
    result.originalBytes = 1600;
    result.storedBytes = 400;
    result.compressSeconds = 0.25;
    result.quality.attentionError = error;
    result.layers.resize(std::size_t(layers));
    for (LayerQuality& layer : result.layers)
        layer.heads.resize(3);
    return result;
}

MeasurementKey keyOf(const std::string& spec, const std::string& dump = "d1", const std::string& engine = engineId())
{
    return { dump, engine, settingsText({}), spec.empty() ? std::string() : methodText(parseSpec(spec)) };
}

/// What opening the file fails with.
std::optional<ErrorKind> kindOf(const std::string& path)
{
    try {
        const Database database(path);
        return {};
    } catch (const Error& e) {
        return e.kind();
    }
}

const DumpFacts facts { "/data/prompt.safetensors", "SmolLM2", "2 layers" };

} // namespace

class HistoryTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void keepsAndFinds();
    void anotherEnginesResultsAreListedAndNotFound();
    void allOfOneDumpAndSetting();
    void firstMeasurementStays();
    void repeatedTimingsReplaceASingleOne();
    void scoresBelongToTheirTest();
    void searchStarNoteAndForget();
    void exportsForOthers();
    void staysWithinItsLimit();
    void twoAtOnce();
    void madeByManyAtOnce();
    void killedWritersLoseNothing();
    void newerVersion();
    void olderVersion();
    void otherProgramsDatabase();
    void damagedFile_data();
    void damagedFile();
    void damagedRow();
    void lockedByAnother();
    void folderThatCannotBe();
    void fullDisk();

private:
    /// A history, and what it told of problems.
    std::unique_ptr<History> open(std::uint64_t limit = defaultLimit)
    {
        return std::make_unique<History>(
            m_path, [this](const std::string& sentence) { m_told << QString::fromStdString(sentence); }, limit);
    }
    void add(const std::string& spec, double error = 0.5)
    {
        open()->add(keyOf(spec), facts, resultOf(spec, error), Origin::Wanted);
    }

    QTemporaryDir m_folder;
    std::string m_path;
    QStringList m_told;
    int m_count = 0;
};

void HistoryTest::init()
{
    m_path = m_folder.filePath(QString("%1/history.sqlite").arg(++m_count)).toStdString();
    m_told.clear();
}

void HistoryTest::keepsAndFinds()
{
    const EvaluationResult result = resultOf("kivi:key_bits=4");
    open()->add(keyOf("kivi:key_bits=4"), facts, result, Origin::Passed);
    const auto again = open(); // another run of the program
    const auto found = again->find(keyOf("kivi:key_bits=4"), Origin::Passed);
    QVERIFY(found);
    QCOMPARE(found->compressSeconds, 0.25);
    QCOMPARE(found->layers.size(), std::size_t(2));
    QCOMPARE(found->layers[1].heads.size(), std::size_t(3));
    QVERIFY2(QString::fromStdString(found->measured).contains(QRegularExpression("^20\\d\\d-.*Z on .*thread")),
        found->measured.c_str());
    QVERIFY(!again->find(keyOf("kivi:key_bits=2"), Origin::Passed));
    QVERIFY(!again->find(keyOf("kivi:key_bits=4", "d2"), Origin::Passed));
    again->rememberHash("state", "file", "abc");
    QCOMPARE(open()->knownHash("state", "file"), std::string("abc"));
    QCOMPARE(open()->knownHash("state", "cache"), std::string());
    QVERIFY2(m_told.isEmpty(), qPrintable(m_told.join("\n")));
}

void HistoryTest::anotherEnginesResultsAreListedAndNotFound()
{
    const auto history = open();
    for (const char* engine : { "0.0.9 build 00", "9.0.0 build ff" })
        history->add(keyOf("lora", "d1", engine), facts, resultOf("lora"), Origin::Wanted);
    QVERIFY(!history->find(keyOf("lora"), Origin::Wanted));
    QVERIFY(history->all(keyOf("lora")).empty());
    const auto entries = Catalogue(m_path).list({});
    QCOMPARE(entries.size(), std::size_t(2));
    QVERIFY(!entries[0].ofThisEngine && !entries[1].ofThisEngine);
    QCOMPARE(entries[0].engine, std::string("9.0.0 build ff"));
}

void HistoryTest::allOfOneDumpAndSetting()
{
    const auto history = open();
    history->add(keyOf("lora"), facts, resultOf("lora"), Origin::Wanted);
    history->add(keyOf("kivi"), facts, resultOf("kivi"), Origin::Passed);
    history->add(keyOf("identity", "d2"), facts, resultOf("identity"), Origin::Wanted);
    MeasurementKey other = keyOf("q8_0");
    other.settings = "importance=recency";
    history->add(other, facts, resultOf("q8_0"), Origin::Wanted);
    const auto all = history->all(keyOf(""));
    QCOMPARE(all.size(), std::size_t(2));
    QCOMPARE(all[0].result.method.id, std::string("lora"));
    QVERIFY(all[0].origin == Origin::Wanted && all[1].origin == Origin::Passed);
    QVERIFY(all[0].result.layers.empty());
    // A point that was passed becomes one that is wanted, never the other way.
    (void)history->find(keyOf("kivi"), Origin::Wanted);
    (void)history->find(keyOf("kivi"), Origin::Passed);
    QVERIFY(history->all(keyOf(""))[1].origin == Origin::Wanted);
}

void HistoryTest::firstMeasurementStays()
{
    add("kivi", 0.5);
    Catalogue(m_path).setStar(1, true);
    add("kivi", 0.75); // two programs measured the same at the same time
    const auto entries = Catalogue(m_path).list({});
    QCOMPARE(entries.size(), std::size_t(1));
    QVERIFY(entries[0].star);
    QCOMPARE(entries[0].result().quality.attentionError, 0.5);
}

void HistoryTest::repeatedTimingsReplaceASingleOne()
{
    add("kivi", 0.5);
    Catalogue(m_path).setNote(1, "mine");
    EvaluationResult repeated = resultOf("kivi", 0.5);
    repeated.timings = 5;
    repeated.compressSeconds = 0.2;
    repeated.compressFastest = 0.1;
    open()->add(keyOf("kivi"), facts, repeated, Origin::Wanted);
    const auto found = open()->find(keyOf("kivi"), Origin::Wanted);
    QCOMPARE(found->timings, 5);
    QCOMPARE(found->compressSeconds, 0.2);
    QCOMPARE(found->compressFastest, 0.1);
    const auto entries = Catalogue(m_path).list({});
    QCOMPARE(entries.size(), std::size_t(1));
    QCOMPARE(entries[0].note, std::string("mine"));
    QCOMPARE(entries[0].result().timings, 5);
}

void HistoryTest::scoresBelongToTheirTest()
{
    const auto history = open();
    NextTokenMetrics score;
    score.kl = 0.125;
    history->addScore(keyOf("kivi"), "weights=1 context=8 of 12", facts, score);
    const auto found = history->findScore(keyOf("kivi"), "weights=1 context=8 of 12");
    QVERIFY(found);
    QCOMPARE(found->kl, 0.125);
    QVERIFY(std::isnan(found->loss));
    QVERIFY(!history->findScore(keyOf("kivi"), "weights=2 context=8 of 12"));
    QVERIFY(!history->findScore(keyOf("lora"), "weights=1 context=8 of 12"));
    const auto all = history->allScores(keyOf(""), "weights=1 context=8 of 12");
    QCOMPARE(all.size(), std::size_t(1));
    QCOMPARE(all.at(keyOf("kivi").method).kl, 0.125);
    QVERIFY(history->allScores(keyOf(""), "weights=2 context=8 of 12").empty());
}

void HistoryTest::searchStarNoteAndForget()
{
    for (const char* spec : { "kivi:key_bits=4", "kivi", "lora", "lora:rank=4" })
        add(spec);
    Catalogue catalogue(m_path);
    const auto found = [&](std::vector<std::string> words) { return catalogue.list({ std::move(words) }).size(); };
    QCOMPARE(found({ "KIVI" }), std::size_t(2));
    QCOMPARE(found({ "kivi", "key_bits=4" }), std::size_t(1));
    QCOMPARE(found({ "prompt.safetensors" }), std::size_t(4));
    QCOMPARE(found({ "k_vi" }), std::size_t(0)); // no wildcard
    QCOMPARE(found({ "%" }), std::size_t(0));
    catalogue.setStar(3, true);
    catalogue.setNote(4, "for the paper; don't lose");
    QCOMPARE(found({ "PAPER" }), std::size_t(1));
    QCOMPARE(catalogue.list({ {}, true }).front().id, 3LL);
    QVERIFY_THROWS_EXCEPTION(Error, catalogue.setStar(77, true));
    QCOMPARE(catalogue.list({ {}, false, 0, 2 }).size(), std::size_t(2));
    QCOMPARE(catalogue.forget({ { "key_bits=4" } }, false), std::uint64_t(1));
    QCOMPARE(catalogue.forget({}, false), std::uint64_t(1)); // a star and a note stay
    QCOMPARE(catalogue.count(), std::uint64_t(2));
    QCOMPARE(catalogue.forget({}, true), std::uint64_t(2));
    QVERIFY(!open()->find(keyOf("lora"), Origin::Wanted));
}

void HistoryTest::exportsForOthers()
{
    add("kivi:key_bits=4");
    Catalogue catalogue(m_path);
    catalogue.setNote(1, "a, \"b\"");
    int leftOut = -1;
    const QString csv = QString::fromStdString(entriesToCsv(catalogue.list({}), leftOut));
    QCOMPARE(leftOut, 0);
    QVERIFY2(csv.startsWith("id,time,machine,engine,settings,dump,") && csv.contains("\"a, \"\"b\"\"\",kivi,"),
        qPrintable(csv));
    QVERIFY(entriesToJson(catalogue.list({})).find("\"attention_error\": 0.5") != std::string::npos);
    // Of a method that is no more.
    auto entries = catalogue.list({});
    entries.push_back(entries.front());
    entries.back().figures.replace(entries.back().figures.find("kivi"), 4, "gone");
    QCOMPARE(QString::fromStdString(entriesToCsv(entries, leftOut)), csv);
    QCOMPARE(leftOut, 1);
    QVERIFY(entriesToJson(entries).find("\"gone\"") != std::string::npos);
}

void HistoryTest::staysWithinItsLimit()
{
    constexpr std::uint64_t limit = 1'000'000;
    const auto history = open(limit);
    for (int rank = 1; rank <= 400; ++rank) {
        const std::string spec = "lora:rank=" + std::to_string(rank);
        history->add(keyOf(spec), facts, resultOf(spec, 0.5, 30), Origin::Wanted);
        if (rank == 1)
            Catalogue(m_path).setStar(1, true);
    }
    const Catalogue catalogue(m_path);
    QVERIFY2(catalogue.count() > 20 && catalogue.count() < 200, qPrintable(QString::number(catalogue.count())));
    QVERIFY(history->find(keyOf("lora:rank=1"), Origin::Wanted)); // starred
    QVERIFY(!history->find(keyOf("lora:rank=2"), Origin::Wanted)); // the oldest went
    QVERIFY(history->find(keyOf("lora:rank=400"), Origin::Wanted));
    QVERIFY2(QFileInfo(QString::fromStdString(m_path)).size() < qint64(2 * limit),
        qPrintable(QString::number(QFileInfo(QString::fromStdString(m_path)).size())));
}

void HistoryTest::twoAtOnce()
{
    const auto one = open(), two = open();
    for (int rank = 1; rank <= 50; ++rank) {
        const std::string spec = "lora:rank=" + std::to_string(rank);
        (rank % 2 ? one : two)->add(keyOf(spec), facts, resultOf(spec), Origin::Wanted);
        QVERIFY((rank % 2 ? two : one)->find(keyOf(spec), Origin::Wanted));
    }
    QVERIFY2(m_told.isEmpty(), qPrintable(m_told.join("\n")));
}

/// Programs that find no file yet, and begin at the same moment.
void HistoryTest::madeByManyAtOnce()
{
    constexpr int programs = 6;
    for (int round = 0; round < 30; ++round) {
        init();
        int start[2], end[2];
        QVERIFY(::pipe(start) == 0 && ::pipe(end) == 0);
        for (int i = 0; i < programs; ++i) {
            if (::fork() != 0)
                continue;
            ::close(start[1]);
            char byte = 0;
            (void)!::read(start[0], &byte, 1); // until the parent closes it
            add("lora:rank=" + std::to_string(i + 1));
            byte = m_told.isEmpty() ? 'g' : 'b';
            for (const QString& sentence : m_told)
                qWarning("%s", qPrintable(sentence));
            (void)!::write(end[1], &byte, 1);
            ::_exit(0);
        }
        for (const int pipe : { start[0], start[1], end[1] })
            ::close(pipe);
        QByteArray good(programs, '\0');
        qsizetype got = 0;
        for (ssize_t n = 1; n > 0 && got < programs; got += n)
            n = ::read(end[0], good.data() + got, std::size_t(programs - got));
        ::close(end[0]);
        while (::wait(nullptr) > 0) { }
        QCOMPARE(good, QByteArray(programs, 'g'));
        QCOMPARE(Catalogue(m_path).count(), std::uint64_t(programs));
    }
}

/// Writers that are killed at any moment: whatever add() returned from is there.
void HistoryTest::killedWritersLoseNothing()
{
    add("identity");
    int finished = 0;
    for (int round = 0; round < 100; ++round) {
        int pipe[2];
        QCOMPARE(::pipe(pipe), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            History history(m_path);
            for (int rank = 1; rank <= 1000; ++rank) {
                const int of = 1 + (round * 1000 + rank) % 4096;
                const std::string spec = "lora:rank=" + std::to_string(of) + ",sinks=" + std::to_string(round);
                history.add(keyOf(spec), facts, resultOf(spec), Origin::Wanted);
                if (::write(pipe[1], &of, sizeof of) < 0)
                    break;
            }
            ::_exit(0);
        }
        ::close(pipe[1]);
        int last = 0, of = 0;
        for (int i = 0; i <= round % 7 && ::read(pipe[0], &of, sizeof of) > 0; ++i)
            last = of;
        ::usleep(useconds_t(round * 37 % 500));
        ::kill(child, SIGKILL);
        while (::read(pipe[0], &of, sizeof of) > 0)
            last = of;
        ::waitpid(child, nullptr, 0);
        ::close(pipe[0]);
        QVERIFY(last > 0);
        const std::string spec = "lora:rank=" + std::to_string(last) + ",sinks=" + std::to_string(round);
        QVERIFY2(open()->find(keyOf(spec), Origin::Wanted), spec.c_str());
        ++finished;
    }
    QCOMPARE(finished, 100);
    QVERIFY2(m_told.isEmpty(), qPrintable(m_told.join("\n")));
    QCOMPARE(Database(m_path).value("PRAGMA integrity_check").toString(), QString("ok"));
}

void HistoryTest::newerVersion()
{
    add("kivi");
    Database(m_path).run("PRAGMA user_version=99");
    const auto history = open();
    QVERIFY(!history->find(keyOf("kivi"), Origin::Wanted));
    history->add(keyOf("lora"), facts, resultOf("lora"), Origin::Wanted);
    QCOMPARE(m_told.size(), 1);
    QVERIFY2(m_told.front().contains("newer version"), qPrintable(m_told.front()));
    QVERIFY_THROWS_EXCEPTION(Error, Catalogue { m_path });
    QVERIFY(kindOf(m_path) == ErrorKind::Usage);
}

/// Version 1 kept five figures of a score, each in a column.
void HistoryTest::olderVersion()
{
    add("kivi");
    {
        const Database database(m_path);
        database.run("DROP TABLE score");
        database.run("CREATE TABLE score(loss REAL, kl REAL)");
        database.run("PRAGMA user_version=1");
    }
    const auto history = open();
    QVERIFY(history->find(keyOf("kivi"), Origin::Wanted)); // results stay
    NextTokenMetrics score;
    score.kl = 0.5;
    score.kl999 = 7;
    history->addScore(keyOf("kivi"), "t", facts, score);
    QCOMPARE(open()->findScore(keyOf("kivi"), "t")->kl999, 7.0);
    QVERIFY2(m_told.isEmpty(), qPrintable(m_told.join("\n")));
    QCOMPARE(Database(m_path).value("PRAGMA user_version").toInt(), 2);
}

void HistoryTest::otherProgramsDatabase()
{
    QDir().mkpath(QFileInfo(QString::fromStdString(m_path)).path());
    {
        QSqlDatabase other = QSqlDatabase::addDatabase("QSQLITE", "other");
        other.setDatabaseName(QString::fromStdString(m_path));
        QVERIFY(other.open());
        other.exec("CREATE TABLE bookmarks(url TEXT)");
    }
    QSqlDatabase::removeDatabase("other");
    add("kivi");
    QCOMPARE(m_told.size(), 1);
    QVERIFY2(m_told.front().contains("another program"), qPrintable(m_told.front()));
    QVERIFY(kindOf(m_path) == ErrorKind::Usage); // not damaged: nobody is advised to remove it
}

void HistoryTest::damagedFile_data()
{
    QTest::addColumn<bool>("cut");
    QTest::newRow("no database") << false;
    QTest::newRow("cut off") << true;
}

void HistoryTest::damagedFile()
{
    QFETCH(bool, cut);
    const QString path = QString::fromStdString(m_path);
    for (int rank = 1; rank < 20; ++rank)
        add("lora:rank=" + std::to_string(rank));
    Database(m_path).run("PRAGMA wal_checkpoint(TRUNCATE)");
    QFile::remove(path + "-wal");
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadWrite));
    const qint64 size = file.size();
    if (cut) {
        QVERIFY(file.resize(size / 3 / 4096 * 4096));
    } else {
        file.write(QByteArray(4096, 'x'));
    }
    file.close();
    const auto history = open();
    for (int rank = 1; rank < 20; ++rank)
        QVERIFY(!history->find(keyOf("kivi:sinks=" + std::to_string(rank)), Origin::Wanted));
    history->add(keyOf("kivi"), facts, resultOf("kivi"), Origin::Wanted);
    QCOMPARE(m_told.size(), 1);
    QVERIFY2(m_told.front().contains("damaged") && m_told.front().contains("--clear"), qPrintable(m_told.front()));
    removeFiles(m_path);
    add("kivi");
    QVERIFY(open()->find(keyOf("kivi"), Origin::Wanted));
}

/// Bytes of a result that are not what was written are measured again, not shown.
void HistoryTest::damagedRow()
{
    add("kivi");
    add("lora");
    Database(m_path).run("UPDATE result SET record=zeroblob(length(record)) WHERE id=1");
    const auto history = open();
    QCOMPARE(history->all(keyOf("")).size(), std::size_t(1));
    QVERIFY(!history->find(keyOf("kivi"), Origin::Wanted));
    QVERIFY(history->find(keyOf("lora"), Origin::Wanted));
    history->add(keyOf("kivi"), facts, resultOf("kivi"), Origin::Wanted);
    QVERIFY(history->find(keyOf("kivi"), Origin::Wanted));
    QVERIFY2(m_told.isEmpty(), qPrintable(m_told.join("\n")));
}

void HistoryTest::lockedByAnother()
{
    add("kivi");
    const auto history = open();
    QVERIFY(history->find(keyOf("kivi"), Origin::Wanted));
    {
        const Database other(m_path);
        other.run("BEGIN IMMEDIATE");
        history->add(keyOf("lora"), facts, resultOf("lora"), Origin::Wanted);
        history->add(keyOf("identity"), facts, resultOf("identity"), Origin::Wanted);
        QCOMPARE(m_told.size(), 1);
        QVERIFY2(m_told.front().contains("locked by another program"), qPrintable(m_told.front()));
        QVERIFY(history->find(keyOf("kivi"), Origin::Wanted)); // it is still read
        other.run("ROLLBACK");
    }
    history->add(keyOf("q8_0"), facts, resultOf("q8_0"), Origin::Wanted); // and written when that works again
    QVERIFY(history->find(keyOf("q8_0"), Origin::Wanted));
}

void HistoryTest::folderThatCannotBe()
{
    m_path = "/proc/history/history.sqlite";
    add("kivi");
    QCOMPARE(m_told.size(), 1);
    QVERIFY2(m_told.front().contains("/proc/history") && m_told.front().contains("cannot"), qPrintable(m_told.front()));
}

/// SQLite's own limit stands for the disk's.
void HistoryTest::fullDisk()
{
    add("kivi");
    m_path = "/dev/full";
    add("lora");
    QCOMPARE(m_told.size(), 1);
    QVERIFY2(m_told.front().contains("/dev/full"), qPrintable(m_told.front()));
}

PIKV_TEST(HistoryTest)
#include "history_test.moc"
