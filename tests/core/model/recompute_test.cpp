// SPDX-License-Identifier: GPL-3.0-or-later
// The reference that keeps the token ids alone.
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/codec/container/tokenpacking.h"
#include "core/dumps/generate.h"
#include "core/eval/nexttoken.h"
#include "modeldata.h"
#include "refusal.h"
#include "testmain.h"
#include <ATen/ops/equal.h>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>
#include <bit>
#include <cmath>
#include <random>

using namespace pikv;

namespace {

std::string tinyPath() { return testPath("model/tiny-llama.gguf").toStdString(); }

CachePtr captured(std::int64_t count, DType dtype, std::int64_t queries = 0)
{
    std::vector<std::int64_t> tokens;
    for (std::int64_t i = 0; i < count; ++i)
        tokens.push_back((i * 37 + 11) % 300 + 3);
    return captureCache({ openSharedModel(tinyPath()), tokens, queries, dtype });
}

MethodSpec recompute(const std::string& model = tinyPath()) { return parseSpec("recompute:model=" + model); }

} // namespace

class RecomputeTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

private Q_SLOTS:
    void packedTokensComeBack()
    {
        std::mt19937 random(1);
        for (const std::int64_t largest : { 0LL, 1LL, 7LL, 8LL, 49151LL, 0xffffffffLL })
            for (const std::size_t count : { 0, 1, 2, 7, 100 }) {
                std::vector<std::int64_t> values(count);
                for (std::int64_t& value : values)
                    value = std::uniform_int_distribution<std::int64_t>(0, largest)(random);
                if (count > 0)
                    values.back() = largest;
                const Bytes bytes = packTokens(values);
                QCOMPARE(unpackTokens(bytes, std::int64_t(count)), values);
                const auto bits = count > 0 ? std::max(1, int(std::bit_width(std::uint64_t(largest)))) : 1;
                QCOMPARE(bytes.size(), 1 + (count * std::size_t(bits) + 7) / 8);
                QVERIFY_EXCEPTION_THROWN(unpackTokens(bytes, std::int64_t(count) + 8), Error);
            }
        QVERIFY_EXCEPTION_THROWN(packTokens({ -1 }), Error);
        QVERIFY_EXCEPTION_THROWN(packTokens({ 0x100000000 }), Error);
        for (const int bits : { 0, 33, 255 })
            QVERIFY_EXCEPTION_THROWN(unpackTokens(Bytes(9, std::byte(bits)), 2), Error);
        QVERIFY_EXCEPTION_THROWN(unpackTokens({}, 1), Error);
    }

    void cacheComesBackFromTheFile_data()
    {
        QTest::addColumn<DType>("dtype");
        for (const DType dtype : { DType::F16, DType::BF16, DType::F32 })
            QTest::newRow(std::string(dtypeName(dtype)).c_str()) << dtype;
    }
    void cacheComesBackFromTheFile()
    {
        QFETCH(DType, dtype);
        const CachePtr cache = captured(40, dtype);
        const std::string path = m_folder.filePath("r.pikv").toStdString();
        const JobControl job;
        makeCompressor(recompute())->encode(*cache, {}, { job }).save(path);
        const EncodedCache loaded = EncodedCache::load(path);
        QCOMPARE(quint64(QFileInfo(QString::fromStdString(path)).size()), quint64(loaded.fileBytes()));
        QCOMPARE(loaded.global.get("tokens").size(), std::size_t(1 + 40 * 9 / 8)); // ids below 512
        QCOMPARE(loaded.sizes().payloadBytes(), // and the text, the configuration
            std::uint64_t(loaded.global.get("tokens").size() + loaded.global.get("dump").size()));
        const auto decoded = makeCompressor(parseSpec(loaded.header.spec))->decode(loaded, { job });
        for (int i = 0; i < cache->layerCount(); ++i) {
            QCOMPARE(decoded->layer(i).key.scalar_type(), cache->layer(i).key.scalar_type());
            QVERIFY(at::equal(decoded->layer(i).key, cache->layer(i).key));
            QVERIFY(at::equal(decoded->layer(i).value, cache->layer(i).value));
        }
    }

    void evaluationAndPreview()
    {
        EvaluationRequest request;
        request.cache = captured(48, DType::F16, 8);
        request.method = recompute();
        const EvaluationResult whole = evaluate(request);
        QCOMPARE(whole.quality.mse, 0.0);
        QVERIFY(whole.storedBytes < whole.originalBytes / 2);
        request.layers = { 1 };
        const EvaluationResult preview = evaluate(request);
        QVERIFY(preview.preview);
        QCOMPARE(preview.quality.mse, 0.0); // the right layer of them
    }

    void nextTokensAreTheModels()
    {
        NextTokenSetup setup;
        setup.model = openSharedModel(tinyPath());
        const CachePtr dump = captured(48, DType::F16);
        setup.texts = { splitDump(*setup.model, dump, 12) };
        const auto session = NextTokenSession::open(std::move(setup));
        NextTokenMethod method;
        method.method = recompute();
        const NextTokenResult result = session->run(method);
        // The rows are those of another sequence length, for which the BLAS may add in another order: once rounded to
        // f16 some differ by a unit, 2^-10 of themselves. This model's logits, which stay within 4, then move by no
        // more than 4 x 2^-10 = d, and a divergence by no more than d^2 / 2. Another cache is far away.
        const double moved = 4 * std::ldexp(1.0, -10);
        QVERIFY2(result.summary.mean.kl < moved * moved / 2, qPrintable(QString::number(result.summary.mean.kl)));
        QCOMPARE(result.summary.mean.agreement, 1.0);
    }

    void otherCachesAreRefused()
    {
        const auto method = makeCompressor(recompute());
        GenerateOptions options;
        options.layers = 2;
        options.seq = 16;
        const QString noIds = refusalOf([&] { method->validate(generateCache(options)->info()); });
        QVERIFY2(noIds.contains("without token ids"), qPrintable(noIds));
        CacheInfo info = captured(20, DType::F16)->info();
        info.tokenIds.pop_back();
        const QString tooFew = refusalOf([&] { method->validate(info); });
        QVERIFY2(tooFew.contains("19 token ids"), qPrintable(tooFew));
        info = captured(20, DType::F16)->info();
        info.positions.assign(20, 4);
        QVERIFY(refusalOf([&] { method->validate(info); }).contains("stands at 4"));
    }

    void otherModelsAreRefused()
    {
        const JobControl job;
        const CachePtr cache = captured(20, DType::F16);
        const std::string qwen = testPath("model/tiny-qwen2.gguf").toStdString();
        const QString other = refusalOf([&] { (void)makeCompressor(recompute(qwen))->encode(*cache, {}, { job }); });
        QVERIFY2(other.contains("the model does not fit"), qPrintable(other));
        const QString missing
            = refusalOf([&] { makeCompressor(recompute("/no/such/model.gguf"))->validate(cache->info()); });
        QVERIFY2(missing.contains("/no/such/model.gguf"), qPrintable(missing));
        // The model may be another one by the time the file is read.
        EncodedCache encoded = makeCompressor(recompute())->encode(*cache, {}, { job });
        const QString later = refusalOf([&] { (void)makeCompressor(recompute(qwen))->decode(encoded, { job }); });
        QVERIFY2(later.contains("the model does not fit"), qPrintable(later));
    }

    void heldModelsAreShared()
    {
        const ModelPtr first = openSharedModel(tinyPath());
        QCOMPARE(openSharedModel(tinyPath()).get(), first.get());
        const QString copy = m_folder.filePath("copy.gguf");
        QVERIFY(QFile::copy(QString::fromStdString(tinyPath()), copy));
        QVERIFY(openSharedModel(copy.toStdString()).get() != first.get());
    }
};

PIKV_TEST(RecomputeTest)
#include "recompute_test.moc"
