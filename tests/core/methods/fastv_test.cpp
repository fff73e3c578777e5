// SPDX-License-Identifier: GPL-3.0-or-later
// fastv as a method: what its codebooks, stages, residuals and importance buy, and what it refuses.
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <QTemporaryDir>
#include <QTest>
#include <limits>

using namespace pikv;
using namespace pikvtest;

class FastVTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        at::manual_seed(3);
        GenerateOptions options = smallCache();
        options.layers = 1;
        options.batch = 2;
        options.seq = 512;
        m_cache = generateCache(options);
    }

    void learningBeatsOneShotAtEqualBytes()
    {
        // No pass: every vector is assigned once, to centroids drawn from the tokens.
        const Outcome drawn = run("fastv:iterations=0"), learned = run("fastv");
        QCOMPARE(learned.bytes, drawn.bytes);
        QVERIFY2(learned.keys < 0.85 * drawn.keys && learned.values < 0.85 * drawn.values,
            qPrintable(QString("%1 against %2").arg(learned.keys).arg(drawn.keys)));
    }

    void errorFalls_data()
    {
        QTest::addColumn<QStringList>("specs");
        QTest::newRow("with centroids") << QStringList { "fastv:num_centroids=4", "fastv:num_centroids=16",
            "fastv:num_centroids=64", "fastv:num_centroids=200" };
        QTest::newRow("with stages") << QStringList { "fastv:stages=1", "fastv:stages=2", "fastv:stages=3" };
        QTest::newRow("with codes a vector")
            << QStringList { "fastv:subvector=8", "fastv:subvector=4", "fastv:subvector=2", "fastv:subvector=1" };
        QTest::newRow("with residuals") << QStringList { "fastv:sparsity_threshold=0", "fastv:sparsity_threshold=0.1",
            "fastv:sparsity_threshold=0.5" };
        QTest::newRow("with residual bits")
            << QStringList { "fastv:residual_bits=1", "fastv:residual_bits=3", "fastv:residual_bits=6" };
    }
    void errorFalls()
    {
        QFETCH(QStringList, specs);
        Outcome last { 2, 2, 0 };
        for (const QString& spec : specs) {
            const Outcome now = run(spec);
            QVERIFY2(now.keys < last.keys && now.values < last.values && now.bytes > last.bytes, qPrintable(spec));
            last = now;
        }
    }

    void importanceMovesTheError_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::newRow("by the residuals") << "fastv:num_centroids=16,sparsity_threshold=0.3";
        QTest::newRow("by the centroids alone") << "fastv:num_centroids=128,sparsity_threshold=0";
    }
    void importanceMovesTheError()
    {
        QFETCH(QString, spec);
        const at::Tensor early
            = at::where(at::arange(512) < 256, 1.0f, 0.01f).to(at::kFloat).unsqueeze(0).repeat({ 2, 1 });
        const auto method = makeCompressor(parseSpec(spec.toStdString()));
        const auto error = [&](const at::Tensor& importance, std::int64_t first) {
            const auto decoded = decode(encode(*method, *m_cache, importance));
            return relativeError(
                m_cache->layer(0).value.narrow(2, first, 200), decoded->layer(0).value.narrow(2, first, 200));
        };
        QVERIFY(error(early, 16) < 0.95 * error({}, 16));
        QVERIFY(error(early, 300) > error({}, 300));
        QVERIFY(error(early.flip(1), 300) < 0.95 * error({}, 300));
    }

    void beatsPrincipalComponentsAtEqualBytes()
    {
        // Sixteen principal components of all heads at f32: 0.079 of the f32 bytes, so 0.158 of the 16-bit ones.
        GenerateOptions options;
        options.layers = 1;
        options.batch = 4;
        const CachePtr cache = generateCache(options);
        const at::Tensor key = cache->layer(0).key.to(at::kFloat).permute({ 0, 2, 1, 3 }).reshape({ -1, 256 });
        const at::Tensor centred = key - key.mean(0);
        const auto [u, s, vh] = at::linalg_svd(centred, false);
        const at::Tensor kept = vh.narrow(0, 0, 16);
        const double pca = relativeError(key, at::mm(at::mm(centred, kept.t()), kept) + key.mean(0));
        const EncodedCache encoded = encode(*makeCompressor(parseSpec("fastv:subvector=3")), *cache);
        QVERIFY(double(encoded.fileBytes()) < 0.158 * 2 * 2 * double(key.numel()));
        const double own = relativeError(cache->layer(0).key, decode(encoded)->layer(0).key);
        QVERIFY2(own < 0.2 * pca, qPrintable(QString("%1 against %2").arg(own).arg(pca)));
    }

    void unrotatedKeysAreMoreAlike() { QVERIFY(run("fastv:rope=undo").keys < 0.9 * run("fastv:rope=keep").keys); }

    void transformPaysForManyTokensOnly()
    {
        const at::Tensor mix = at::randn({ 32, 32 }) * at::arange(1, 33).pow(-1.0).unsqueeze(1);
        for (const std::int64_t seq : { 64, 4096 }) {
            const at::Tensor rows = at::mm(at::randn({ seq, 32 }), mix).view({ 1, 1, seq, 32 });
            const MemoryCache cache({}, { { rows, rows.clone(), {}, {} } });
            const EncodedCache encoded = encode(*makeCompressor(parseSpec("fastv:sinks=0")), cache);
            QCOMPARE(encoded.layers[0].get("k.codebooks")[0] != std::byte(0), seq > 1000);
        }
    }

    void uncodedComponentsBecomeTheirMean_data() { transformRows(); }
    void uncodedComponentsBecomeTheirMean()
    {
        QFETCH(QString, transform);
        // Eight strong channels and 24 weak ones about a mean of their own.
        const at::Tensor size = at::where(at::arange(32) < 8, 1.0f, 0.01f).to(at::kFloat);
        const at::Tensor rows = at::randn({ 1, 2, 600, 32 }) * size + at::where(size > 0.5, 0.0f, 3.0f);
        const MemoryCache cache({}, { { rows, rows.flip(3).contiguous(), {}, {} } });
        const std::string spec
            = "fastv:sinks=0,sparsity_threshold=0,subvector=4,num_centroids=64,transform=" + transform.toStdString();
        QTemporaryDir folder;
        const auto trip = [&](const std::string& more) {
            return throughFile(*makeCompressor(parseSpec(spec + more)), cache, folder.filePath("x.pikv").toStdString());
        };
        const RoundTrip all = trip(""), some = trip(",coded_share=0.25");
        QVERIFY(double(some.encoded.fileBytes()) < 0.9 * double(all.encoded.fileBytes()));
        for (const auto& [original, decoded] : { std::pair(cache.layer(0).key, some.decoded->layer(0).key),
                 { cache.layer(0).value, some.decoded->layer(0).value } })
            QVERIFY2(
                relativeError(original, decoded) < 5e-4, qPrintable(QString::number(relativeError(original, decoded))));
    }

    void wideHeadsHaveManySubspaces()
    {
        // More than 256 sub-spaces: their numbers take two bytes.
        const at::Tensor rows = at::randn({ 1, 1, 128, 600 });
        const MemoryCache cache({}, { { rows, rows.clone(), {}, {} } });
        for (const char* transform : { "none", "klt" }) {
            const auto method = makeCompressor(parseSpec(std::string("fastv:sinks=0,transform=") + transform));
            QVERIFY(relativeError(rows, decode(encode(*method, cache))->layer(0).key) < 0.1);
        }
    }

    void zerosStayZero_data() { transformRows(); }
    void zerosStayZero()
    {
        QFETCH(QString, transform);
        const at::Tensor rows = at::zeros({ 1, 1, 100, 16 });
        const MemoryCache cache({}, { { rows, rows.clone(), {}, {} } });
        const auto method = makeCompressor(parseSpec("fastv:transform=" + transform.toStdString()));
        QVERIFY(decode(encode(*method, cache))->layer(0).key.abs().max().item<float>() == 0);
    }

    void damagedTokensSpoilNoOthers_data() { transformRows(); }
    void damagedTokensSpoilNoOthers()
    {
        QFETCH(QString, transform);
        LayerKv layer = m_cache->layer(0);
        const auto method = makeCompressor(parseSpec("fastv:transform=" + transform.toStdString()));
        const auto error = [&] {
            const MemoryCache cache({}, { layer });
            const at::Tensor back = decode(encode(*method, cache))->layer(0).value;
            return relativeError(layer.value.narrow(2, 100, 300), back.narrow(2, 100, 300));
        };
        const double clean = error();
        layer.value = layer.value.clone();
        layer.value.select(2, 50).fill_(std::numeric_limits<float>::quiet_NaN());
        layer.value.select(2, 51).select(2, 3).fill_(std::numeric_limits<float>::infinity());
        QVERIFY(error() < 1.5 * clean);
    }

    void bytesAreTheFormula()
    {
        const EncodedCache encoded = encode(
            *makeCompressor(parseSpec(
                "fastv:num_centroids=20,subvector=3,stages=2,sparsity_threshold=0.25,residual_bits=3,sinks=12")),
            *m_cache);
        // 1,000 vectors of 11 sub-spaces a head, twice 5 bits each; 250 of them with 32 channels of 3 bits and an f16
        // range.
        QCOMPARE(encoded.layers[0].get("k.codes").size(), std::size_t(2 * 1000 * 11 * 2 * 5 / 8));
        QCOMPARE(encoded.layers[0].get("v.sparse").size(), std::size_t(2 * (125 + 250 * (4 + 12))));
    }

    void threadsChangeNothing_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::newRow("components") << "fastv:transform=klt,stages=2,num_centroids=20";
        QTest::newRow("channels") << "fastv:transform=none,subvector=5,num_centroids=200";
    }
    void threadsChangeNothing()
    {
        QFETCH(QString, spec);
        const auto method = makeCompressor(parseSpec(spec.toStdString()));
        const int threads = at::get_num_threads();
        std::vector<EncodedCache> encoded;
        std::vector<at::Tensor> decoded;
        for (const int n : { 1, 3 }) {
            at::set_num_threads(n);
            encoded.push_back(encode(*method, *m_cache));
            decoded.push_back(decode(encoded[0])->layer(0).key);
        }
        at::set_num_threads(threads);
        QVERIFY(encoded[0].layers[0].all() == encoded[1].layers[0].all());
        QVERIFY(decoded[0].equal(decoded[1]));
    }

    void badParametersAreRefused_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<QString>("named");
        QTest::newRow("more centroids than tokens") << "fastv:num_centroids=97"
                                                    << "num_centroids=97 is above the number of tokens";
        QTest::newRow("more centroids than unprotected ones") << "fastv:num_centroids=64,sinks=20,recent=20"
                                                              << "not protected, 56";
        QTest::newRow("sub-vectors wider than a head") << "fastv:subvector=33"
                                                       << "above head_dim = 32";
    }
    void badParametersAreRefused()
    {
        QFETCH(QString, spec);
        QFETCH(QString, named);
        QString reason;
        QVERIFY(!accepted(spec.toStdString(), generateCache(smallCache())->info(), reason));
        QVERIFY2(reason.contains(named), qPrintable(reason));
    }

    void boundsAreNamed_data()
    {
        QTest::addColumn<QString>("spec");
        for (const char* spec :
            { "num_centroids=1", "num_centroids=257", "sparsity_threshold=1.1", "update_interval=0", "stages=0" })
            QTest::newRow(spec) << QString(spec);
    }
    void boundsAreNamed()
    {
        QFETCH(QString, spec);
        try {
            parseSpec("fastv:" + spec.toStdString());
            QFAIL("accepted");
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Usage);
            QVERIFY(QString::fromUtf8(e.what()).contains(spec.section('=', 0, 0)));
        }
    }

private:
    static void transformRows()
    {
        QTest::addColumn<QString>("transform");
        for (const char* transform : { "auto", "klt", "none" })
            QTest::newRow(transform) << QString(transform);
    }

    struct Outcome {
        double keys, values;
        quint64 bytes;
    };
    Outcome run(const QString& spec) const
    {
        const EncodedCache encoded = encode(*makeCompressor(parseSpec(spec.toStdString())), *m_cache);
        const LayerKv decoded = decode(encoded)->layer(0), original = m_cache->layer(0);
        return { relativeError(original.key, decoded.key), relativeError(original.value, decoded.value),
            encoded.sizes().payloadBytes() };
    }
    CachePtr m_cache;
};

PIKV_TEST(FastVTest)
#include "fastv_test.moc"
