// SPDX-License-Identifier: GPL-3.0-or-later
// A `.pikv` container opens like any other cache.
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/codec/container/encodedcache.h"
#include "core/dumps/dumps.h"
#include "core/dumps/generate.h"
#include "core/eval/evaluator.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class EncodedFileTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void opensLikeADump();
    void unknownMethodIsABadFile();
    void damagedHeaderIsABadFile();

private:
    std::string path(const char* name) const { return m_folder.filePath(name).toStdString(); }
    QTemporaryDir m_folder;
};

void EncodedFileTest::opensLikeADump()
{
    const CachePtr cache = generateCache({ .layers = 3, .seq = 40 });
    EvaluationRequest request;
    request.cache = cache;
    request.method = parseSpec("identity:sinks=4,recent=8");
    const std::uint64_t bytes = compressFile(request, path("a.pikv"));

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
