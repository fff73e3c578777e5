// SPDX-License-Identifier: GPL-3.0-or-later
// What was told of a dump and is known the next time, whatever happens to the store meanwhile.
#include "core/base/error.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/dumps/toldstore.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <sys/wait.h>
#include <unistd.h>

using namespace pikv;

class ToldTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_folder.reset(); }
    void isRemembered();
    void isForgotten();
    void movedFilesAreKnown();
    void otherFilesAreNot();
    void failuresAreNotRemembered();
    void badStoresAreWarnings_data();
    void badStoresAreWarnings();
    void unwritableStoresAreWarnings();
    void theStoreStaysSmall();
    void programsDoNotLoseEachOthersEntries();
    void whatCannotBeToldIsRefused();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    std::string dump(const QString& name, std::uint64_t seed = 0) const;
    static QByteArray store();
    static void writeStore(const QByteArray& text);

    std::unique_ptr<QTemporaryDir> m_folder;
};

void ToldTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", path("data").toLocal8Bit());
}

std::string ToldTest::dump(const QString& name, std::uint64_t seed) const
{
    GenerateOptions options;
    options.layers = 2;
    options.kvHeads = 2;
    options.seq = 16;
    options.headDim = 8;
    options.seed = seed;
    generateCacheFile(options, path(name).toStdString());
    return path(name).toStdString();
}

QByteArray ToldTest::store()
{
    QFile file(QString::fromStdString(toldStorePath()));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void ToldTest::writeStore(const QByteArray& text)
{
    const QString path = QString::fromStdString(toldStorePath());
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(text), text.size());
}

void ToldTest::isRemembered()
{
    const std::string file = dump("a.safetensors");
    QVERIFY(!openTold(file).isRecalled);
    QVERIFY(store().isEmpty()); // nothing told leaves no trace
    const OpenedDump told = openTold(file, { { "rope-theta", "777" }, { "keys", "plain" } });
    QVERIFY(!told.isRecalled && told.warnings.empty());
    const OpenedDump again = openTold(file);
    QVERIFY(again.isRecalled && cacheInfo(*again.cache).rope.theta == 777.0);
    QVERIFY(cacheInfo(*again.cache).rope.state == RopeInfo::State::Pre);
    // What is told later takes the place of what it contradicts, and of nothing else.
    const OpenedDump more = openTold(file, { { "keys", "rotated" } });
    QVERIFY(more.isRecalled && cacheInfo(*more.cache).rope.state == RopeInfo::State::Post);
    QVERIFY(recallTold(file).told == (Told { { "rope-theta", "777" }, { "keys", "rotated" } }));
    // openCache() itself knows nothing of it.
    QVERIFY(cacheInfo(*openCache(file)).told.empty());
    // Another mapping drops what was told of the tensors before it.
    QVERIFY(rememberTold(file, { { "part", "0" }, { "head-dim", "4" }, { "keys", "plain" } }).empty());
    openTold(file, { { "map", "axes=batch,kv_head,seq,head_dim" } });
    QVERIFY(recallTold(file).told == (Told { { "keys", "plain" }, { "map", "axes=batch,kv_head,seq,head_dim" } }));
}

void ToldTest::isForgotten()
{
    const std::string file = dump("a.safetensors"), other = dump("b.safetensors", 1);
    openTold(file, { { "rope-theta", "777" } });
    openTold(other, { { "rope-theta", "888" } });
    const OpenedDump opened = openTold(file, {}, Telling::Replaces);
    QVERIFY(!opened.isRecalled && cacheInfo(*opened.cache).told.empty());
    QVERIFY(recallTold(file).told.empty());
    QVERIFY(recallTold(other).told.at("rope-theta") == "888");
}

void ToldTest::movedFilesAreKnown()
{
    const std::string file = dump("a.safetensors");
    openTold(file, { { "rope-theta", "777" } });
    QVERIFY(QFile::rename(path("a.safetensors"), path("moved.safetensors")));
    QVERIFY(openTold(path("moved.safetensors").toStdString()).isRecalled);
}

void ToldTest::otherFilesAreNot()
{
    openTold(dump("a.safetensors"), { { "rope-theta", "777" } });
    QVERIFY(!openTold(dump("a.safetensors", 1)).isRecalled); // in its place, of the same size
    QVERIFY(recallTold(path("missing").toStdString()).told.empty());
    QVERIFY(recallTold(path("missing").toStdString()).warning.empty());
}

