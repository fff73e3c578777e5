// SPDX-License-Identifier: GPL-3.0-or-later
// Files that change under us, and files that cannot be written.
#include "core/base/atomicfile.h"
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/eval/resultsio.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pikv;

class FilesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void whatIsNoFileIsRefused_data();
    void whatIsNoFileIsRefused();
    void linksToFilesOpen();
    void changesAreNoticed_data();
    void changesAreNoticed();
    void readsStayInside();
    void commitReplacesAndKeepsPermissions();
    void linksKeepPointing();
    void withoutCommitNothingChanges();
    void whatCannotBeWrittenIsNamed_data();
    void whatCannotBeWrittenIsNamed();
    void fullDiskLeavesNothing();
    void tooLittleRoomIsKnownAhead();

private:
    std::string path(const char* name) const { return m_folder->filePath(name).toStdString(); }
    void put(const char* name, const QByteArray& content) const
    {
        QFile file(m_folder->filePath(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(content);
    }
    QByteArray get(const char* name) const
    {
        QFile file(m_folder->filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : "missing";
    }
    qsizetype entries() const
    {
        return QDir(m_folder->path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).size();
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

/// "kind: message" of the Error that `work` throws.
static QString refusal(const std::function<void()>& work)
{
    try {
        work();
    } catch (const Error& error) {
        return QString("%1: %2").arg(int(error.kind())).arg(QString::fromUtf8(error.what()));
    }
    return "accepted";
}

void FilesTest::init() { m_folder = std::make_unique<QTemporaryDir>(); }

void FilesTest::whatIsNoFileIsRefused_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("named");
    QTest::newRow("missing") << "/no/such/file"
                             << "no such file";
    QTest::newRow("folder") << "/tmp"
                            << "a folder";
    QTest::newRow("device") << "/dev/zero"
                            << "a device";
    QTest::newRow("empty name") << ""
                                << "no such file";
}

void FilesTest::whatIsNoFileIsRefused()
{
    QFETCH(QString, path);
    QFETCH(QString, named);
    const QString message = refusal([&] { FileSource file(path.toStdString()); });
    QVERIFY2(message.startsWith("3: ") && message.contains(named) && message.contains(path), qPrintable(message));
    QCOMPARE(::mkfifo(this->path("pipe").c_str(), 0600), 0);
    QVERIFY(refusal([&] { FileSource file(this->path("pipe")); }).contains("a pipe"));
}

void FilesTest::linksToFilesOpen()
{
    put("a", "content");
    QVERIFY(QFile::link(m_folder->filePath("a"), m_folder->filePath("link")));
    const FileSource file(path("link"));
    QCOMPARE(file.size(), std::uint64_t(7));
    std::byte bytes[3];
    file.read(4, bytes);
    QCOMPARE(QByteArray(reinterpret_cast<char*>(bytes), 3), QByteArray("ent"));
}

void FilesTest::changesAreNoticed_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("named");
    QTest::newRow("rewritten") << "rewrite"
                               << "changed while it was open";
    QTest::newRow("grown") << "append"
                           << "changed while it was open";
    QTest::newRow("cut") << "truncate"
                         << "shrank while it was open";
    QTest::newRow("deleted") << "remove"
                             << "vanished while it was open";
    QTest::newRow("replaced") << "replace"
                              << "was replaced while it was open";
}

void FilesTest::changesAreNoticed()
{
    QFETCH(QString, change);
    QFETCH(QString, named);
    put("a", QByteArray(1000, 'x'));
    const FileSource file(path("a"));
    std::byte bytes[500];
    file.read(500, bytes);
    // Two writes within one tick of the clock would bear the same time.
    QTest::qWait(20);
    if (change == "rewrite") {
        put("a", QByteArray(1000, 'y'));
    } else if (change == "append") {
        put("a", QByteArray(1001, 'x'));
    } else if (change == "truncate") {
        QCOMPARE(::truncate(path("a").c_str(), 700), 0);
    } else if (change == "remove") {
        QVERIFY(QFile::remove(m_folder->filePath("a")));
    } else {
        put("b", QByteArray(1000, 'x'));
        QCOMPARE(::rename(path("b").c_str(), path("a").c_str()), 0);
    }
    const QString message = refusal([&] { file.read(500, bytes); });
    QVERIFY2(message.startsWith("3: ") && message.contains(named), qPrintable(message));
}

void FilesTest::readsStayInside()
{
    put("a", "0123456789");
    const FileSource file(path("a"));
    std::byte bytes[4];
    file.read(6, bytes);
    QVERIFY(refusal([&] { file.read(7, bytes); }).contains("beyond the end"));
    QVERIFY(refusal([&] { file.read(~std::uint64_t(0), bytes); }).contains("beyond the end"));
}

void FilesTest::commitReplacesAndKeepsPermissions()
{
    put("a", "old");
    ::chmod(path("a").c_str(), 0640);
    writeFileAtomic(path("a"), "new content");
    QCOMPARE(get("a"), QByteArray("new content"));
    struct ::stat status { };
    ::stat(path("a").c_str(), &status);
    QCOMPARE(status.st_mode & 0777, mode_t(0640));
    writeFileAtomic(path("fresh"), "");
    QCOMPARE(get("fresh"), QByteArray());
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::stat(path("fresh").c_str(), &status);
    QCOMPARE(status.st_mode & 0777, mode_t(0666) & ~mask);
    QCOMPARE(entries(), 2);
    const std::string longName(255, 'n');
    writeFileAtomic(path(longName.c_str()), "x");
    QCOMPARE(get(longName.c_str()), QByteArray("x"));
}

void FilesTest::linksKeepPointing()
{
    put("a", "old");
    QVERIFY(QFile::link(m_folder->filePath("a"), m_folder->filePath("link")));
    writeFileAtomic(path("link"), "new");
    QVERIFY(QFileInfo(m_folder->filePath("link")).isSymLink());
    QCOMPARE(get("a"), QByteArray("new"));
}

void FilesTest::withoutCommitNothingChanges()
{
    put("a", "old");
    {
        AtomicFile file(path("a"), 3);
        file.append(asBytes("new", 3));
        QCOMPARE(get("a"), QByteArray("old"));
        QCOMPARE(entries(), 2);
    }
    QCOMPARE(get("a"), QByteArray("old"));
    QCOMPARE(entries(), 1);
}

void FilesTest::whatCannotBeWrittenIsNamed_data()
{
    QTest::addColumn<QString>("target");
    QTest::addColumn<QString>("named");
    QTest::newRow("folder missing") << "nowhere/out.csv"
                                    << "its folder does not exist";
    QTest::newRow("below a file") << "file/out.csv"
                                  << "is a file, not a folder";
    QTest::newRow("folder itself") << "."
                                   << "a folder";
    QTest::newRow("device") << "/dev/full"
                            << "a device";
    QTest::newRow("kernel's folder") << "/proc/out.csv"
                                     << "Cannot write '/proc/out.csv'";
    QTest::newRow("no name") << ""
                             << "without a name";
}

void FilesTest::whatCannotBeWrittenIsNamed()
{
    QFETCH(QString, target);
    QFETCH(QString, named);
    put("file", "x");
    const bool relative = !target.isEmpty() && !target.startsWith('/');
    const std::string full = relative ? path(qPrintable(target)) : target.toStdString();
    const QString message = refusal([&] { writeFileAtomic(full, "text"); });
    QVERIFY2(message.startsWith("4: ") && message.contains(named), qPrintable(message));
    QCOMPARE(entries(), 1);
}

void FilesTest::fullDiskLeavesNothing()
{
    put("a", "old");
    ::rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto* handler = std::signal(SIGXFSZ, SIG_IGN);
    ::rlimit limit = before;
    limit.rlim_cur = 1 << 20;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const QString message = refusal([&] { writeFileAtomic(path("a"), std::string((1 << 20) + 1, 'x')); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    QVERIFY2(message.startsWith("4: ") && message.contains("limit on file sizes"), qPrintable(message));
    QCOMPARE(get("a"), QByteArray("old"));
    QCOMPARE(entries(), 1);
}

void FilesTest::tooLittleRoomIsKnownAhead()
{
    const QString message = refusal([&] { AtomicFile file(path("big"), std::uint64_t(1) << 60); });
    QVERIFY2(message.startsWith("4: ") && message.contains("needs 1.0 EiB but only"), qPrintable(message));
    QCOMPARE(entries(), 0);
}

PIKV_TEST(FilesTest)
#include "files_test.moc"
