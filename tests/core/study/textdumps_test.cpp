// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps of texts at contexts: those that a test splits as asked for, and nothing else touched.
#include "core/base/error.h"
#include "core/dumps/dumps.h"
#include "core/eval/nexttoken.h"
#include "core/model/model.h"
#include "core/study/choices.h"
#include "core/study/study.h"
#include "core/study/textdumps.h"
#include "testmain.h"
#include <QDateTime>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class TextDumpsTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    ModelPtr m_model;

    std::string write(const QString& name, const QByteArray& text)
    {
        QFile file(m_folder.filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(text) == text.size() ? file.fileName().toStdString() : "";
    }
    TextDumps wish(const char* folder, std::vector<std::int64_t> contexts = { 24, 48 })
    {
        const QByteArray line = "the cat sat on the mat and the dog ran to the house; then they were there.\n";
        return { m_model, { write("one.txt", line.repeated(6)), write("two.txt", line.toUpper().repeated(6)) },
            std::move(contexts), 8, 4, DType::F16, m_folder.filePath(folder).toStdString() };
    }
    static void throws(const TextDumps& wish, ErrorKind kind, const char* text)
    {
        try {
            captureTexts(wish);
            QFAIL(text);
        } catch (const Error& e) {
            QVERIFY2(e.kind() == kind && std::string(e.what()).find(text) != std::string::npos, e.what());
        }
    }

private Q_SLOTS:
    void initTestCase() { m_model = openModel(std::string(PIKV_SOURCE_DIR "/tests/data/model/tiny-llama.gguf")); }

    void everyTextAtEveryContext()
    {
        const TextDumps all = wish("all");
        QStringList stages;
        const std::vector<std::string> paths = captureTexts(all, JobControl({}, [&](const Progress& p) {
            stages << QString("%1 %2/%3").arg(p.stage.c_str()).arg(p.done).arg(p.total);
        }));
        QCOMPARE(paths.size(), std::size_t(4));
        QCOMPARE(QString::fromStdString(paths[1]), m_folder.filePath("all/one-48.safetensors"));
        QCOMPARE(stages.last(), "Capturing two-48.safetensors 4/4");
        for (std::size_t i = 0; i < paths.size(); ++i) {
            const std::int64_t context = i % 2 ? 48 : 24;
            const CachePtr dump = openCache(paths[i]);
            QCOMPARE(cacheInfo(*dump).seq(), context + 8 + 1);
            QCOMPARE(std::int64_t(cacheInfo(*dump).queryPositions.size()), 4);
            const auto test = Study(dump).openNextToken(m_model, all.positions);
            QCOMPARE(test->setup().texts.front().context, context);
            QCOMPARE(cacheInfo(*test->contextCache(0)).seq(), context);
        }
        QVERIFY(cacheInfo(*openCache(paths[0])).tokenIds != cacheInfo(*openCache(paths[2])).tokenIds);
    }

    /// Without a wish of its own the test predicts what a dump of that length has by default, and the context is met.
    void contextsOfTheDefaultPositions()
    {
        for (const std::int64_t context : { 1, 2, 7, 100, 383, 512, 2048 }) {
            const std::int64_t tokens = tokensOfContext(context, 0);
            QCOMPARE(tokens - defaultPositions(tokens) - 1, context);
            QCOMPARE(tokensOfContext(context, 5), context + 6);
        }
    }

    void whatIsThereIsTakenAsItIs()
    {
        const TextDumps all = wish("kept");
        const std::vector<std::string> paths = captureTexts(all);
        QFile kept(QString::fromStdString(paths[0]));
        QVERIFY(kept.open(QIODevice::ReadWrite));
        const QDateTime old = QDateTime::fromSecsSinceEpoch(1'000'000);
        QVERIFY(kept.setFileTime(old, QFileDevice::FileModificationTime));
        kept.close();
        QCOMPARE(captureTexts(all), paths);
        QCOMPARE(QFileInfo(kept.fileName()).lastModified(), old);
        // Of other tokens, of another type, and no dump: left alone, and nothing else is captured.
        TextDumps other = all;
        other.contexts = { 24, 40 };
        other.dtype = DType::F32;
        throws(other, ErrorKind::Resource, "one-24.safetensors is there already");
        QCOMPARE(QFileInfo(kept.fileName()).lastModified(), old);
        QVERIFY(!QFile::exists(m_folder.filePath("kept/one-40.safetensors")));
        TextDumps shorter = all;
        shorter.positions = 7;
        throws(shorter, ErrorKind::Resource, "no dump of these tokens");
        QVERIFY(!write("kept/two-40.safetensors", "mine").empty());
        TextDumps foreign = all;
        foreign.contexts = { 40 };
        throws(foreign, ErrorKind::Resource, "two-40.safetensors is there already");
        QFile mine(m_folder.filePath("kept/two-40.safetensors"));
        QVERIFY(mine.open(QIODevice::ReadOnly));
        QCOMPARE(mine.readAll(), "mine");
    }

    void allIsCheckedBeforeAnyWork()
    {
        TextDumps bad = wish("none");
        bad.files.push_back(write("short.txt", "too short"));
        throws(bad, ErrorKind::Input, "short.txt: the text has");
        bad = wish("none", { 24, 500 });
        throws(bad, ErrorKind::Usage, "500");
        bad = wish("none");
        QVERIFY(QDir(m_folder.path()).mkdir("twin"));
        bad.files.push_back(write("twin/one.txt", QByteArray("other words ").repeated(40)));
        throws(bad, ErrorKind::Usage, "two texts are called");
        bad = wish("none");
        bad.files.clear();
        throws(bad, ErrorKind::Usage, "choose a text");
        bad = wish("one.txt/below"); // a file is in the way
        throws(bad, ErrorKind::Resource, "cannot be made");
        QVERIFY(!QFile::exists(m_folder.filePath("none")));
    }

    void stops()
    {
        std::stop_source stop;
        const JobControl job(stop.get_token(), [&](const Progress& p) {
            if (p.done == 2)
                stop.request_stop();
        });
        try {
            captureTexts(wish("stopped"), job);
            QFAIL("it ran on");
        } catch (const Error& e) {
            QVERIFY(e.kind() == ErrorKind::Cancelled);
        }
        QCOMPARE(QDir(m_folder.filePath("stopped")).entryList(QDir::Files), QStringList { "one-24.safetensors" });
        QCOMPARE(captureTexts(wish("stopped")).size(), std::size_t(4)); // goes on
    }

    void contextsAsText()
    {
        using Numbers = std::vector<std::int64_t>;
        QCOMPARE(parseContexts("512"), Numbers { 512 });
        QCOMPARE(parseContexts(" 512, 1024,512 "), (Numbers { 512, 1024 }));
        for (const char* wrong : { "", " ", "512,", "0", "-3", "1e3", "512;1024", "1.5", "99999999999999999999" })
            QVERIFY_THROWS_EXCEPTION(Error, parseContexts(wrong));
    }
};

PIKV_TEST(TextDumpsTest)
#include "textdumps_test.moc"
