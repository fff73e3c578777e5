// SPDX-License-Identifier: GPL-3.0-or-later
// Archives and pickles by hand: what torch.save could write, and what nobody should.
#include "archives.h"
#include "core/base/text.h"
#include "foreignfiles.h"
#include "testmain.h"
#include <QFile>
#include <QTest>
#include <algorithm>

using namespace pikv;
using namespace pikvtest;
using namespace pikvtest::pickle;

class TorchSaveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void viewsAreFound();
    void shapesOfCachesAreFound_data();
    void shapesOfCachesAreFound();
    void hostilePicklesAreRefused_data();
    void hostilePicklesAreRefused();
    void hostileArchivesAreRefused_data();
    void hostileArchivesAreRefused();
    void wideArchivesAreRead();
    void damagedFilesAreRefused_data();
    void damagedFilesAreRefused();
    void utf8IsTold();
};

static DumpLayout layoutOf(const QByteArray& content) { return layoutOf(asFile(content), "x.pt"); }

/// "" where the file is read; the error's message, which must name the file.
static QString refusal(const QByteArray& content)
{
    const QString message = refusalOf(asFile(content), "x.pt");
    return message.isEmpty() || message.startsWith("x.pt") ? message : "nameless: " + message;
}

static QByteArray pairOf(const pickle::Tensor& key) { return tuple({ pickle::tensor(key), pickle::tensor() }); }

void TorchSaveTest::viewsAreFound()
{
    const DumpLayout layout = layoutOf(torchFile(tuple({ pairOf({ { 1, 2, 3, 2 }, { 0, 2, 4, 1 }, 3, 24 }) })));
    QVERIFY(!layout.layers.empty());
    const QByteArray whole = torchFile(tuple({ tuple({ pickle::tensor({ { 1, 2, 3, 2 }, { 0, 2, 4, 1 }, 3, 24 }),
        pickle::tensor({ { 1, 2, 3, 2 }, { 12, 6, 2, 1 }, 0, 24 }) }) }));
    const Bytes bytes = asFile(whole);
    const MemorySource source(bytes, "x.pt");
    const DumpLayout views = readDump(source);
    const StoredTensor& key = views.layers.at(0).key;
    QCOMPARE(key.strides, (std::vector<std::int64_t> { 0, 2, 4, 1 }));
    QCOMPARE(key.bytes, std::uint64_t((2 + 8 + 1 + 1) * 4));
    QVERIFY(views.layers.at(0).value.strides.empty());
    const Bytes elements = readElements(source, key);
    // Bytes count up: the first of element [h, s, d] is 4 (3 + 2 h + 4 s + d).
    QCOMPARE(elements.size(), std::size_t(48));
    for (int h = 0, next = 0; h < 2; ++h)
        for (int s = 0; s < 3; ++s)
            for (int d = 0; d < 2; ++d, next += 4)
                QCOMPARE(std::to_integer<int>(elements[std::size_t(next)]), 4 * (3 + 2 * h + 4 * s + d));
}

