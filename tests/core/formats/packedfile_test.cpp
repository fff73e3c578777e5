// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps that gzip or zstd compressed as a whole: they open as what is in them, and nothing is left behind.
#include "core/dumps/dumps.h"
#include "dumpbytes.h"
#include "packers.h"
#include "testmain.h"
#include <QDir>
#include <QTemporaryDir>
#include <csignal>
#include <sys/resource.h>

using namespace pikv;
using namespace pikvtest;

namespace {

Bytes contentOf(const QString& path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray all = file.readAll();
    const ByteSpan bytes = asBytes(all.constData(), std::size_t(all.size()));
    return { bytes.begin(), bytes.end() };
}

Bytes packed(const Bytes& bytes, const QString& suffix) { return suffix == "gz" ? gzipped(bytes) : zstdPacked(bytes); }

/// Kind and sentence.
std::pair<ErrorKind, QString> failureOf(const std::function<void()>& work)
{
    try {
        work();
    } catch (const Error& error) {
        return { error.kind(), QString::fromUtf8(error.what()) };
    }
    return { ErrorKind::Internal, "nothing was thrown" };
}

class Limit {
public:
    explicit Limit(rlim_t bytes)
    {
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        ::rlimit limit = m_before;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~Limit()
    {
        ::setrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, m_handler);
    }

private:
    ::rlimit m_before {};
    void (*m_handler)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

} // namespace

class PackedFileTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_room = std::make_unique<QTemporaryDir>();
        qputenv("TMPDIR", QFile::encodeName(m_room->path()));
    }
    void cleanup()
    {
        QVERIFY(QDir(m_room->path()).isEmpty(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot));
        qunsetenv("TMPDIR");
    }
    void dumpsOpenAsTheyAre_data();
    void dumpsOpenAsTheyAre();
    void severalPartsAreOne_data();
    void severalPartsAreOne();
    void damageIsNamed_data();
    void damageIsNamed();
    void whatUnpacksWithoutEndIsRefused();
    void withoutRoomTheFolderIsNamed();
    void openingStopsWhenAsked();
    void whatIsNoDumpInsideIsNamed();

private:
    QString write(const QString& name, const Bytes& bytes) const
    {
        const QString path = m_folder->filePath(name);
        writeFile(path, bytes);
        return path;
    }
    static CachePtr open(const QString& path, const JobControl& job = {})
    {
        return openCache(path.toStdString(), {}, job);
    }

    std::unique_ptr<QTemporaryDir> m_folder, m_room;
};

void PackedFileTest::dumpsOpenAsTheyAre_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("suffix");
    const QString corpus = PIKV_SOURCE_DIR "/tests/fuzz/corpus/dump/", dumps = PIKV_SOURCE_DIR "/tests/data/dumps/";
    for (const QString& file : { QStringLiteral(PIKV_SOURCE_DIR "/resources/samples/smollm2-135m-256.safetensors"),
             corpus + "mlx-ring.safetensors", corpus + "session.ggsn", corpus + "packed.ggsq",
             corpus + "lmcache-fp8.data", dumps + "dynamic.pt", dumps + "views.pt", dumps + "deflated.npz",
             dumps + "fortran.npy" })
        for (const char* suffix : { "gz", "zst" })
            QTest::addRow("%s.%s", qPrintable(QFileInfo(file).fileName()), suffix) << file << suffix;
}

