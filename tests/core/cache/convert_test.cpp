// SPDX-License-Identifier: GPL-3.0-or-later
// Every format that is written, read back bit by bit.
#include "core/base/text.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/formats/formatregistry.h"
#include "testmain.h"
#include <ATen/ops/rand.h>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

namespace {

/// Two sequences, the first with padding, in a model whose layers 0 and 2 have a cache.
std::shared_ptr<const KvCache> fullCache(DType dtype, bool hasHoles)
{
    const auto plain = generateCache(
        { .layers = 2, .batch = 2, .kvHeads = 3, .seq = 20, .headDim = 8, .valueDim = 4, .dtype = dtype });
    CacheInfo info = plain->info();
    info.model = "a/model";
    info.text = "Größe: 3 µm ≤ 𝜋";
    info.config = R"({"model_type":"llama","rope_theta":10000.0})";
    info.visible.assign(40, 1);
    std::fill_n(info.visible.begin(), 5, std::uint8_t(0));
    for (std::int64_t i = 0; i < 40; ++i)
        info.tokenIds.push_back(i * i);
    for (std::int64_t i = 0; i < 20; ++i)
        info.positions.push_back(i + (i > 9 ? 100 : 0));
    if (hasHoles)
        info.layerNumbers = { 0, 2 };
    std::vector<LayerKv> layers;
    for (int i = 0; i < plain->layerCount(); ++i)
        layers.push_back(plain->layer(i));
    return std::make_shared<MemoryCache>(info, layers, at::rand({ 2, 20 }));
}

} // namespace

class ConvertTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void comesBackFromEveryFormat_data();
    void comesBackFromEveryFormat();
    void suffixesChooseTheFormat();

private:
    QTemporaryDir m_folder;
};

void ConvertTest::comesBackFromEveryFormat_data()
{
    QTest::addColumn<QString>("suffix");
    QTest::addColumn<DType>("dtype");
    QTest::addColumn<bool>("hasHoles");
    for (const DumpFormat* format : writtenFormats()) {
        if (!format->leavesOut.empty())
            continue; // llamawriter_test.cpp
        for (const DType dtype : { DType::F16, DType::BF16, DType::F32, DType::F64 })
            for (const bool holes : { false, true }) {
                const QString suffix = QString::fromStdString(format->patterns.front()).mid(1);
                QTest::addRow(
                    "%s %s%s", format->id.c_str(), std::string(dtypeName(dtype)).c_str(), holes ? " with holes" : "")
                    << suffix << dtype << holes;
            }
    }
}

void ConvertTest::comesBackFromEveryFormat()
{
    QFETCH(QString, suffix);
    QFETCH(DType, dtype);
    QFETCH(bool, hasHoles);
    const auto cache = fullCache(dtype, hasHoles);
    const std::string path = m_folder.filePath("dump" + suffix).toStdString();
    saveCache(*cache, path);
    const CachePtr back = openCache(path);
    const CacheInfo &is = back->info(), &was = cache->info();
    QVERIFY(is.model == was.model && is.text == was.text && is.config == was.config);
    QCOMPARE(is.tokenIds, was.tokenIds);
    QCOMPARE(is.positions, was.positions);
    QCOMPARE(is.visible, was.visible);
    QCOMPARE(is.layerNumbers, was.layerNumbers);
    QVERIFY(is.rope == was.rope);
    QVERIFY(back->storedImportance().equal(cache->storedImportance()));
    for (int i = 0; i < 2; ++i) {
        const LayerKv a = cache->layer(i), b = back->layer(i);
        QCOMPARE(b.key.scalar_type(), a.key.scalar_type());
        QVERIFY(b.key.equal(a.key) && b.value.equal(a.value));
        QCOMPARE(back->layerNumber(i), cache->layerNumber(i));
    }
    const QFile file(QString::fromStdString(path));
    QCOMPARE(is.fileBytes, std::uint64_t(file.size()));
}

void ConvertTest::suffixesChooseTheFormat()
{
    QCOMPARE(writtenFormat("a.safetensors").id, std::string("pikv-kv-1"));
    QCOMPARE(writtenFormat("a.npz").id, std::string("npz"));
    QCOMPARE(writtenFormat("a.pt").id, std::string("torch-save"));
    QCOMPARE(writtenFormat("a.pth").id, std::string("torch-save"));
    QCOMPARE(writtenFormat("a.bin").id, std::string("llama-state"));
    QCOMPARE(writtenFormat("a.ggsn").id, std::string("llama-session"));
    QCOMPARE(writtenFormat("noname").id, std::string("pikv-kv-1"));
}

PIKV_TEST(ConvertTest)
#include "convert_test.moc"