void TorchSaveTest::shapesOfCachesAreFound_data()
{
    QTest::addColumn<QByteArray>("root");
    QTest::addColumn<int>("layers");
    QTest::addColumn<QString>("noted");
    const QByteArray t = pickle::tensor(), pair = pairOf({}), none = "N";
    const auto cacheOf = [&](const QByteArray& layer) {
        const QByteArray one
            = object(name("transformers.cache_utils", layer), dict({ text("keys"), t, text("values"), t }));
        return object(name("transformers.cache_utils", "DynamicCache"), dict({ text("layers"), list({ one, one }) }));
    };
    QTest::newRow("pairs") << tuple({ pair, pair }) << 2 << "";
    QTest::newRow("a list of one pair") << list({ pair }) << 1 << "";
    QTest::newRow("no cache in a layer") << tuple({ pair, none, pair }) << 2 << "layer 1 has no cache";
    QTest::newRow("windows beside") << tuple({ tuple({ t, t, none }) }) << 1 << "";
    QTest::newRow("encoder and decoder") << tuple({ tuple({ t, t, t, t }) }) << 1
                                         << "self-attention of the decoder's own tokens is read";
    QTest::newRow("encoder and decoder before it ran")
        << tuple({ tuple({ t, t, t, t }), tuple({ t, t, none, none }) }) << 2 << "self-attention";
    QTest::newRow("layers of windows") << cacheOf("DynamicSlidingWindowLayer") << 2 << "";
    QTest::newRow("static layers") << cacheOf("StaticLayer") << 2 << "has room for more tokens";
    QTest::newRow("dict of pairs") << dict({ integer(0), pair, integer(1), pair }) << 2 << "";
    QTest::newRow("list of dicts") << list({ dict({ text("key"), t, text("value"), t }) }) << 1 << "";
    QTest::newRow("dict of lists") << dict({ text("key_cache"), list({ t, t }), text("value_cache"), list({ t, t }) })
                                   << 2 << "";
    QTest::newRow("two levels down") << dict({ text("run"), dict({ text("kv"), tuple({ pair }) }) }) << 1 << "";
    QTest::newRow("ids that do not fit") << dict({ text("cache"), tuple({ pair }), text("input_ids"),
        list({ integer(1) }) }) << 1 << "'input_ids' is [1] i64 where [1, 3] i64";
}

void TorchSaveTest::shapesOfCachesAreFound()
{
    QFETCH(QByteArray, root);
    QFETCH(int, layers);
    QFETCH(QString, noted);
    const QByteArray content = torchFile(root);
    const QString message = refusal(content);
    QVERIFY2(message.isEmpty(), qPrintable(message));
    const CacheInfo info = layoutOf(content).info;
    QCOMPARE(info.layers.size(), std::size_t(layers));
    QCOMPARE(info.notes.size(), std::size_t(noted.isEmpty() ? 0 : 1));
    if (!noted.isEmpty())
        QVERIFY2(QString::fromStdString(info.notes[0]).contains(noted), info.notes[0].c_str());
}

