// SPDX-License-Identifier: GPL-3.0-or-later
// Prompt caches of mlx-lm: every class of layer that has keys and values, alone and mixed, and what is wrong with them.
#include "core/dumps/dumps.h"
#include "foreignfiles.h"
#include "safetensorsbytes.h"
#include "testmain.h"
#include <QTemporaryDir>

using namespace pikv;

namespace {

/// A safetensors file as MLX writes it: nothing is padded.
class MlxFile {
public:
    QStringList metadata;

    void layer(int index, const char* kind, std::initializer_list<std::int64_t> numbers = {})
    {
        metadata << QString(R"("2.%1":"%2")").arg(index).arg(kind);
        if (numbers.size() == 0)
            metadata << QString(R"("0.%1":"")").arg(index);
        int n = 0;
        for (const std::int64_t number : numbers)
            metadata << QString(R"("0.%1.%2":"%3")").arg(index).arg(n++).arg(number);
    }
    void add(const QString& name, const char* dtype, const QString& shape, const Bytes& data)
    {
        m_fields << QString(R"("%1":{"dtype":"%2","shape":[%3],"data_offsets":[%4,%5]})")
                        .arg(name, dtype, shape)
                        .arg(m_data.size())
                        .arg(m_data.size() + data.size());
        m_data.insert(m_data.end(), data.begin(), data.end());
    }
    /// Keys and values [batch, 2, rows, 4] in bf16, element e of tensor t being roundValue(1000 t + e).
    void plain(int index, int rows, int batch = 1)
    {
        for (const int part : { 0, 1 }) {
            Bytes data;
            for (int e = 0; e < batch * 2 * rows * 4; ++e)
                appendFloat(data, elementOf(index, part, e), DType::BF16);
            add(QString("%1.%2").arg(index).arg(part), "BF16", QString("%1,2,%2,4").arg(batch).arg(rows), data);
        }
    }
    static float elementOf(int layer, int part, int element)
    {
        return roundValue(std::size_t((layer * 2 + part) * 1000 + element));
    }
    Bytes bytes() const
    {
        const QStringList fields = QStringList { "\"__metadata__\":{" + metadata.join(',') + "}" } + m_fields;
        Bytes file = safetensorsBytes("{" + fields.join(',') + "}", 0);
        file.insert(file.end(), m_data.begin(), m_data.end());
        return file;
    }

private:
    QStringList m_fields;
    Bytes m_data;
};

/// Layer `index` of `stored` rows in the file shows these rows of it.
void compareRows(const KvCache& cache, int index, int number, int stored, const std::vector<int>& rows)
{
    const LayerKv layer = cache.layer(index);
    for (const int part : { 0, 1 }) {
        const at::Tensor& tensor = part == 0 ? layer.key : layer.value;
        QCOMPARE(tensor.size(2), std::int64_t(rows.size()));
        const std::vector<float> found = floatsOf(tensor);
        std::size_t next = 0;
        for (int plane = 0; plane < int(tensor.size(0)) * 2; ++plane)
            for (const int row : rows)
                for (int d = 0; d < 4; ++d)
                    QCOMPARE(found[next++], MlxFile::elementOf(number, part, (plane * stored + row) * 4 + d));
    }
}

std::vector<int> upTo(int count)
{
    std::vector<int> rows;
    for (int i = 0; i < count; ++i)
        rows.push_back(i);
    return rows;
}

/// Codes that count through all values of `bits`, packed bit by bit; scales and offsets differ by row and group.
constexpr int quantisedRows = 5;
int codeOf(int element, int bits) { return (element * 7 + element / 64) % (1 << bits); }
float scaleOf(int group) { return float(group % 5 + 1) / 4; }
float offsetOf(int group) { return float(group % 7) - 3; }

void addQuantised(MlxFile& file, int index, int bits, int group, int dim, const char* dtype = "F16")
{
    const int elements = 2 * quantisedRows * dim;
    for (const int part : { 0, 1 }) {
        Bytes words(std::size_t(elements * bits / 8));
        for (int e = 0; e < elements; ++e)
            for (int b = 0; b < bits; ++b)
                if (codeOf(e + part, bits) >> b & 1)
                    words[std::size_t((e * bits + b) / 8)] |= std::byte(1 << (e * bits + b) % 8);
        Bytes scales, offsets;
        const DType type = *dtypeFromSafetensors(dtype);
        for (int g = 0; g < elements / group; ++g) {
            appendFloat(scales, scaleOf(g), type);
            appendFloat(offsets, offsetOf(g), type);
        }
        const QString name = QString("%1.%2.").arg(index).arg(part), shape = "1,2,5,";
        file.add(name + "0", "U32", shape + QString::number(dim * bits / 32), words);
        file.add(name + "1", dtype, shape + QString::number(dim / group), scales);
        file.add(name + "2", dtype, shape + QString::number(dim / group), offsets);
    }
}

bool hasNote(const CacheInfo& info, const char* part)
{
    return std::any_of(info.notes.begin(), info.notes.end(),
        [&](const std::string& note) { return note.find(part) != std::string::npos; });
}
}

class MlxCacheTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void plainLayersAreRead();
    void quantisedLayersAreRead_data();
    void quantisedLayersAreRead();
    void ringsAreUnrolled_data();
    void ringsAreUnrolled();
    void slidingLayersHoldTheLastTokens();
    void chunksKeepTheirPositions();
    void paddingIsMasked();
    void buffersOfNewerVersionsAreCut();
    void recurrentLayersAreLeftOut();
    void badFilesAreRefused_data();
    void badFilesAreRefused();
    void damageIsEndured();
};

void MlxCacheTest::plainLayersAreRead()
{
    MlxFile file;
    file.plain(1, 3);
    file.layer(0, "KVCache");
    file.layer(1, "ConcatenateKVCache");
    file.plain(0, 3);
    file.metadata << R"("1.model":"mlx-community/SmolLM2")"
                  << R"("1.tokenizer_config":"{}")";
    const QTemporaryDir folder;
    writeFile(folder.filePath("doc.safetensors"), file.bytes());
    const CachePtr cache = openCache(folder.filePath("doc.safetensors").toStdString());
    const CacheInfo& info = cache->info();
    QCOMPARE(info.format, std::string("mlx-lm prompt cache (safetensors)"));
    QCOMPARE(info.model, std::string("mlx-community/SmolLM2"));
    QVERIFY(info.metadata == (std::map<std::string, std::string> { { "tokenizer_config", "{}" } }));
    QVERIFY(info.layers[1] == (LayerShape { 1, 2, 3, 4, 4, 0, 0, 0, DType::BF16, DType::BF16, DType::F16 }));
    QVERIFY(info.rope.state == RopeInfo::State::Post && info.rope.layout == RopeInfo::Layout::Half);
    QVERIFY(info.notes.empty() && info.layerNumbers.empty());
    for (const int i : { 0, 1 })
        compareRows(*cache, i, i, 3, upTo(3));
}

void MlxCacheTest::quantisedLayersAreRead_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<bool>("step");
    for (const int bits : { 2, 3, 4, 5, 6, 8 })
        QTest::addRow("%d bits", bits) << bits << 32 << "F16" << false;
    QTest::newRow("groups of 64, bf16") << 4 << 64 << "BF16" << false;
    QTest::newRow("groups of 128, f32") << 8 << 128 << "F32" << false;
    QTest::newRow("with the step of older versions") << 8 << 64 << "F16" << true;
}

void MlxCacheTest::quantisedLayersAreRead()
{
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(QString, dtype);
    QFETCH(bool, step);
    constexpr int dim = 128, rows = 4; // of five
    MlxFile file;
    if (step)
        file.layer(0, "QuantizedKVCache", { 256, rows, group, bits });
    else
        file.layer(0, "QuantizedKVCache", { rows, group, bits });
    addQuantised(file, 0, bits, group, dim, dtype.toLatin1().constData());
    const Bytes bytes = file.bytes();
    const auto cache = cacheOf(bytes);
    QVERIFY(cache->info().layers[0] == (LayerShape { 1, 2, rows, dim, dim, 0, 0, 0, DType::F32, DType::F32 }));
    const LayerKv layer = cache->layer(0);
    for (const int part : { 0, 1 }) {
        const std::vector<float> found = floatsOf(part == 0 ? layer.key : layer.value);
        for (int head = 0; head < 2; ++head)
            for (int i = 0; i < rows * dim; ++i) {
                const int e = head * quantisedRows * dim + i;
                QCOMPARE(found[std::size_t(head * rows * dim + i)],
                    scaleOf(e / group) * float(codeOf(e + part, bits)) + offsetOf(e / group));
            }
    }
}

