// SPDX-License-Identifier: GPL-3.0-or-later
// Caches of latent attention: one row a token, which is cut into the rotated key and the latent, each stored once.
#include "core/dumps/dumps.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QTemporaryDir>

using namespace pikv;

namespace {

/// Every element of the first tensor, f16: its place in the row, and a hundredth of the row's.
Bytes numbered(Bytes file, std::int64_t width, std::int64_t rows)
{
    const std::size_t begin = 8 + loadLe<std::uint64_t>(file.data());
    for (std::int64_t i = 0; i < width * rows; ++i) {
        const std::uint16_t half = floatToHalf(float(i % width) + 0.25f * float(i / width));
        std::memcpy(file.data() + begin + i * 2, &half, 2);
    }
    return file;
}

QString allNotes(const CacheInfo& info)
{
    QString text;
    for (const std::string& note : info.notes)
        text += QString::fromStdString(note) + '\n';
    return text;
}

} // namespace

class LatentCacheTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rowsAreCut_data();
    void rowsAreCut();
    void connectorsFoldersAreCut();
    void unknownWidthsAreRefused_data();
    void unknownWidthsAreRefused();
    void savedOnesOpenAgain();
};

void LatentCacheTest::rowsAreCut_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<QString>("metadata");
    QTest::addColumn<int>("latent");
    QTest::addColumn<int>("rotated");
    const QString native = R"({"kv_format":"pikv-kv-1"})";
    const auto configured = [](const QString& config) {
        return QString(R"({"kv_format":"pikv-kv-1","config":"{%1}"})").arg(QString(config).replace('"', "\\\""));
    };
    QTest::newRow("values without channels")
        << QStringList { "layers.0.key F16 1,1,3,576", "layers.0.value F16 1,1,3,0" } << native << 512 << 64;
    QTest::newRow("no values") << QStringList { "layers.0.key F16 1,1,3,576" } << native << 512 << 64;
    QTest::newRow("by other names") << QStringList { "key_cache.0 F16 1,1,3,288", "value_cache.0 F16 1,1,3,0" }
                                    << "null" << 256 << 32;
    // The config's heads are those that the model makes of a latent: they say nothing of the dump's.
    QTest::newRow("configured") << QStringList { "layers.0.key F16 1,1,3,24", "layers.0.value F16 1,1,3,0" }
                                << configured(R"("kv_lora_rank":16,"qk_rope_head_dim":8,"num_key_value_heads":3)") << 16
                                << 8;
    QTest::newRow("queries") << QStringList { "layers.0.key F16 1,1,3,576", "layers.0.value F16 1,1,3,0",
        "layers.0.query F16 1,4,1,576", "query_positions I64 1" }
                             << native << 512 << 64;
}

void LatentCacheTest::rowsAreCut()
{
    QFETCH(QStringList, tensors);
    QFETCH(QString, metadata);
    QFETCH(int, latent);
    QFETCH(int, rotated);
    const Bytes file = numbered(Dump { tensors, metadata }.bytes(), latent + rotated, 3);
    const auto cache = cacheOf(file);
    const CacheInfo& info = cache->info();
    QCOMPARE(info.layers.size(), std::size_t(1));
    QCOMPARE(info.layers[0].keyDim, std::int64_t(rotated));
    QCOMPARE(info.layers[0].valueDim, std::int64_t(latent));
    QCOMPARE(info.elements(), std::int64_t(3 * (latent + rotated))); // nothing is counted twice
    QVERIFY(!info.hasQueries());
    const QString notes = allNotes(info);
    QVERIFY2(notes.contains("latent cache (MLA)") && info.notes.size() == 1, qPrintable(notes));
    QCOMPARE(notes.contains("queries are left out"), tensors.size() > 3);
    const std::vector<float> key = floatsOf(cache->layer(0).key), value = floatsOf(cache->layer(0).value);
    for (int t = 0; t < 3; ++t) {
        for (int d = 0; d < rotated; ++d)
            QCOMPARE(key[std::size_t(t * rotated + d)], halfToFloat(floatToHalf(float(latent + d) + 0.25f * float(t))));
        for (int d = 0; d < latent; ++d)
            QCOMPARE(value[std::size_t(t * latent + d)], halfToFloat(floatToHalf(float(d) + 0.25f * float(t))));
    }
}

void LatentCacheTest::connectorsFoldersAreCut()
{
    QTemporaryDir folder;
    for (const int layer : { 0, 1 })
        writeFile(folder.filePath(QString("model.layers.%1.self_attn.attn.safetensors").arg(layer)),
            numbered(Dump { { "kv_cache F16 16,576" }, "null" }.bytes(), 576, 16));
    const CachePtr cache = openCache(folder.path().toStdString());
    QCOMPARE(cache->info().layers.size(), std::size_t(2));
    QVERIFY(allNotes(cache->info()).contains("latent cache (MLA)"));
    QCOMPARE(floatsOf(cache->layer(1).key)[2 * 64 + 3], 515.5f);
    QCOMPARE(floatsOf(cache->layer(1).value)[512 + 7], 7.25f);
}

void LatentCacheTest::unknownWidthsAreRefused_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<QString>("config");
    QTest::addColumn<QString>("told");
    const QStringList row { "layers.0.key F16 1,1,3,100", "layers.0.value F16 1,1,3,0" };
    QTest::newRow("no config") << row << ""
                               << "kv_lora_rank and qk_rope_head_dim";
    QTest::newRow("another config") << row << R"({\"kv_lora_rank\":64,\"qk_rope_head_dim\":32})"
                                    << "nor the 64 + 32";
    QTest::newRow("several heads") << QStringList { "layers.0.key F16 1,2,3,576", "layers.0.value F16 1,2,3,0" } << ""
                                   << "values without channels";
    QTest::newRow("no values of usual keys") << QStringList { "layers.0.key F16 1,1,3,64" } << ""
                                             << "has no value";
}

void LatentCacheTest::unknownWidthsAreRefused()
{
    QFETCH(QStringList, tensors);
    QFETCH(QString, config);
    QFETCH(QString, told);
    const Dump dump { tensors,
        R"({"kv_format":"pikv-kv-1")" + (config.isEmpty() ? QString() : ",\"config\":\"" + config + '"') + "}" };
    const QString message = refusal(dump.bytes());
    QVERIFY2(message.contains(told), qPrintable(message));
}

void LatentCacheTest::savedOnesOpenAgain()
{
    QTemporaryDir folder;
    const std::string path = folder.filePath("a.safetensors").toStdString();
    const Bytes file
        = numbered(Dump { { "layers.0.key F16 1,1,3,576", "layers.0.value F16 1,1,3,0" } }.bytes(), 576, 3);
    const auto cache = cacheOf(file);
    saveCache(*cache, path);
    const CachePtr back = openCache(path);
    QVERIFY(back->layer(0).key.equal(cache->layer(0).key) && back->layer(0).value.equal(cache->layer(0).value));
}

PIKV_TEST(LatentCacheTest)
#include "latentcache_test.moc"