void TorchSaveTest::hostilePicklesAreRefused_data()
{
    QTest::addColumn<QByteArray>("root");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* title, const QByteArray& root, const char* named) {
        QTest::newRow(title) << root << QString(named);
    };
    const auto bad = [&](const char* title, const pickle::Tensor& key, const char* named) {
        row(title, tuple({ pairOf(key) }), named);
    };
    row("os.system", call(name("os", "system"), { text("true") }), "wants to call os.system");
    row("eval", call(name("builtins", "eval"), { text("1") }), "wants to call builtins.eval");
    row("getattr of torch", call(name("torch.hub", "load"), { text("x") }), "wants to call torch.hub.load");
    row("quantised", object(name("transformers.cache_utils", "QuantoQuantizedCache"), dict({})),
        "QuantoQuantizedCache, whose numbers are packed");
    row("several caches without layers",
        list({ object(name("m", "C"), dict({ text("layers"), "]" })),
            object(name("m", "C"), dict({ text("layers"), "]" })) }),
        "it holds a list of 2 values, and no keys");
    row("other things", dict({ text("a"), integer(1) }), "a dict of 1 key ('a')");
    row("deep tuples", ")" + QByteArray(10000, '\x85'), "nests more than 256 deep");
    row("deep lists", QByteArray(10000, ']') + QByteArray(9999, 'a'), "nests more than 256 deep");
    row("a circle", QByteArray("]q\0h\0a", 6), "it holds a list of 1 value");
    row("a circle of dicts", QByteArray("}q\0", 3) + text("cache") + QByteArray("h\0s", 3), "it holds a dict of 1 key");
    QByteArray bomb = QByteArray("]q\0", 3);
    for (char i = 0; i < 60; ++i) // each holds the one before it 1000 times
        bomb += "](" + QByteArray("h").append(i).repeated(1000) + "eq" + QByteArray(1, char(i + 1));
    row("memo bomb", tuple({ bomb }), "it holds a list of 61 values");
    row("too many marks", QByteArray(1000, '('), "ends with 0 values");
    row("memo never set", QByteArray("h\7", 2), "refers to value 7");
    row("empty stack", "a", "takes a value where there is none");
    row("no mark", "t", "ends a list that was not begun");
    row("odd items", "}(Nu", "sets a key without a value");
    row("two values", "NN", "ends with 2 values");
    row("unknown instruction", "\xff", "instruction 0xff");
    row("persistent id by text", "Px\n", "instruction 0x50");
    row("long integer", "\x8a\x09" + QByteArray(9, '\1'), "an integer of 9 bytes");
    row("text of 2^32", "X" + little(~std::uint32_t(0)), "ends inside an instruction");
    row("no UTF-8", text("\xff"), "not UTF-8");
    bad("negative stride", { { 1, 2, 3, 4 }, { 24, -12, 4, 1 } }, "strides holds -12");
    bad("negative offset", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, -1 }, "without a storage and an offset");
    bad("beyond its storage", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 1 }, "in a storage of 24 elements");
    bad("count of 2^63", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, INT64_MIN }, "no storage of a tensor");
    bad("count of 2^62", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, INT64_MAX }, "has a storage of 9223372036854775807");
    bad("strides that overflow", { { 1, 2, 3, 4 }, { 24, INT64_MAX, INT64_MAX, 1 } }, "in a storage of 24 elements");
    bad("shape that overflows", { { 1 << 30, 1 << 30, 1 << 30, 4 }, { 0, 0, 0, 1 } }, "in a storage of 24 elements");
    bad("expanded without end", { { 1, 1 << 20, 3, 4 }, { 0, 0, 4, 1 } }, "more than 4096 times");
    bad("no such storage", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, 24, "../0" }, "storage '../0', which the archive");
    bad("meta", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, 24, "0", "FloatStorage", "meta" }, "on the device 'meta'");
    bad("integers", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, 24, "0", "ByteStorage" }, "u8 has a type");
    bad("unknown type", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, 24, "0", "ComplexFloatStorage" },
        "'ComplexFloatStorage'");
    bad("member too short", { { 1, 2, 3, 4 }, { 24, 12, 4, 1 }, 0, 24, "0", "DoubleStorage" }, "holds 96 bytes");
}

void TorchSaveTest::hostilePicklesAreRefused()
{
    QFETCH(QByteArray, root);
    QFETCH(QString, named);
    const QString message = refusal(torchFile(root));
    QVERIFY2(message.contains(named), qPrintable(message));
}

void TorchSaveTest::hostileArchivesAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("named");
    const QByteArray root = tuple({ pairOf({}) }), good = torchFile(root);
    const auto with = [&](const ZipEntry& entry) { return torchFile(root, 96, { entry }); };
    const auto row = [](const char* title, const QByteArray& file, const char* named) {
        QTest::newRow(title) << file << QString(named);
    };
    row("sound", good, "");
    row("twice", with({ "x/data/0", "" }), "two members named 'x/data/0'");
    row("leads out", with({ "x/../../etc/passwd", "" }), "member named 'x/../../etc/passwd'");
    row("absolute", with({ "/etc/passwd", "" }), "member named '/etc/passwd'");
    row("encrypted", with({ "x/y", "abc", 0, 1 }), "is encrypted");
    row("overlap", with({ "x/y", "abc", 0, 0, -1, 0 }), "overlap");
    row("header in the directory", with({ "x/y", "abc", 0, 0, -1, good.size() - 100 }), "behind the members");
    row("size beyond", with({ "x/y", "abc", 0, 0, 4 }), "is stored in 3 bytes but claims 4");
    row("bomb", with({ "x/y", "abc", 8, 0, 1 << 20 }), "more than deflate can pack");
    row("big endian", zipArchive({ { "x/data.pkl", whole(root) }, { "x/byteorder", "big" } }), "byte order is 'big'");
    row("deflated pickle", zipArchive({ { "x/data.pkl", whole(root), 8 } }), "compressed member 'x/data.pkl'");
    row("deflated storage", zipArchive({ { "x/data.pkl", whole(root) }, { "x/data/0", QByteArray(96, '\0'), 8 } }),
        "which torch.save does not write");
    row("other zip", zipArchive({ { "a.txt", "a" } }), "is a zip archive, but neither of");
    row("empty zip", zipArchive({}), "is a zip archive, but neither of");
    QByteArray many = good;
    many.replace(many.size() - 14, 4, QByteArray(4, '\xff')); // 65535 members
    row("count of members", many, "claims 65535 members");
}

