// SPDX-License-Identifier: GPL-3.0-or-later
// Slots of llama.cpp that were written, as its own reader and ours take them.
#include "core/base/filesource.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/formats/llamastatefile.h"
#include "foreignfiles.h"
#include "testmain.h"
#include <QTemporaryDir>
#include <numeric>

using namespace pikv;

namespace {

struct Given {
    DType dtype = DType::F16;
    std::int64_t headDim = 64, valueDim = 64;
    std::string config = {};
    std::vector<std::int64_t> positions = {};
    int ropeDim = 0;
};

std::shared_ptr<const KvCache> cacheWith(const Given& given)
{
    const auto plain = generateCache({ .layers = 3,
        .kvHeads = 2,
        .seq = 10,
        .headDim = given.headDim,
        .valueDim = given.valueDim,
        .dtype = given.dtype });
    CacheInfo info = plain->info();
    info.config = given.config;
    info.positions = given.positions;
    info.rope.dim = given.ropeDim;
    info.tokenIds.resize(10);
    std::iota(info.tokenIds.begin(), info.tokenIds.end(), 100);
    std::vector<LayerKv> layers;
    for (int i = 0; i < plain->layerCount(); ++i)
        layers.push_back(plain->layer(i));
    return std::make_shared<MemoryCache>(info, layers);
}

QString refusalToSave(const std::shared_ptr<const KvCache>& cache, const QString& path)
{
    try {
        saveCache(*cache, path.toStdString());
    } catch (const Error& error) {
        return (error.kind() == ErrorKind::Usage ? "" : "wrong kind: ") + QString::fromUtf8(error.what());
    }
    return {};
}

} // namespace

class LlamaWriterTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void comesBackBitByBit_data();
    void comesBackBitByBit();
    void isWhatLlamaCppWrites();
    void keysArePairedAsTheModelIs_data();
    void keysArePairedAsTheModelIs();
    void sessionsNameTheArchitecture_data();
    void sessionsNameTheArchitecture();
    void positionsWithGapsLeaveTheIdsOut();
    void whatDoesNotFitIsRefused();
    void whatIsLeftOutIsSaid();

private:
    QString path() const { return m_folder.filePath("slot.bin"); }
    QTemporaryDir m_folder;
};

void LlamaWriterTest::comesBackBitByBit_data()
{
    QTest::addColumn<DType>("dtype");
    QTest::addColumn<qint64>("headDim");
    QTest::addColumn<qint64>("valueDim");
    for (const DType dtype : { DType::F16, DType::BF16, DType::F32 }) {
        const std::string name(dtypeName(dtype));
        QTest::addRow("%s", name.c_str()) << dtype << qint64(64) << qint64(64);
        QTest::addRow("%s, wide keys", name.c_str()) << dtype << qint64(128) << qint64(32);
    }
}

void LlamaWriterTest::comesBackBitByBit()
{
    QFETCH(DType, dtype);
    QFETCH(qint64, headDim);
    QFETCH(qint64, valueDim);
    const auto cache = cacheWith({ .dtype = dtype, .headDim = headDim, .valueDim = valueDim });
    saveCache(*cache, path().toStdString());
    const CachePtr back = openCache(path().toStdString());
    QCOMPARE(back->info().tokenIds, cache->info().tokenIds);
    QCOMPARE(back->info().layers.size(), std::size_t(3));
    for (int i = 0; i < 3; ++i) {
        // The file holds rows of all heads; how many there are is assumed.
        const auto rows = [](const at::Tensor& x) { return x.transpose(1, 2).reshape({ x.size(2), -1 }); };
        const LayerKv a = cache->layer(i), b = back->layer(i);
        QCOMPARE(b.key.scalar_type(), a.key.scalar_type());
        QVERIFY(rows(b.key).equal(rows(a.key)) && rows(b.value).equal(rows(a.value)));
    }
}

void LlamaWriterTest::isWhatLlamaCppWrites()
{
    const auto cache = cacheWith(Given {});
    saveCache(*cache, path().toStdString());
    const FileSource file(path().toStdString());
    const LlamaState state = readLlamaState(file);
    QVERIFY(!state.session && state.hasStreams && !state.packedTokens);
    QCOMPARE(state.tokens.size(), std::size_t(10));
    QCOMPARE(state.sections.size(), std::size_t(1));
    const LlamaStream& stream = state.sections.front().front();
    QCOMPARE(stream.members.size(), std::size_t(10)); // llama.cpp wants one sequence a cell
    QCOMPARE(stream.positions.back(), 9);
    QVERIFY(stream.keys.front().type == GgmlType::F16 && stream.keys.front().width == 128);
    QVERIFY(!stream.values.front().transposed && stream.values.front().begin > stream.keys.back().begin);
    QCOMPARE(state.generation, llamaNewestGeneration);
    // magic, version, tokens, streams, cells, layers, rotations; type and size of a row, rows.
    QCOMPARE(file.size(), std::uint64_t(12 + 40 + 8 + 10 * 12 + 8 + 8 + 6 * (12 + 10 * 128 * 2)));
}

void LlamaWriterTest::keysArePairedAsTheModelIs_data()
{
    QTest::addColumn<QString>("config");
    QTest::addColumn<int>("ropeDim");
    QTest::addColumn<bool>("permuted");
    QTest::newRow("llama") << R"({"model_type":"llama"})" << 0 << true;
    QTest::newRow("a part of the head") << R"({"model_type":"llama"})" << 16 << true;
    QTest::newRow("qwen2") << R"({"model_type":"qwen2"})" << 0 << false;
    QTest::newRow("unknown") << "" << 0 << false;
}