void PackedFileTest::dumpsOpenAsTheyAre()
{
    QFETCH(QString, file);
    QFETCH(QString, suffix);
    const Bytes plain = contentOf(file);
    const QString path = write(QFileInfo(file).fileName() + "." + suffix, packed(plain, suffix));
    const CachePtr expected = open(file), cache = open(path);
    CacheInfo info = cache->info();
    QCOMPARE(info.path, path.toStdString());
    QCOMPARE(info.fileBytes, std::uint64_t(QFileInfo(path).size()));
    QVERIFY(info.format.starts_with(expected->info().format) && info.format != expected->info().format);
    QCOMPARE(info.tokenIds, expected->info().tokenIds);
    QCOMPARE(info.notes, expected->info().notes);
    QVERIFY(info.layers == expected->info().layers);
    for (int i = 0; i < cache->layerCount(); ++i) {
        const LayerKv a = cache->layer(i), b = expected->layer(i);
        const auto bits = [](const at::Tensor& x) { return x.contiguous().view(at::kByte); }; // NaN equals itself
        QVERIFY(bits(a.key).equal(bits(b.key)) && bits(a.value).equal(bits(b.value)));
    }
    // It is what it was when it was opened, whatever becomes of the file.
    QVERIFY(QFile::remove(path));
    QVERIFY(cache->layer(0).key.defined());
}

void PackedFileTest::severalPartsAreOne_data()
{
    QTest::addColumn<Bytes>("file");
    const Bytes dump = Dump { oneLayer }.bytes();
    const auto middle = dump.begin() + std::ptrdiff_t(dump.size() / 2);
    const Bytes a(dump.begin(), middle), b(middle, dump.end()), zeros(300'000);
    const Bytes skipped { std::byte(0x5A), std::byte(0x2A), std::byte(0x4D), std::byte(0x18), std::byte(2), {}, {}, {},
        std::byte(7), std::byte(7) };
    QTest::newRow("gzip members") << joined({ gzipped(a), gzipped({}), gzipped(b) });
    QTest::newRow("gzip and zeros") << joined({ gzipped(dump), zeros });
    QTest::newRow("zstd frames") << joined({ zstdPacked(a), zstdPacked({}), zstdPacked(b) });
    QTest::newRow("zstd frames to be skipped") << joined({ skipped, zstdPacked(a), skipped, zstdPacked(b) });
}

void PackedFileTest::severalPartsAreOne()
{
    QFETCH(Bytes, file);
    QCOMPARE(open(write("dump", file))->info().layers.front().keyDim, std::int64_t(4));
}

void PackedFileTest::damageIsNamed_data()
{
    QTest::addColumn<QString>("suffix");
    QTest::newRow("gzip") << "gz";
    QTest::newRow("zstd") << "zst";
}

void PackedFileTest::damageIsNamed()
{
    QFETCH(QString, suffix);
    const Bytes whole = packed(contentOf(PIKV_SOURCE_DIR "/tests/fuzz/corpus/dump/native.safetensors"), suffix);
    for (std::size_t size = 4; size < whole.size(); ++size) {
        const QString path = write("cut", Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(size)));
        const auto [kind, message] = failureOf([&] { open(path); });
        QVERIFY2(kind == ErrorKind::Input && message.startsWith(path) && message.contains("damaged or cut short"),
            qPrintable(QString("%1 bytes: %2").arg(size).arg(message)));
    }
    // Checksums of both see any change of what was packed; only flags of the header may mean nothing.
    for (std::size_t at = 16; at < whole.size(); ++at) {
        Bytes changed = whole;
        changed[at] ^= std::byte(0x10);
        const auto [kind, message] = failureOf([&] { open(write("changed", changed)); });
        QVERIFY2(kind == ErrorKind::Input, qPrintable(QString("byte %1: %2").arg(at).arg(message)));
    }
    const auto [kind, message] = failureOf([&] { open(write("behind", joined({ whole, Bytes(4, std::byte('x')) }))); });
    QVERIFY2(kind == ErrorKind::Input && message.contains("damaged"), qPrintable(message));
}

void PackedFileTest::whatUnpacksWithoutEndIsRefused()
{
    const Bytes zeros(64 << 20); // beside the file's end it is nothing new
    const Bytes part = zstdPacked(zeros);
    const auto [kind, message] = failureOf([&] { open(write("bomb", joined({ part, part, part, part, part }))); });
    QVERIFY2(kind == ErrorKind::Input && message.contains("more than 1000 times"), qPrintable(message));
}