void TorchSaveTest::hostileArchivesAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, named);
    const QString message = refusal(file);
    QVERIFY2(named.isEmpty() ? message.isEmpty() : message.contains(named), qPrintable(message));
}

void TorchSaveTest::wideArchivesAreRead()
{
    const QList<ZipEntry> entries { { "x/data.pkl", whole(tuple({ pairOf({}) })) },
        { "x/data/0", QByteArray(96, '\0') } };
    QCOMPARE(refusal(zipArchive(entries, true)), QString());
    QCOMPARE(layoutOf(zipArchive(entries, true)).layers.at(0).key.begin,
        layoutOf(zipArchive(entries, false)).layers.at(0).key.begin);
    QByteArray beyond = zipArchive(entries, true);
    const qsizetype offset = beyond.lastIndexOf("PK\6\6") + 48;
    beyond.replace(offset, 8, little(std::uint64_t(1) << 63));
    QVERIFY(refusal(beyond).contains("leaves the"));
}

void TorchSaveTest::damagedFilesAreRefused_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : { "dynamic.pt", "views.pt", "arrays.npz", "deflated.npz", "fortran.npy" })
        QTest::newRow(name) << name;
}

/// Whatever a byte says, the file is read or refused; nothing crashes, and no view leaves the file.
void TorchSaveTest::damagedFilesAreRefused()
{
    QFETCH(QString, name);
    QFile file(QStringLiteral(PIKV_SOURCE_DIR "/tests/data/dumps/") + name);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray sound = file.readAll();
    QCOMPARE(refusal(sound), QString());
    const auto check = [](const QByteArray& content) {
        const Bytes bytes = asFile(content);
        const MemorySource source(bytes, "x.pt");
        try {
            const DumpLayout layout = readDump(source);
            for (const LayerEntries& layer : layout.layers)
                for (const StoredTensor* tensor : { &layer.key, &layer.value })
                    readElements(layout.fileOf(*tensor, source), *tensor);
        } catch (const Error& error) {
            QVERIFY2(error.kind() == ErrorKind::Input, error.what());
            QVERIFY2(QString(error.what()).startsWith("x.pt"), error.what());
        }
    };
    for (qsizetype size = 0; size < sound.size(); size += 97) {
        QVERIFY(!refusal(sound.first(size)).isEmpty());
        check(sound.first(size));
    }
    for (qsizetype i = 0; i < sound.size(); ++i)
        if (i < 600 || i >= sound.size() - 600)
            for (const int change : { 0x01, 0x80, 0xFF }) {
                QByteArray damaged = sound;
                damaged[i] = char(damaged[i] ^ change);
                check(damaged);
            }
}

void TorchSaveTest::utf8IsTold()
{
    for (const char* good : { "", "a", "ä", "模", "😀", "\x7f", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf" })
        QVERIFY2(isUtf8(good), good);
    for (const char* bad : { "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff" })
        QVERIFY(!isUtf8(bad));
}

PIKV_TEST(TorchSaveTest)
#include "torchsave_test.moc"