void MlxCacheTest::ringsAreUnrolled_data()
{
    QTest::addColumn<int>("stored");
    QTest::addColumn<QList<int>>("numbers"); // keep, max_size, offset, idx
    QTest::addColumn<QList<int>>("rows");
    QTest::addColumn<QList<int>>("positions");
    const QList<int> inOrder { 0, 1, 2, 3, 4, 5, 6, 7 };
    QTest::newRow("wrapped") << 8 << QList { 2, 8, 12, 6 } << QList { 0, 1, 6, 7, 2, 3, 4, 5 }
                             << QList { 0, 1, 6, 7, 8, 9, 10, 11 };
    QTest::newRow("wrapped, with the step of older versions")
        << 8 << QList { 2, 8, 256, 12, 6 } << QList { 0, 1, 6, 7, 2, 3, 4, 5 } << QList { 0, 1, 6, 7, 8, 9, 10, 11 };
    QTest::newRow("wrapped, nothing kept") << 4 << QList { 0, 4, 9, 1 } << QList { 1, 2, 3, 0 } << QList { 5, 6, 7, 8 };
    QTest::newRow("just wrapped") << 8 << QList { 2, 8, 20, 8 } << inOrder << QList { 0, 1, 14, 15, 16, 17, 18, 19 };
    QTest::newRow("never full") << 8 << QList { 4, 16, 8, 8 } << inOrder << inOrder;
    QTest::newRow("buffer longer than its tokens")
        << 8 << QList { 4, 16, 3, 3 } << QList { 0, 1, 2 } << QList { 0, 1, 2 };
    QTest::newRow("at its begin, nothing kept")
        << 4 << QList { 0, 4, 8, 0 } << QList { 0, 1, 2, 3 } << QList { 4, 5, 6, 7 };
}

void MlxCacheTest::ringsAreUnrolled()
{
    QFETCH(int, stored);
    QFETCH(QList<int>, numbers);
    QFETCH(QList<int>, rows);
    QFETCH(QList<int>, positions);
    MlxFile file;
    file.layer(0, "RotatingKVCache");
    file.metadata.removeLast();
    for (int n = 0; n < numbers.size(); ++n)
        file.metadata << QString(R"("0.0.%1":"%2")").arg(n).arg(numbers[n]);
    file.plain(0, stored);
    const Bytes bytes = file.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().positions, std::vector<std::int64_t>(positions.begin(), positions.end()));
    compareRows(*cache, 0, 0, stored, { rows.begin(), rows.end() });
}

void MlxCacheTest::slidingLayersHoldTheLastTokens()
{
    MlxFile file;
    file.layer(0, "RotatingKVCache", { 0, 4, 9, 1 });
    file.plain(0, 4);
    file.layer(1, "KVCache");
    file.plain(1, 9);
    const Bytes bytes = file.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().layers[0].firstToken, std::int64_t(5));
    compareRows(*cache, 0, 0, 4, { 1, 2, 3, 0 });
    compareRows(*cache, 1, 1, 9, upTo(9));
    MlxFile kept;
    kept.layer(0, "RotatingKVCache", { 1, 4, 9, 2 });
    kept.plain(0, 4);
    kept.layer(1, "KVCache");
    kept.plain(1, 9);
    QVERIFY(refusalOf(kept.bytes()).contains("holds positions 0 to 8, which are not the last ones"));
}

void MlxCacheTest::chunksKeepTheirPositions()
{
    MlxFile file;
    file.layer(0, "ChunkedKVCache", { 8192, 100 });
    file.plain(0, 3);
    const Bytes bytes = file.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().positions, (std::vector<std::int64_t> { 100, 101, 102 }));
    compareRows(*cache, 0, 0, 3, upTo(3));
}