void PackedFileTest::withoutRoomTheFolderIsNamed()
{
    const Bytes dump = Dump { { "layers.0.key F16 1,2,4096,64", "layers.0.value F16 1,2,4096,64" } }.bytes();
    const QString gz = write("dump.gz", gzipped(dump)), zst = write("dump.zst", zstdPacked(dump));
    for (const QString& path : { gz, zst }) {
        const Limit limit(1 << 20);
        const auto [kind, message] = failureOf([&] { open(path); });
        QVERIFY2(kind == ErrorKind::Resource && message.contains(m_room->path()) && message.contains("TMPDIR"),
            qPrintable(message));
    }
    // A frame that says how much is in it is refused before it is unpacked.
    Bytes vast = zstdPacked(Bytes(300));
    const Bytes header { std::byte(0x28), std::byte(0xB5), std::byte(0x2F), std::byte(0xFD), std::byte(0xE0), {}, {},
        {}, {}, {}, {}, {}, std::byte(0x10) };
    std::copy(header.begin(), header.end(), vast.begin());
    const auto [kind, message] = failureOf([&] { open(write("vast.zst", vast)); });
    QVERIFY2(kind == ErrorKind::Resource && message.contains("it takes about 1.0 EiB"), qPrintable(message));
    qputenv("TMPDIR", "/no/such/folder");
    const auto [other, told] = failureOf([&] { open(gz); });
    QVERIFY2(other == ErrorKind::Resource && told.contains("'/no/such/folder'"), qPrintable(told));
}

void PackedFileTest::openingStopsWhenAsked()
{
    Bytes dump = Dump { { "layers.0.key F32 1,2,16384,64", "layers.0.value F32 1,2,16384,64" } }.bytes();
    for (std::size_t i = 4096; i < dump.size(); ++i)
        dump[i] = std::byte(i * 2654435761u >> 13);
    for (const QString& suffix : { QString("gz"), QString("zst") }) {
        const QString path = write("dump." + suffix, packed(dump, suffix));
        std::stop_source stop;
        std::vector<int> told;
        const JobControl job(stop.get_token(), [&](const Progress& progress) {
            told.push_back(progress.done);
            if (progress.done >= 40)
                stop.request_stop();
        });
        QVERIFY(failureOf([&] { open(path, job); }).first == ErrorKind::Cancelled);
        QVERIFY(told.size() > 1 && told.back() < 90 && std::is_sorted(told.begin(), told.end()));
    }
}

void PackedFileTest::whatIsNoDumpInsideIsNamed()
{
    const auto message = [&](const QString& name, const Bytes& inside, const QString& suffix = "gz") {
        const auto [kind, text] = failureOf([&] { open(write(name, packed(inside, suffix))); });
        return (kind == ErrorKind::Input ? "" : "wrong kind: ") + text;
    };
    Bytes tar(1024);
    std::memcpy(tar.data() + 257, "ustar", 5);
    QVERIFY(message("a.tar.gz", tar).contains("a.tar.gz, unpacked, is a tar archive"));
    QVERIFY(message("a.gz", gzipped(tar)).contains("compressed twice"));
    QVERIFY(message("a.gz", {}).contains("is empty"));
    Dump container { { "a U8 4" }, R"({"kv_format":"pikv-enc-1"})" };
    QVERIFY(message("a.pikv.zst", container.bytes(), "zst").contains("compressed cache is in it"));
    const Dump layer { { "kv_cache F16 2,16,64" }, "null" };
    QVERIFY(message("model.layers.0.attn.safetensors.gz", layer.bytes()).contains("unpack the whole folder"));
    QVERIFY(message("text.gz", Bytes(20, std::byte('x'))).contains("no safetensors file"));
}

PIKV_TEST(PackedFileTest)
#include "packedfile_test.moc"
