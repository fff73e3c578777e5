// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "testmain.h"
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

namespace {
MemoryCache smallCache(at::ScalarType keyType, at::ScalarType valueType, bool keep)
{
    CacheInfo info;
    info.model = "test/model";
    info.text = "Größe \"x\"\n";
    info.config = R"({"model_type":"llama","rope_theta":50000.0})";
    info.rope = { RopeInfo::State::Post, RopeInfo::Layout::Half, 50000.0, 0, "none" };
    info.metadata["made-by"] = "a user";
    info.positions = { 3, 4, 5, 6, 7 };
    info.queryPositions = { 6, 7 };
    info.tokenIds = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
    std::vector<LayerKv> layers;
    for (int i = 0; i < 3; ++i) {
        LayerKv layer { at::randn({ 2, 3, 5, 7 }).to(keyType), at::randn({ 2, 3, 5, 9 }).to(valueType),
            at::randn({ 2, 6, 2, 7 }), {} };
        if (keep && i == 1)
            layer.keep = at::rand({ 2, 3, 5 }).gt(0.5);
        layers.push_back(layer);
    }
    return { info, layers, at::rand({ 2, 5 }) };
}

bool same(const at::Tensor& a, const at::Tensor& b) { return a.scalar_type() == b.scalar_type() && a.equal(b); }
}

class RoundTripTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everythingComesBack_data();
    void everythingComesBack();
    void sampleOpens();
};

void RoundTripTest::everythingComesBack_data()
{
    QTest::addColumn<int>("key");
    QTest::addColumn<int>("value");
    QTest::addColumn<bool>("keep");
    QTest::newRow("f16") << int(at::kHalf) << int(at::kHalf) << false;
    QTest::newRow("bf16 with keep-mask") << int(at::kBFloat16) << int(at::kBFloat16) << true;
    QTest::newRow("f32 keys, f16 values") << int(at::kFloat) << int(at::kHalf) << false;
    QTest::newRow("f16 keys, f64 values") << int(at::kHalf) << int(at::kDouble) << true;
}

void RoundTripTest::everythingComesBack()
{
    QFETCH(int, key);
    QFETCH(int, value);
    QFETCH(bool, keep);
    QTemporaryDir folder;
    const std::string path = folder.filePath("dump.safetensors").toStdString();
    const MemoryCache cache = smallCache(at::ScalarType(key), at::ScalarType(value), keep);
    saveCache(cache, path);

    const CachePtr back = openCache(path);
    const CacheInfo &a = cache.info(), &b = back->info();
    QCOMPARE(b.model, a.model);
    QCOMPARE(b.text, a.text);
    QCOMPARE(b.config, a.config);
    QVERIFY(b.rope == a.rope);
    QVERIFY(b.metadata == a.metadata);
    QCOMPARE(b.positions, a.positions);
    QCOMPARE(b.queryPositions, a.queryPositions);
    QCOMPARE(b.tokenIds, a.tokenIds);
    QVERIFY(b.layers == a.layers);
    QCOMPARE(b.path, path);
    QVERIFY(b.fileBytes > 0);
    QVERIFY(same(back->storedImportance(), cache.storedImportance()));
    QCOMPARE(back->hasKeep(), keep);
    for (int i = 0; i < cache.layerCount(); ++i) {
        const LayerKv was = cache.layer(i), is = back->layer(i);
        QVERIFY(same(is.key, was.key));
        QVERIFY(same(is.value, was.value));
        QVERIFY(same(is.query, was.query));
        if (keep)
            QVERIFY(same(is.keep, was.keep.defined() ? was.keep : at::ones({ 2, 3, 5 }, at::kBool)));
    }
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
}

void RoundTripTest::sampleOpens()
{
    const CachePtr cache = openCache(PIKV_SOURCE_DIR "/resources/samples/smollm2-135m-256.safetensors");
    const CacheInfo& info = cache->info();
    QCOMPARE(info.layers.size(), std::size_t(30));
    QCOMPARE(info.shapeText(), std::string("30 layers x [1, 3, 256, 64] f16"));
    QVERIFY(info.rope.invertible());
    QCOMPARE(*info.rope.theta, 100000.0);
    QVERIFY(info.hasQueries());
    QCOMPARE(info.tokenIds.size(), std::size_t(256));
    QVERIFY(scanNonFinite(*cache).clean());
}

PIKV_TEST(RoundTripTest)
#include "roundtrip_test.moc"
