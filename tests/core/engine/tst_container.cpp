// SPDX-License-Identifier: GPL-3.0-or-later
// The .pikv file: its size is what is reported, and damage never passes for data.
#include "core/base/error.h"
#include "core/codec/container/containerlayout.h"
#include "core/codec/container/encodedcache.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <random>

using namespace pikv;

class TestContainer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { QVERIFY(m_dir.isValid()); }
    void sizeIsKnownBeforeSaving_data();
    void sizeIsKnownBeforeSaving();
    void everythingComesBack_data() { sizeIsKnownBeforeSaving_data(); }
    void everythingComesBack();
    void safetensorsReadersSeeEverySection();
    void everyFlippedHeaderByteIsRefused();
    void flippedPayloadBytesAreRefused();
    void cutFilesAreRefused();
    void contradictingHeadersAreRefused();
    void unwritableFolderLeavesNothing();
    void theMaskIsInTheHeader();
    void overheadIsExpectedWell_data();
    void overheadIsExpectedWell();

private:
    std::string path(const char* name) const { return m_dir.filePath(name).toStdString(); }
    QTemporaryDir m_dir;
};

static Bytes randomBytes(std::size_t n, unsigned seed)
{
    std::mt19937 engine(seed);
    Bytes bytes(n);
    for (std::byte& b : bytes)
        b = std::byte(engine() & 0xff);
    return bytes;
}

static EncodedCache sample(bool unequal, bool global)
{
    EncodedCache cache;
    cache.header.spec = "identity:sinks=4";
    cache.header.seed = 42;
    cache.header.model = "a \"quoted\" model";
    cache.header.rope
        = { RopeInfo::State::Post, RopeInfo::Layout::Half, 100000.0, 64, R"({"type": "linear", "factor": 2})" };
    LayerShape shape { 2, 3, 100, 64, 48, 0, 0, 0, DType::BF16, DType::F32 };
    cache.header.layers = { shape, shape, shape };
    cache.header.layers[1].seq = 90;
    alignLayers(cache.header.layers);
    cache.header.layerNumbers = { 3, 7, 11 };
    cache.header.layerRopes = { {}, cache.header.rope, cache.header.rope };
    cache.header.visible.assign(200, 1);
    std::fill_n(cache.header.visible.begin() + 100, 38, std::uint8_t(0));
    for (std::int64_t i = 0; i < 100; ++i)
        cache.header.positions.push_back(i < 50 ? i + 7 : i * 3);
    for (unsigned i = 0; i < 3; ++i) {
        SectionSet layer;
        layer.add("codes", randomBytes(unequal ? 100 * i : 123, i));
        if (!unequal || i > 0)
            layer.add("scales", randomBytes(unequal ? 10 + i : 10, 10 + i));
        cache.layers.push_back(std::move(layer));
    }
    if (global)
        cache.global.add("rotation", randomBytes(77, 99));
    return cache;
}

void TestContainer::sizeIsKnownBeforeSaving_data()
{
    QTest::addColumn<bool>("unequal");
    QTest::addColumn<bool>("global");
    QTest::newRow("equal layers") << false << false;
    QTest::newRow("equal layers, cache section") << false << true;
    QTest::newRow("unequal layers") << true << true;
}

void TestContainer::sizeIsKnownBeforeSaving()
{
    QFETCH(bool, unequal);
    QFETCH(bool, global);
    const EncodedCache cache = sample(unequal, global);
    cache.save(path("a.pikv"));
    QCOMPARE(quint64(QFileInfo(QString::fromStdString(path("a.pikv"))).size()), quint64(cache.fileBytes()));
    QVERIFY(cache.sizes().payloadBytes() < cache.fileBytes());
}

void TestContainer::everythingComesBack()
{
    QFETCH(bool, unequal);
    QFETCH(bool, global);
    const EncodedCache cache = sample(unequal, global);
    cache.save(path("b.pikv"));
    const EncodedCache back = EncodedCache::load(path("b.pikv"));
    QCOMPARE(back.header.spec, cache.header.spec);
    QCOMPARE(back.header.seed, cache.header.seed);
    QCOMPARE(back.header.model, cache.header.model);
    QVERIFY(back.header.rope == cache.header.rope);
    QVERIFY(back.header.layers == cache.header.layers);
    QVERIFY(back.header.layerRopes == cache.header.layerRopes);
    QCOMPARE(back.header.layerNumbers, cache.header.layerNumbers);
    QCOMPARE(back.header.visible, cache.header.visible);
    QVERIFY(back.header.layers == cache.header.layers);
    QVERIFY(back.header.positions == cache.header.positions);
    QCOMPARE(back.layers.size(), cache.layers.size());
    for (std::size_t i = 0; i < cache.layers.size(); ++i)
        for (const auto& [name, bytes] : cache.layers[i].all())
            QVERIFY(std::ranges::equal(back.layers[i].get(name), bytes));
    QCOMPARE(back.global.has("rotation"), global);
    if (global)
        QVERIFY(std::ranges::equal(back.global.get("rotation"), cache.global.get("rotation")));
}

