// SPDX-License-Identifier: GPL-3.0-or-later
// A `.pikv` container opens like any other cache.
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/codec/compressor.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/tensorbytes.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/eval/evaluator.h"
#include "core/study/study.h"
#include "testmain.h"
#include <ATen/ops/arange.h>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <atomic>

using namespace pikv;

namespace {

/// Drops every other token of all heads, and counts how often it decodes.
class EveryOther : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;
    bool dropsTokens() const override { return true; }
    static std::atomic<int> decoded;

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext&) const override
    {
        out.add("k", tensorToBytes(input.kv.key, input.shape.keyDtype));
        out.add("v", tensorToBytes(input.kv.value, input.shape.valueDtype));
    }
    LayerKv decodeLayer(const LayerOutput& output, const CodecContext&) const override
    {
        ++decoded;
        const LayerShape& s = output.shape;
        const at::Tensor keep = at::arange(s.seq).remainder(2).eq(0).expand({ s.batch, s.kvHeads, s.seq });
        const auto kept = [&](const char* name, DType dtype, std::int64_t dim) {
            return tensorFromBytes(output.sections.get(name), dtype, { s.batch, s.kvHeads, s.seq, dim })
                .mul_(keep.unsqueeze(-1));
        };
        return { kept("k", s.keyDtype, s.keyDim), kept("v", s.valueDtype, s.valueDim), {}, keep.contiguous() };
    }
};
std::atomic<int> EveryOther::decoded = 0;

const MethodRegistration registration { withFactory<EveryOther>({
    .id = "every_other",
    .label = "Every other",
    .family = "Eviction",
    .sentence = "Drops every other token.",
    .reference = "test",
}) };

} // namespace

class EncodedFileTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void opensLikeADump();
    void theHeaderTellsOfDroppedTokens();
    void unknownMethodIsABadFile();
    void damagedHeaderIsABadFile();

private:
    std::string path(const char* name) const { return m_folder.filePath(name).toStdString(); }
    QTemporaryDir m_folder;
};

void EncodedFileTest::opensLikeADump()
{
    const CachePtr cache = generateCache({ .layers = 3, .seq = 40 });
    const std::uint64_t bytes = Study(cache).compress(parseSpec("identity:sinks=4,recent=8"), path("a.pikv"));

    const CachePtr encoded = openCache(path("a.pikv"));
    QCOMPARE(encoded->info().fileBytes, bytes);
    QCOMPARE(encoded->info().model, cache->info().model);
    QVERIFY(encoded->info().rope == cache->info().rope);
    QVERIFY(!encoded->hasKeep());
    for (int i = 0; i < 3; ++i) {
        QVERIFY(encoded->layer(i).key.equal(cache->layer(i).key));
        QVERIFY(encoded->layer(i).value.equal(cache->layer(i).value));
    }
    saveCache(*encoded, path("b.safetensors"));
    QVERIFY(openCache(path("b.safetensors"))->layer(1).key.equal(cache->layer(1).key));
}

/// Nothing is decoded to answer whether tokens were dropped, and a dump is written with one decode of each layer.
void EncodedFileTest::theHeaderTellsOfDroppedTokens()
{
    const Study study(generateCache({ .layers = 3, .seq = 10 }));
    study.compress(parseSpec("every_other"), path("dropped.pikv"));
    EveryOther::decoded = 0;
    const CachePtr encoded = openCache(path("dropped.pikv"));
    QVERIFY(encoded->hasKeep());
    QCOMPARE(EveryOther::decoded.load(), 0);
    saveCache(*encoded, path("dropped.safetensors"));
    QCOMPARE(EveryOther::decoded.load(), 3);
    const at::Tensor keep = openCache(path("dropped.safetensors"))->layer(2).keep;
    QCOMPARE(keep.sum().item<std::int64_t>(), keep.numel() / 2);
    QCOMPARE(study.evaluate(parseSpec("every_other")).storedBytes, encoded->info().fileBytes);
}

void EncodedFileTest::unknownMethodIsABadFile()
{
    EncodedCache container;
    container.header.spec = "no_such_method";
    container.header.layers = { LayerShape { 1, 1, 1, 1, 1 } };
    container.layers.resize(1);
    container.layers[0].add("x", Bytes(2));
    container.save(path("unknown.pikv"));
    try {
        openCache(path("unknown.pikv"));
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Input);
        QVERIFY(QString(error.what()).contains("unknown.pikv"));
        QVERIFY(QString(error.what()).contains("no_such_method"));
    }
}

void EncodedFileTest::damagedHeaderIsABadFile()
{
    EncodedCache container;
    container.header.spec = "identity";
    container.header.layers = { LayerShape { 1, 1, 1, 1, 1 } };
    container.layers.resize(1);
    container.save(path("short.pikv"));
    const CachePtr cache = openCache(path("short.pikv"));
    try {
        cache->layer(0);
        QFAIL("decoded from nothing");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Input);
        QVERIFY(QString(error.what()).contains("short.pikv"));
    }
}

PIKV_TEST(EncodedFileTest)
#include "encoded_test.moc"
