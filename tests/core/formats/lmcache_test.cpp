// SPDX-License-Identifier: GPL-3.0-or-later
// LMCache's chunks, and its files that are told apart in order to be refused.
#include "core/dumps/dumps.h"
#include "foreignfiles.h"
#include "safetensorsbytes.h"
#include "testmain.h"
#include <QTemporaryDir>

using namespace pikv;

namespace {
constexpr std::size_t layers = 3, tokens = 5, width = 192;

float elementOf(std::size_t layer, bool value, std::size_t token, std::size_t channel)
{
    return roundValue(((value * layers + layer) * tokens + token) * width + channel);
}

Bytes header(std::int32_t length, std::int32_t format, std::int32_t dtype, std::array<std::int32_t, 4> shape)
{
    Bytes out;
    for (const std::int32_t word : { length, format, dtype, shape[0], shape[1], shape[2], shape[3] })
        appendLe(out, word);
    return out;
}

Bytes chunk(std::int32_t dtypeNumber = 3, DType dtype = DType::BF16)
{
    Bytes data;
    for (const bool value : { false, true })
        for (std::size_t l = 0; l < layers; ++l)
            for (std::size_t t = 0; t < tokens; ++t)
                for (std::size_t c = 0; c < width; ++c)
                    appendFloat(data, elementOf(l, value, t, c), dtype);
    Bytes out = header(std::int32_t(data.size()), 1, dtypeNumber, { 2, layers, tokens, width });
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

Bytes withZeros(Bytes head, std::size_t count)
{
    head.resize(head.size() + count);
    return head;
}

void compare(const KvCache& cache)
{
    for (std::size_t l = 0; l < layers; ++l) {
        const LayerKv layer = cache.layer(int(l));
        const std::vector<float> key = floatsOf(layer.key), value = floatsOf(layer.value);
        QCOMPARE(key.size(), tokens * width);
        for (std::size_t h = 0; h < 3; ++h)
            for (std::size_t t = 0; t < tokens; ++t)
                for (std::size_t d = 0; d < 64; ++d) {
                    QCOMPARE(key[(h * tokens + t) * 64 + d], elementOf(l, false, t, h * 64 + d));
                    QCOMPARE(value[(h * tokens + t) * 64 + d], elementOf(l, true, t, h * 64 + d));
                }
    }
}
}

class LmcacheTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void chunksAreRead_data();
    void chunksAreRead();
    void openCacheGivesTheValues();
    void modelIsInTheName_data();
    void modelIsInTheName();
    void othersAreRefused_data();
    void othersAreRefused();
    void damageIsEndured();
};

void LmcacheTest::chunksAreRead_data()
{
    QTest::addColumn<int>("number");
    QTest::addColumn<int>("dtype");
    QTest::newRow("f16") << 1 << int(DType::F16);
    QTest::newRow("half") << 2 << int(DType::F16);
    QTest::newRow("bf16") << 3 << int(DType::BF16);
    QTest::newRow("f32") << 4 << int(DType::F32);
}

void LmcacheTest::chunksAreRead()
{
    QFETCH(int, number);
    QFETCH(int, dtype);
    const Bytes bytes = chunk(number, DType(dtype));
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->layerCount(), 3);
    QVERIFY(
        cache->info().layers[0] == (LayerShape { 1, 3, 5, 64, 64, 0, 0, 0, DType(dtype), DType(dtype), DType::F16 }));
    QVERIFY(cache->info().rope.layout == RopeInfo::Layout::Half);
    QCOMPARE(cache->info().notes.size(), std::size_t(2));
    compare(*cache);
}

void LmcacheTest::openCacheGivesTheValues()
{
    const QTemporaryDir folder;
    const QString path = folder.filePath("vllm@Qwen-Qwen3-0.6B@1@0@abc.data");
    writeFile(path, chunk());
    const CachePtr cache = openCache(path.toStdString());
    QCOMPARE(cache->info().model, std::string("Qwen-Qwen3-0.6B"));
    compare(*cache);
}

void LmcacheTest::modelIsInTheName_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("model");
    QTest::newRow("with engine") << "vllm@m@1@0@ff.data"
                                 << "m";
    QTest::newRow("without") << "/tmp/m@2@0@ff@bfloat16.data"
                             << "m";
    QTest::newRow("renamed") << "chunk.bin"
                             << "";
}

void LmcacheTest::modelIsInTheName()
{
    QFETCH(QString, name);
    QFETCH(QString, model);
    QCOMPARE(QString::fromStdString(layoutOf(chunk(), name.toLatin1().constData()).info.model), model);
}

void LmcacheTest::othersAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("words");
    const auto row = [](const char* title, const Bytes& bytes, const char* name, const char* words) {
        QTest::newRow(title) << QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size()))
                             << QString(name) << QString(words);
    };
    row("one layer", withZeros(header(96, 2, 1, { 3, 2, 8, 0 }), 96), "c.data", "KV_T2D");
    row("one layer, pair first", withZeros(header(96, 3, 1, { 2, 3, 8, 0 }), 96), "c.data", "KV_2TD");
    row("CacheGen", withZeros(header(50, 4, 0, { 0, 0, 0, 0 }), 50), "c.data", "CacheGen");
    row("latent", withZeros(header(96, 6, 1, { 1, 1, 3, 16 }), 96), "c.data", "latent cache (MLA)");
    row("bytes", withZeros(header(96, 1, 6, { 2, 1, 3, 16 }), 96), "c.data", "of type 6");
    row("shape", withZeros(header(96, 1, 1, { 3, 1, 1, 16 }), 96), "c.data", "of shape [3, 1, 1, 16]");
    row("layers", withZeros(header(20000, 1, 1, { 2, 5000, 1, 1 }), 20000), "c.data", "[2, layers, tokens, channels]");
    Bytes cut = chunk();
    cut.resize(cut.size() - 7);
    row("cut", cut, "c.data", "is damaged or cut short");
    Bytes groups = header(64, 1, 1, { 2, 1, 1, 8 });
    groups.resize(48 + 64); // 8 + 2 x 20
    row("groups", groups, "c.data", "several groups");
    Bytes pickle;
    appendText(pickle, "\x80\x04\x95\x10 lmcache.CacheGenGPUEncoderOutput");
    row("pickled CacheGen", pickle, "c.data", "pickle of LMCache's CacheGen");
    row("local disk", withZeros({}, 300), "vllm@m@1@0@ff.pt", "has no header that says its shape");
    row("no chunk meta", withZeros({}, 300), "vllm@m@1@0@ff.data", "has no header that says its shape");
    row("0.1", safetensorsBytes(R"({"kv_chunk":{"dtype":"F16","shape":[1,2,1,1,2],"data_offsets":[0,8]}})", 8), "c.pt",
        "LMCache 0.1");
}

void LmcacheTest::othersAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, name);
    QFETCH(QString, words);
    const Bytes bytes(reinterpret_cast<const std::byte*>(file.constData()),
        reinterpret_cast<const std::byte*>(file.constData()) + file.size());
    const QString message = refusalOf(bytes, name.toLatin1().constData());
    QVERIFY2(message.contains(words) && message.contains(name), qPrintable(message));
}

void LmcacheTest::damageIsEndured() { enduresDamage(chunk(), 40, "c.data"); }

PIKV_TEST(LmcacheTest)
#include "lmcache_test.moc"
