// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps in several safetensors files with an index.
#include "core/dumps/dumps.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QDir>
#include <QTemporaryDir>

using namespace pikv;

namespace {

constexpr const char* first = "kv-00001-of-00002.safetensors";
constexpr const char* second = "kv-00002-of-00002.safetensors";

/// A dump of two layers in two files, with the keys of layer 1 apart from its values, and what a test changes of it.
struct Sharded {
    QTemporaryDir folder;
    Dump a { { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,3,6", "layers.1.key F16 1,2,3,4" } };
    Dump b { { "layers.1.value F16 1,2,3,6", "input_ids I64 1,3" } };
    std::map<QString, QString> map { { "layers.0.key", first }, { "layers.0.value", first }, { "layers.1.key", first },
        { "layers.1.value", second }, { "input_ids", second } };

    QString path(const QString& name) const { return folder.filePath(name); }
    QString index() const { return path("kv.safetensors.index.json"); }
    void write() const
    {
        writeFile(path(first), filled(a.bytes(), 1));
        writeFile(path(second), filled(b.bytes({ { "input_ids", { 5, 6, 7 } } }), 2, 24));
        QStringList entries;
        for (const auto& [tensor, file] : map)
            entries << '"' + tensor + "\":\"" + file + '"';
        writeIndex("{\"metadata\":{\"total_size\":1},\"weight_map\":{" + entries.join(',') + "}}");
    }
    void writeIndex(const QString& text) const
    {
        Bytes bytes;
        appendText(bytes, text.toStdString());
        writeFile(index(), bytes);
    }
    QString refusal() const
    {
        return inputRefusal([&] { openCache(index().toStdString()); });
    }

    /// Data made of small multiples of `seed`, but for the last `kept` bytes.
    static Bytes filled(Bytes file, int seed, std::size_t kept = 0)
    {
        const std::size_t begin = 8 + loadLe<std::uint64_t>(file.data());
        for (std::size_t i = begin; i + 1 < file.size() - kept; i += 2) {
            const std::uint16_t half = floatToHalf(float((i - begin) / 2 % 60 * std::size_t(seed)));
            std::memcpy(file.data() + i, &half, 2);
        }
        return file;
    }
};

} // namespace

class ShardsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anyWayInOpensAll();
    void namedTensorsComeInShardsToo();
    void whatDoesNotFitIsRefused_data();
    void whatDoesNotFitIsRefused();
    void linksAreRefused();
    void weightsAreTold();
    void damagedIndexesAreEndured();
};

void ShardsTest::anyWayInOpensAll()
{
    Sharded dump;
    dump.write();
    for (const QString& path : { dump.index(), dump.folder.path(), dump.path(first), dump.path(second) }) {
        const CachePtr cache = openCache(path.toStdString());
        const CacheInfo& info = cache->info();
        QCOMPARE(info.layers.size(), std::size_t(2));
        QCOMPARE(info.path, path.toStdString());
        QVERIFY(QString::fromStdString(info.format).endsWith("in 2 files"));
        QCOMPARE(info.tokenIds, (std::vector<std::int64_t> { 5, 6, 7 }));
        QCOMPARE(
            info.fileBytes, std::uint64_t(QFileInfo(dump.path(first)).size() + QFileInfo(dump.path(second)).size()));
        QCOMPARE(floatsOf(cache->layer(0).key)[5], 5.f);
        QCOMPARE(floatsOf(cache->layer(1).key)[0], float((24 + 36) % 60));
        QCOMPARE(floatsOf(cache->layer(1).value)[7], 14.f);
    }
}

void ShardsTest::namedTensorsComeInShardsToo()
{
    Sharded dump;
    dump.a = { { "key_cache.0 F16 1,2,3,4", "key_cache.1 F16 1,2,3,4" }, "null" };
    dump.b = { { "value_cache.0 F16 1,2,3,4", "value_cache.1 F16 1,2,3,4", "input_ids I64 1,3" }, "null" };
    dump.map = { { "key_cache.0", first }, { "key_cache.1", first }, { "value_cache.0", second },
        { "value_cache.1", second }, { "input_ids", second } };
    dump.write();
    const CachePtr cache = openCache(dump.index().toStdString());
    QCOMPARE(cache->info().tokenIds, (std::vector<std::int64_t> { 5, 6, 7 }));
    QCOMPARE(floatsOf(cache->layer(1).value)[1], 50.f);
}

void ShardsTest::whatDoesNotFitIsRefused_data()
{
    QTest::addColumn<std::function<void(Sharded&)>>("change");
    QTest::addColumn<QString>("told");
    const auto row = [](const char* name, std::function<void(Sharded&)> change, const char* told) {
        QTest::newRow(name) << std::function([change](Sharded& dump) {
            change(dump);
            dump.write();
        }) << QString(told);
    };
    const auto named = [&](const char* name, const char* file) {
        row(
            name, [file](Sharded& dump) { dump.map["layers.1.value"] = file; }, "the plain name of a *.safetensors");
    };
    named("parent folder", "../kv-00002-of-00002.safetensors");
    named("absolute", "/etc/passwd.safetensors");
    named("folder", "sub/kv.safetensors");
    named("hidden", ".kv.safetensors");
    named("no name", "");
    named("another suffix", "kv.bin");
    row(
        "missing file", [](Sharded& dump) { dump.map["layers.1.value"] = "kv-00003-of-00003.safetensors"; },
        "'kv-00003-of-00003.safetensors' is missing");
    row(
        "tensor that is nowhere", [](Sharded& dump) { dump.map["layers.2.key"] = second; },
        "has no tensor 'layers.2.key'");
    row(
        "tensor elsewhere", [](Sharded& dump) { dump.map["layers.1.key"] = second; }, "where the weight_map says");
    row(
        "tensor twice", [](Sharded& dump) { dump.b.tensors << "layers.1.key F16 1,2,3,4"; },
        "where the weight_map says");
    row(
        "tensor unnamed", [](Sharded& dump) { dump.map.erase("input_ids"); }, "that its weight_map does not name");
    row(
        "other shapes", [](Sharded& dump) { dump.b.tensors[0] = "layers.1.value F16 1,2,4,6"; }, "disagree");
    row(
        "other metadata",
        [](Sharded& dump) {
            dump.b.metadata = R"({"kv_format":"pikv-kv-1","model":"b"})";
            dump.a.metadata = R"({"kv_format":"pikv-kv-1","model":"a"})";
        },
        "they are of different dumps");
    row(
        "layer without values",
        [](Sharded& dump) {
            dump.map.erase("layers.1.value");
            dump.b.tensors.removeFirst();
        },
        "layer 1 has no value tensor");
}

void ShardsTest::whatDoesNotFitIsRefused()
{
    QFETCH(std::function<void(Sharded&)>, change);
    QFETCH(QString, told);
    Sharded dump;
    change(dump);
    const QString message = dump.refusal();
    QVERIFY2(message.contains(told) && message.startsWith(dump.folder.path()), qPrintable(message));
}

void ShardsTest::linksAreRefused()
{
    Sharded dump;
    dump.write();
    QVERIFY(QFile::rename(dump.path(second), dump.path("elsewhere")));
    QVERIFY(QFile::link(dump.path("elsewhere"), dump.path(second)));
    QVERIFY2(dump.refusal().contains("is a symbolic link"), qPrintable(dump.refusal()));
    QVERIFY(QFile::remove(dump.path(second)));
    QVERIFY(QDir().mkdir(dump.path(second)));
    QVERIFY2(dump.refusal().contains("no regular file"), qPrintable(dump.refusal()));
    QVERIFY(QDir().rmdir(dump.path(second)));
    QVERIFY2(dump.refusal().contains("is missing"), qPrintable(dump.refusal()));
}

void ShardsTest::weightsAreTold()
{
    Sharded dump;
    dump.a = { { "model.embed_tokens.weight F16 8,4" }, "null" };
    dump.b = { { "model.layers.0.self_attn.q_proj.weight F16 4,4" }, "null" };
    dump.map = { { "model.embed_tokens.weight", first }, { "model.layers.0.self_attn.q_proj.weight", second } };
    dump.write();
    QVERIFY2(dump.refusal().contains("holds a model's weights"), qPrintable(dump.refusal()));
}

void ShardsTest::damagedIndexesAreEndured()
{
    Sharded dump;
    dump.write();
    QFile file(dump.index());
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray whole = file.readAll();
    for (qsizetype size = 1; size < whole.size(); ++size) {
        dump.writeIndex(whole.left(size));
        QVERIFY2(!dump.refusal().isEmpty(), qPrintable(QString::number(size)));
    }
    for (const char* text : { R"({"weight_map":[]})", R"({"weight_map":{}})", R"({"weight_map":{"layers.0.key":1}})",
             R"({"weight_map":{"a":"x.safetensors"},"weight_map":{}})",
             R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})" }) {
        dump.writeIndex(text);
        const QString message = dump.refusal();
        QVERIFY2(message.startsWith(dump.index()), qPrintable(message));
    }
    dump.writeIndex(R"({"weight_map":)" + QString(10'000, '[') + QString(10'000, ']') + "}");
    QVERIFY(dump.refusal().contains("more than 64 deep"));
    QVERIFY(QFile::resize(dump.index(), qint64(1) << 40)); // a hole: it takes no room
    const QString message = inputRefusal([&] { openCache(dump.path(first).toStdString()); });
    QVERIFY2(message.startsWith(dump.index() + ": an index of 1099511627776 bytes"), qPrintable(message));
}

PIKV_TEST(ShardsTest)
#include "shards_test.moc"