void ToldTest::failuresAreNotRemembered()
{
    const std::string file = dump("a.safetensors");
    QVERIFY_EXCEPTION_THROWN(openTold(file, { { "map", "key=x,value=y,axes=seq,head_dim" } }), Error);
    QVERIFY_EXCEPTION_THROWN(openTold(file, { { "keys", "maybe" } }), Error);
    QVERIFY(recallTold(file).told.empty() && store().isEmpty());
    // What was remembered and does not fit any more is named with the way out.
    QVERIFY(rememberTold(file, { { "map", "key=x,value=y,axes=seq,head_dim" } }).empty());
    try {
        openTold(file);
        QFAIL("it was opened");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains("as it was told before: tensors key=x"), error.what());
    }
    QVERIFY(openTold(file, {}, Telling::Replaces).cache);
}

void ToldTest::badStoresAreWarnings_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("no JSON") << QByteArray("{\"version\":1,");
    QTest::newRow("binary") << QByteArray("\0\1\2\xff", 4);
    QTest::newRow("a list") << QByteArray("[]");
    QTest::newRow("another version") << QByteArray(R"({"version":2,"dumps":[]})");
    QTest::newRow("no dumps") << QByteArray(R"({"version":1})");
    QTest::newRow("entries of another kind") << QByteArray(R"({"version":1,"dumps":[{"file":3,"told":{}}]})");
    QTest::newRow("told are no texts") << QByteArray(R"({"version":1,"dumps":[{"file":"a","told":{"keys":1}}]})");
    QTest::newRow("deep") << QByteArray(100, '[');
}

void ToldTest::badStoresAreWarnings()
{
    QFETCH(QByteArray, text);
    const std::string file = dump("a.safetensors");
    writeStore(text);
    const OpenedDump opened = openTold(file);
    QVERIFY(opened.cache && !opened.isRecalled);
    QCOMPARE(opened.warnings.size(), std::size_t(1));
    QVERIFY2(QString::fromStdString(opened.warnings[0]).contains("told.json"), opened.warnings[0].c_str());
    QCOMPARE(store(), text); // reading leaves it alone
    // The first thing that is told makes a new one, and the old one stays beside it.
    QVERIFY(rememberTold(file, { { "keys", "plain" } }).empty());
    QVERIFY(openTold(file).warnings.empty() && openTold(file).isRecalled);
    QFile damaged(QString::fromStdString(toldStorePath() + ".damaged"));
    QVERIFY(damaged.open(QIODevice::ReadOnly));
    QCOMPARE(damaged.readAll(), text);
}

void ToldTest::unwritableStoresAreWarnings()
{
    const std::string file = dump("a.safetensors");
    QVERIFY(QDir().mkpath(QString::fromStdString(toldStorePath()))); // a folder where the file belongs
    const OpenedDump opened = openTold(file, { { "keys", "plain" } });
    QVERIFY(cacheInfo(*opened.cache).rope.state == RopeInfo::State::Pre);
    QVERIFY(!opened.warnings.empty());
}

void ToldTest::theStoreStaysSmall()
{
    QByteArray dumps;
    for (int i = 0; i < 1500; ++i)
        dumps += (i ? "," : "") + QByteArray(R"({"file":")") + QByteArray::number(i) + R"(","told":{"keys":"plain"}})";
    writeStore(R"({"version":1,"dumps":[)" + dumps + "]}");
    const std::string file = dump("a.safetensors");
    QVERIFY(rememberTold(file, { { "keys", "plain" } }).empty());
    QCOMPARE(store().count("\"file\""), 1000);
    QVERIFY(!recallTold(file).told.empty()); // the newest stays
}

void ToldTest::programsDoNotLoseEachOthersEntries()
{
    constexpr int programs = 4, each = 10;
    const auto name = [&](int program, int i) { return path(QString("%1-%2").arg(program).arg(i)); };
    for (int program = 0; program < programs; ++program)
        for (int i = 0; i < each; ++i) {
            QFile file(name(program, i));
            QVERIFY(file.open(QIODevice::WriteOnly) && file.write(file.fileName().toUtf8()) > 0);
        }
    std::vector<pid_t> children;
    for (int program = 0; program < programs; ++program) {
        children.push_back(::fork());
        if (children.back() != 0)
            continue;
        bool good = true;
        for (int i = 0; i < each; ++i)
            good = rememberTold(name(program, i).toStdString(), { { "keys", "plain" } }).empty() && good;
        ::_exit(good ? 0 : 1);
    }
    for (const pid_t child : children) {
        int status = -1;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QCOMPARE(status, 0);
    }
    QCOMPARE(store().count("\"file\""), programs * each);
}

void ToldTest::whatCannotBeToldIsRefused()
{
    const std::string file = dump("a.safetensors");
    QVERIFY_EXCEPTION_THROWN(openCache(file, { { "part", "0" } }), Error);
    QVERIFY_EXCEPTION_THROWN(openCache(file, { { "head-dim", "4" } }), Error);
    QVERIFY_EXCEPTION_THROWN(openTold(path("missing").toStdString(), { { "keys", "plain" } }), Error);
}

PIKV_TEST(ToldTest)
#include "told_test.moc"