void TestContainer::safetensorsReadersSeeEverySection()
{
    const EncodedCache cache = sample(false, true);
    cache.save(path("c.pikv"));
    QFile file(QString::fromStdString(path("c.pikv")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray all = file.readAll();
    quint64 length = 0;
    memcpy(&length, all.constData(), 8);
    const QByteArray json = all.mid(8, qsizetype(length));
    for (const char* part : { "\"codes\"", "\"scales\"", "\"cache.rotation\"", "[3,123]", "pikv-enc-1" })
        QVERIFY2(json.contains(part), part);
    const auto section = cache.layers[0].get("codes");
    QVERIFY(all.contains(QByteArray(reinterpret_cast<const char*>(section.data()), qsizetype(section.size()))));
}

static bool refused(const std::string& path)
{
    try {
        EncodedCache::load(path);
        return false;
    } catch (const Error& e) {
        return e.kind() == ErrorKind::Input && !std::string(e.what()).empty();
    }
}

static void write(const std::string& path, const QByteArray& bytes)
{
    QFile file(QString::fromStdString(path));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

static QByteArray read(const std::string& path)
{
    QFile file(QString::fromStdString(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void TestContainer::everyFlippedHeaderByteIsRefused()
{
    sample(true, true).save(path("d.pikv"));
    const QByteArray whole = read(path("d.pikv"));
    quint64 length = 0;
    memcpy(&length, whole.constData(), 8);
    for (qsizetype i = 0; i < qsizetype(8 + length); ++i) {
        QByteArray damaged = whole;
        damaged[i] = char(damaged[i] ^ 0x01);
        write(path("e.pikv"), damaged);
        QVERIFY2(refused(path("e.pikv")), qPrintable(QString("byte %1").arg(i)));
    }
}

void TestContainer::flippedPayloadBytesAreRefused()
{
    sample(true, true).save(path("f.pikv"));
    const QByteArray whole = read(path("f.pikv"));
    quint64 length = 0;
    memcpy(&length, whole.constData(), 8);
    for (qsizetype i = qsizetype(8 + length); i < whole.size(); ++i) {
        QByteArray damaged = whole;
        damaged[i] = char(damaged[i] ^ 0x80);
        write(path("e.pikv"), damaged);
        QVERIFY2(refused(path("e.pikv")), qPrintable(QString("byte %1").arg(i)));
    }
}

void TestContainer::cutFilesAreRefused()
{
    sample(false, true).save(path("g.pikv"));
    const QByteArray whole = read(path("g.pikv"));
    for (qsizetype n = 0; n < whole.size(); n += 7) {
        write(path("e.pikv"), whole.left(n));
        QVERIFY2(refused(path("e.pikv")), qPrintable(QString("cut to %1 bytes").arg(n)));
    }
    write(path("e.pikv"), whole + "x");
    QVERIFY(refused(path("e.pikv")));
}

/// The checksums fit: whoever wrote the file got the header wrong.
void TestContainer::contradictingHeadersAreRefused()
{
    EncodedCache cache = sample(false, false);
    cache.header.positions.pop_back();
    cache.save(path("h.pikv"));
    QVERIFY2(refused(path("h.pikv")), "99 positions for 100 rows");
    cache = sample(false, false);
    cache.header.positions.clear();
    for (LayerShape& layer : cache.header.layers)
        layer.batch = layer.kvHeads = layer.seq = std::int64_t(1) << 31;
    cache.save(path("h.pikv"));
    QVERIFY2(refused(path("h.pikv")), "more elements than 64 bits can count");
}

void TestContainer::unwritableFolderLeavesNothing()
{
    write(path("file"), "not a folder");
    const std::string target = path("file") + "/out.pikv";
    try {
        sample(false, false).save(target);
        QFAIL("the file was saved below another file");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Resource);
        QVERIFY2(QString(e.what()).contains(QString::fromStdString(target)), e.what());
    }
    QCOMPARE(read(path("file")), QByteArray("not a folder"));
}

void TestContainer::theMaskIsInTheHeader()
{
    for (const bool keeps : { false, true }) {
        EncodedCache cache = sample(false, false);
        cache.header.hasKeep = keeps;
        cache.save(path("keep.pikv"));
        QCOMPARE(EncodedCache::load(path("keep.pikv")).header.hasKeep, keeps);
        QCOMPARE(std::uint64_t(QFile(m_dir.filePath("keep.pikv")).size()), cache.fileBytes());
    }
}

void TestContainer::overheadIsExpectedWell_data()
{
    QTest::addColumn<int>("layers");
    QTest::addColumn<int>("sections");
    for (const int layers : { 1, 2, 30, 80 })
        for (const int sections : { 2, 4, 8 })
            QTest::addRow("%d layers, %d sections", layers, sections) << layers << sections;
}

/// What methods that aim at a ratio are told before they encode, against the file.
void TestContainer::overheadIsExpectedWell()
{
    QFETCH(int, layers);
    QFETCH(int, sections);
    EncodedCache cache;
    cache.header.spec = "pyramid:compression_ratio=0.2";
    cache.header.layers.assign(std::size_t(layers), LayerShape { 1, 2, 256, 64, 64 });
    std::uint64_t payload = 0;
    for (int i = 0; i < layers; ++i) {
        SectionSet& layer = cache.layers.emplace_back();
        for (int s = 0; s < sections; ++s) {
            const std::size_t bytes = 500 + (s == 0 ? std::size_t(i) : 0); // one differs from layer to layer
            layer.add("section" + std::to_string(s), Bytes(bytes));
            payload += bytes;
        }
    }
    const auto actual = std::int64_t(cache.fileBytes() - payload);
    const auto expected = ContainerLayout::expectedOverhead(cache.header.spec, layers, sections, false);
    QVERIFY2(std::abs(actual - expected) < 400, qPrintable(QString("%1, expected %2").arg(actual).arg(expected)));
}

PIKV_TEST(TestContainer)
#include "tst_container.moc"
