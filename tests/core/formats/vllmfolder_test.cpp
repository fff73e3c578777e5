// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of vLLM's connector: every order of axes, opened by folder and by file, and what does not belong together.
#include "core/dumps/dumps.h"
#include "foreignfiles.h"
#include "safetensorsbytes.h"
#include "testmain.h"
#include <QTemporaryDir>

using namespace pikv;

namespace {
constexpr std::size_t heads = 3, dim = 64, tokens = 16;

/// Key or value of a layer: distinct and round.
float elementOf(std::size_t layer, bool value, std::size_t token, std::size_t head, std::size_t channel)
{
    return roundValue((((layer * 2 + value) * tokens + token) * heads + head) * dim + channel);
}

Bytes oneTensor(const QString& shape, const Bytes& data, const char* dtype, const QString& name = "kv_cache")
{
    Bytes file = safetensorsBytes(
        QString(R"({"%1":{"dtype":"%2","shape":[%3],"data_offsets":[0,%4]}})").arg(name, dtype, shape).arg(data.size()),
        0);
    file.insert(file.end(), data.begin(), data.end());
    return file;
}

/// "2,T,HD", "T,2,H,D" or "T,H,2D".
Bytes layerFile(std::size_t layer, const QString& axes)
{
    Bytes data;
    const auto put = [&](bool value, std::size_t t, std::size_t h) {
        for (std::size_t d = 0; d < dim; ++d)
            appendFloat(data, elementOf(layer, value, t, h, d), DType::BF16);
    };
    if (axes == "2,T,HD") {
        for (const bool value : { false, true })
            for (std::size_t t = 0; t < tokens; ++t)
                for (std::size_t h = 0; h < heads; ++h)
                    put(value, t, h);
        return oneTensor("2,16,192", data, "BF16");
    }
    const bool pair = axes == "T,2,H,D";
    for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t i = 0; i < 2 * heads; ++i)
            put(pair ? i >= heads : i % 2 == 1, t, pair ? i % heads : i / 2);
    return oneTensor(pair ? "16,2,3,64" : "16,3,128", data, "BF16");
}

QString nameOf(std::size_t layer) { return QString("model.layers.%1.self_attn.attn.safetensors").arg(layer); }

void compareLayer(const LayerKv& layer, std::size_t number)
{
    const std::vector<float> key = floatsOf(layer.key), value = floatsOf(layer.value);
    QCOMPARE(key.size(), heads * tokens * dim);
    for (std::size_t h = 0; h < heads; ++h)
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t d = 0; d < dim; ++d) {
                QCOMPARE(key[(h * tokens + t) * dim + d], elementOf(number, false, t, h, d));
                QCOMPARE(value[(h * tokens + t) * dim + d], elementOf(number, true, t, h, d));
            }
}

class Folder {
public:
    explicit Folder(const QString& axes, std::initializer_list<std::size_t> layers = { 0, 1, 10 })
    {
        for (const std::size_t layer : layers)
            writeFile(path(layer), layerFile(layer, axes));
    }
    QString path(std::size_t layer) const { return m_folder.filePath(nameOf(layer)); }
    std::string folder() const { return m_folder.path().toStdString(); }
    QString refusal() const
    {
        return inputRefusal([&] { openCache(folder()); });
    }

private:
    QTemporaryDir m_folder;
};
}

class VllmFolderTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void foldersAreRead_data();
    void foldersAreRead();
    void float8ComesWithANote();
    void whatDoesNotFitIsRefused_data();
    void whatDoesNotFitIsRefused();
    void neighboursAreToldApart();
    void foldersThatAreNoDumpAreNamed();
    void damageIsEndured();
};

void VllmFolderTest::foldersAreRead_data()
{
    QTest::addColumn<QString>("axes");
    for (const char* axes : { "2,T,HD", "T,2,H,D", "T,H,2D" })
        QTest::newRow(axes) << QString(axes);
}

void VllmFolderTest::foldersAreRead()
{
    QFETCH(QString, axes);
    const Folder folder(axes);
    for (const std::string& path :
        { folder.folder(), folder.path(10).toStdString(), folder.folder() + "/", folder.path(1).toStdString() }) {
        const CachePtr cache = openCache(path);
        const CacheInfo& info = cache->info();
        QCOMPARE(info.path, path);
        QCOMPARE(info.layerNumbers, (std::vector<int> { 0, 1, 10 }));
        QVERIFY(info.layers[2] == (LayerShape { 1, 3, 16, 64, 64, 0, 0, 0, DType::BF16, DType::BF16, DType::F16 }));
        QVERIFY(info.rope.state == RopeInfo::State::Post && info.rope.layout == RopeInfo::Layout::Half);
        QCOMPARE(info.fileBytes, std::uint64_t(3 * QFileInfo(folder.path(1)).size()));
        QCOMPARE(
            info.notes.size(), std::size_t(axes == "T,2,H,D" ? 1 : 2)); // missing layers; assumed heads, or of CPUs
        compareLayer(cache->layer(0), 0);
        compareLayer(cache->layer(2), 10);
    }
}