void LlamaWriterTest::keysArePairedAsTheModelIs()
{
    QFETCH(QString, config);
    QFETCH(int, ropeDim);
    QFETCH(bool, permuted);
    const auto cache = cacheWith({ .dtype = DType::F32, .config = config.toStdString(), .ropeDim = ropeDim });
    saveCache(*cache, path().toStdString());
    const FileSource file(path().toStdString());
    const LlamaState state = readLlamaState(file);
    const LlamaTensor& stored = state.sections.front().front().keys.at(1);
    std::vector<float> rows(10 * 128);
    file.read(stored.begin, std::as_writable_bytes(std::span(rows)));
    const std::vector<float> keys = floatsOf(cache->layer(1).key), values = floatsOf(cache->layer(1).value);
    const std::size_t pair = std::size_t(ropeDim ? ropeDim : 64) / 2;
    for (std::size_t h = 0; h < 2; ++h)
        for (std::size_t t = 0; t < 10; ++t)
            for (std::size_t i = 0; i < 64; ++i) { // channel i of the dump
                const std::size_t in = !permuted || i >= 2 * pair ? i : i < pair ? 2 * i : 2 * (i - pair) + 1;
                QCOMPARE(rows[(t * 2 + h) * 64 + in], keys[(h * 10 + t) * 64 + i]);
            }
    file.read(state.sections.front().front().values.at(1).begin, std::as_writable_bytes(std::span(rows)));
    QCOMPARE(rows[64 + 5], values[10 * 64 + 5]); // values never are
}

void LlamaWriterTest::sessionsNameTheArchitecture_data()
{
    QTest::addColumn<QString>("config");
    QTest::addColumn<QString>("architecture"); ///< "": nothing says it
    QTest::newRow("llama") << R"({"model_type":"llama"})"
                           << "llama";
    QTest::newRow("mistral") << R"({"model_type":"mistral"})"
                             << "llama";
    QTest::newRow("qwen2") << R"({"model_type":"qwen2"})"
                           << "qwen2";
    QTest::newRow("unknown type") << R"({"model_type":"t5"})"
                                  << "";
    QTest::newRow("no configuration") << ""
                                      << "";
}

void LlamaWriterTest::sessionsNameTheArchitecture()
{
    QFETCH(QString, config);
    QFETCH(QString, architecture);
    const QString path = m_folder.filePath("session.ggsn");
    const auto cache = cacheWith({ .config = config.toStdString() });
    if (architecture.isEmpty()) {
        QVERIFY(refusalToSave(cache, path).contains("session cannot hold this: it names its model's architecture"));
        return;
    }
    saveCache(*cache, path.toStdString());
    const LlamaState state = readLlamaState(FileSource(path.toStdString()));
    QVERIFY(state.session && state.generation == llamaNewestGeneration && state.hasStreams && !state.hasOutputs);
    QCOMPARE(QString::fromStdString(state.architecture), architecture);
    QCOMPARE(state.tokens.size(), std::size_t(10));
    QCOMPARE(openCache(path.toStdString())->info().tokenIds, cache->info().tokenIds);
    QVERIFY(QFile::remove(path));
}

void LlamaWriterTest::positionsWithGapsLeaveTheIdsOut()
{
    const auto cache = cacheWith({ .positions = { 0, 1, 2, 3, 4, 15, 16, 17, 18, 19 } });
    saveCache(*cache, path().toStdString());
    const CacheInfo info = openCache(path().toStdString())->info();
    QCOMPARE(info.positions, cache->info().positions);
    QVERIFY(info.tokenIds.empty());
}

void LlamaWriterTest::whatDoesNotFitIsRefused()
{
    const auto told = [&](const GenerateOptions& options) { return refusalToSave(generateCache(options), path()); };
    QVERIFY(told({ .layers = 1, .batch = 2, .seq = 4, .headDim = 8 }).contains("it has 2 sequences"));
    QVERIFY(told({ .layers = 1, .seq = 4, .headDim = 8, .dtype = DType::F64 }).contains("f64 where f16"));
    const auto cache = cacheWith(Given {});
    CacheInfo info = cache->info();
    info.layerNumbers = { 0, 2, 3 };
    std::vector<LayerKv> layers = { cache->layer(0), cache->layer(1), cache->layer(2) };
    const auto changed = [&] { return refusalToSave(std::make_shared<MemoryCache>(info, layers), path()); };
    QVERIFY(changed().contains("layers without a cache before 'layers.2.key'"));
    info.layerNumbers.clear();
    info.visible = { 0, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    QVERIFY(changed().contains("have padding"));
    info.visible.clear();
    info.positions = { 0, 1, 2, 3, 4, 5, 6, 7, 8, std::int64_t(1) << 31 };
    QVERIFY(changed().contains("'positions' hold 2147483648, above 2^31 - 1"));
    info.positions.clear();
    layers[1].key = layers[1].key.narrow(2, 4, 6);
    layers[1].value = layers[1].value.narrow(2, 4, 6);
    QVERIFY(changed().contains("layers have 10 and 6 tokens"));
    QVERIFY(!QFile::exists(m_folder.filePath("slot.bin")) || QFile::remove(path()));
    QCOMPARE(QDir(m_folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).size(), 0);
}

void LlamaWriterTest::whatIsLeftOutIsSaid()
{
    QVERIFY(QString::fromStdString(leftOutOnSaving(cacheWith(Given {})->info(), "a.bin")).contains("number of heads"));
    QVERIFY(leftOutOnSaving(cacheWith(Given {})->info(), "a.safetensors").empty());
}

PIKV_TEST(LlamaWriterTest)
#include "llamawriter_test.moc"