void MlxCacheTest::paddingIsMasked()
{
    const auto batch = [](const std::vector<std::int32_t>& offset, const std::vector<std::int32_t>& padding) {
        MlxFile file;
        for (const int i : { 0, 1 }) {
            file.layer(i, "BatchKVCache");
            file.plain(i, 5, 2);
            file.add(QString("%1.2").arg(i), "I32", "2",
                Bytes(asBytes(offset.data(), 8).begin(), asBytes(offset.data(), 8).end()));
            file.add(QString("%1.3").arg(i), "I32", "2",
                Bytes(asBytes(padding.data(), 8).begin(), asBytes(padding.data(), 8).end()));
        }
        return file.bytes();
    };
    const Bytes bytes = batch({ 3, 5 }, { 2, 0 });
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().visible, (std::vector<std::uint8_t> { 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 }));
    QVERIFY(hasNote(cache->info(), "padded at the left"));
    compareRows(*cache, 1, 1, 5, upTo(5));
    QVERIFY(!layoutOf(batch({ 5, 5 }, { 0, 0 })).info.hasPadding());
    QVERIFY(refusalOf(batch({ 3, 4 }, { 2, 0 })).contains("5 rows but says 4 tokens after 0 of padding"));
    QVERIFY(refusalOf(batch({ 0, 5 }, { 5, 0 })).contains("0 tokens"));
}

/// Since 0.32: classes in 1.…, numbers as tensors, rows for tokens to come.
void MlxCacheTest::buffersOfNewerVersionsAreCut()
{
    const auto newer = [](const char* kind, const std::vector<std::int32_t>& numbers, const char* dtype = "I32") {
        MlxFile file;
        file.metadata << R"("0.model":"m")"
                      << R"("2.0":"")" << QString(R"("1.0":"%1")").arg(kind);
        file.plain(0, 8);
        for (std::size_t n = 0; n < numbers.size(); ++n)
            file.add(QString("0.%1").arg(n + 2), dtype, "",
                Bytes(asBytes(&numbers[n], 4).begin(), asBytes(&numbers[n], 4).end()));
        return file.bytes();
    };
    const Bytes plain = newer("KVCache", { 3 }), chunk = newer("ChunkedKVCache", { 105, 8192, 100 }),
                ring = newer("RotatingKVCache", { 12, 2, 8, 6 });
    const auto cache = cacheOf(plain);
    QCOMPARE(cache->info().model, std::string("m"));
    compareRows(*cache, 0, 0, 8, upTo(3));
    const auto later = cacheOf(chunk);
    QCOMPARE(later->info().positions, (std::vector<std::int64_t> { 100, 101, 102, 103, 104 }));
    compareRows(*later, 0, 0, 8, upTo(5));
    compareRows(*cacheOf(ring), 0, 0, 8, { 0, 1, 6, 7, 2, 3, 4, 5 });
    QVERIFY(refusalOf(newer("KVCache", { 9 })).contains("9 of its 8 rows hold tokens"));
    QVERIFY(refusalOf(newer("ChunkedKVCache", { 99, 8192, 100 })).contains("-1 of its 8 rows"));
    QVERIFY(refusalOf(newer("KVCache", { 3 }, "F32")).contains("where one integer was expected"));
    QVERIFY(refusalOf(newer("KVCache", {})).contains("has no tensor '0.2'"));
    QVERIFY(refusalOf(newer("RotatingKVCache", { 12, 9, 8, 6 })).contains("says keep 9"));
    enduresDamage(plain, 8 + std::size_t(loadLe<std::uint64_t>(plain.data())));
}

void MlxCacheTest::recurrentLayersAreLeftOut()
{
    MlxFile file;
    file.layer(0, "ArraysCache");
    file.add("0.0", "F32", "1,2", Bytes(8));
    file.layer(1, "KVCache");
    file.plain(1, 3);
    file.layer(2, "MambaCache");
    file.add("2.0", "F32", "1,2", Bytes(8));
    const Bytes bytes = file.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().layerNumbers, (std::vector<int> { 1 }));
    QVERIFY(hasNote(cache->info(), "ArraysCache, MambaCache hold no keys and values"));
    compareRows(*cache, 0, 1, 3, upTo(3));
    MlxFile none;
    none.layer(0, "MambaCache");
    QVERIFY(refusalOf(none.bytes()).contains("states of a recurrent model"));
}