void VllmFolderTest::float8ComesWithANote()
{
    QTemporaryDir folder;
    const Bytes data(16 * 2 * 2, std::byte(0x38)); // 1 in E4M3
    writeFile(folder.filePath("layers.0.safetensors"), oneTensor("16,1,4", data, "F8_E4M3"));
    const CachePtr cache = openCache(folder.path().toStdString());
    QCOMPARE(cache->info().notes.size(), std::size_t(2));
    QVERIFY(QString::fromStdString(cache->info().notes[0]).contains("vLLM on a CPU writes its rows in another order"));
    QVERIFY(QString::fromStdString(cache->info().notes[1]).contains("taken as 1"));
    for (const float value : floatsOf(cache->layer(0).value))
        QCOMPARE(value, 1.0f);
}

void VllmFolderTest::whatDoesNotFitIsRefused_data()
{
    QTest::addColumn<QString>("shape");
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("words");
    const QString next = nameOf(1);
    QTest::newRow("latent") << "16,575"
                            << "BF16" << nameOf(0) << "575 channels are none of 576";
    QTest::newRow("other tokens") << "2,32,192"
                                  << "BF16" << next << "does not fit [2, 16, 192] bf16";
    QTest::newRow("other type") << "2,16,192"
                                << "F16" << next << "does not fit [2, 16, 192] bf16";
    QTest::newRow("other axes") << "16,3,128"
                                << "BF16" << next << "does not fit [2, 16, 192] bf16";
    QTest::newRow("fp8 in bytes") << "2,16,192"
                                  << "U8" << nameOf(0) << "scales the connector leaves out";
    QTest::newRow("odd") << "16,3,127"
                         << "BF16" << nameOf(0) << "is none of [2, tokens, channels]";
    QTest::newRow("empty") << "2,0,192"
                           << "BF16" << nameOf(0) << "outside 1 to 2^31";
    QTest::newRow("same layer twice") << "2,16,192"
                                      << "BF16"
                                      << "x.layers.0.safetensors"
                                      << "are the same part of layer 0";
    QTest::newRow("too large a layer") << "2,16,192"
                                       << "BF16"
                                       << "x.layers.99999.safetensors"
                                       << "4096";
}

void VllmFolderTest::whatDoesNotFitIsRefused()
{
    QFETCH(QString, shape);
    QFETCH(QString, dtype);
    QFETCH(QString, name);
    QFETCH(QString, words);
    const Folder folder("2,T,HD", { 0 });
    std::size_t bytes = dtype == "U8" ? 1 : 2;
    for (const QString& n : shape.split(','))
        bytes *= n.toULongLong();
    const QString path = QString::fromStdString(folder.folder()) + "/" + name;
    writeFile(path, oneTensor(shape, Bytes(bytes), dtype.toLatin1().constData()));
    const QString message = folder.refusal();
    QVERIFY2(message.contains(words) && message.contains(QString::fromStdString(folder.folder())), qPrintable(message));
}

void VllmFolderTest::foldersThatAreNoDumpAreNamed()
{
    const QTemporaryDir folder;
    const std::string path = folder.path().toStdString();
    const auto refusal = [&] { return inputRefusal([&] { openCache(path); }); };
    QVERIFY(refusal().contains("is a folder, not a dump: it has no *.safetensors"));
    writeFile(folder.filePath("a.safetensors"), Bytes(3));
    QVERIFY(refusal().contains("is a folder, not a dump") && refusal().contains("3 bytes"));
    writeFile(folder.filePath("a.safetensors"), oneTensor("1,1,2,2", Bytes(16), "F32", "layers.0.key"));
    QVERIFY(refusal().contains("choose a file"));
}

/// What is not named like a layer is none; what is, must be one.
void VllmFolderTest::neighboursAreToldApart()
{
    const Folder folder("2,T,HD", { 0, 1 });
    const QString other = QString::fromStdString(folder.folder()) + "/notes.safetensors";
    writeFile(other, Bytes(3));
    QCOMPARE(openCache(folder.folder())->layerCount(), 2);
    writeFile(folder.path(2), oneTensor("2,16,192", Bytes(2 * 16 * 192 * 2), "BF16", "something"));
    QVERIFY(folder.refusal().contains(folder.path(2) + " is named like the layers beside it"));
}

void VllmFolderTest::damageIsEndured() { enduresDamage(layerFile(0, "2,T,HD"), 90, "model.layers.0.safetensors"); }

PIKV_TEST(VllmFolderTest)
#include "vllmfolder_test.moc"