void MlxCacheTest::badFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("words");
    const auto row = [](const char* name, const std::function<void(MlxFile&)>& fill, const char* words) {
        MlxFile file;
        fill(file);
        const Bytes bytes = file.bytes();
        QTest::newRow(name) << QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size()))
                            << QString(words);
    };
    const auto ring = [](std::initializer_list<std::int64_t> numbers) {
        return [numbers = std::vector(numbers)](MlxFile& f) {
            f.layer(0, "RotatingKVCache");
            f.metadata.removeLast();
            for (std::size_t n = 0; n < numbers.size(); ++n)
                f.metadata << QString(R"("0.0.%1":"%2")").arg(n).arg(numbers[n]);
            f.plain(0, 8);
        };
    };
    row(
        "no class", [](MlxFile& f) { f.layer(0, "KVCache"), f.plain(0, 2), f.plain(1, 2); }, "belongs to no layer");
    row(
        "no tensor", [](MlxFile& f) { f.layer(0, "KVCache"); }, "has no tensor '0.0'");
    row(
        "unknown class", [](MlxFile& f) { f.layer(0, "BatchRotatingKVCache"), f.plain(0, 2); },
        "(BatchRotatingKVCache) is of a class that this version does not read");
    row(
        "no words",
        [](MlxFile& f) {
            f.layer(0, "QuantizedKVCache", { 2, 64, 8 }), f.plain(0, 2);
        },
        "has no tensor '0.0.0'");
    row(
        "no numbers", [](MlxFile& f) { f.layer(0, "QuantizedKVCache"), addQuantised(f, 0, 8, 64, 128); },
        "has 0 numbers in the metadata '0.0.…' where 3 were expected");
    row(
        "bits",
        [](MlxFile& f) {
            f.layer(0, "QuantizedKVCache", { 4, 64, 7 }), addQuantised(f, 0, 8, 64, 128);
        },
        "bits must be 2, 3, 4, 5, 6 or 8");
    row(
        "other bits",
        [](MlxFile& f) {
            f.layer(0, "QuantizedKVCache", { 4, 64, 4 }), addQuantised(f, 0, 8, 64, 128);
        },
        "a row of words does not hold its groups");
    row(
        "too many rows",
        [](MlxFile& f) {
            f.layer(0, "QuantizedKVCache", { 6, 64, 8 }), addQuantised(f, 0, 8, 64, 128);
        },
        "the metadata count 6 rows");
    row("keep", ring({ 9, 8, 12, 6 }), "8 rows but says keep 9");
    row("index", ring({ 2, 8, 12, 11 }), "index 11, which no history makes");
    row("index in what is kept", ring({ 4, 8, 12, 3 }), "which no history makes");
    row("offset below the rows", ring({ 0, 8, 7, 3 }), "which no history makes");
    row("negative", ring({ 0, 8, -7, 3 }), "offset -7");
    row(
        "number", [](MlxFile& f) { f.layer(0, "KVCache"), f.plain(0, 2), f.metadata << R"("0.0.0":"4x")"; },
        "where a decimal number was expected");
    row(
        "layer", [](MlxFile& f) { f.layer(0, "KVCache"), f.plain(0, 2), f.layer(4096, "KVCache"); }, "limit of 4096");
    row(
        "no attention", [](MlxFile& f) { f.layer(0, "KVCache"), f.plain(0, 0); }, "holds a token");
}

void MlxCacheTest::badFilesAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, words);
    const Bytes bytes(reinterpret_cast<const std::byte*>(file.constData()),
        reinterpret_cast<const std::byte*>(file.constData()) + file.size());
    const QString message = refusalOf(bytes, "p.safetensors");
    QVERIFY2(message.contains(words) && message.contains("p.safetensors"), qPrintable(message));
}

void MlxCacheTest::damageIsEndured()
{
    MlxFile file;
    file.layer(0, "RotatingKVCache", { 2, 8, 12, 6 });
    file.plain(0, 8);
    file.layer(1, "QuantizedKVCache", { 5, 32, 4 });
    addQuantised(file, 1, 4, 32, 64);
    const Bytes bytes = file.bytes();
    const std::size_t header = 8 + std::size_t(loadLe<std::uint64_t>(bytes.data()));
    enduresDamage(bytes, header);
}

PIKV_TEST(MlxCacheTest)
#include "mlxcache_test.moc"
