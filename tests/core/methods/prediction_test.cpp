// SPDX-License-Identifier: GPL-3.0-or-later
// Rows predicted from earlier ones: fewer bytes at the same error where there is something to predict, decode from the
// file and the calibration alone, and a layer's error is not the next one's.
#include "core/codec/calibration.h"
#include "core/codec/compressor.h"
#include "core/codec/earlierrows.h"
#include "core/dumps/dumps.h"
#include "core/eval/calibrate.h"
#include "core/eval/evaluator.h"
#include "core/eval/memoryneed.h"
#include "engine/testcache.h"
#include "refusal.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <QTemporaryDir>
#include <QTest>
#include <map>

using namespace pikv;

namespace {

constexpr int kLayers = 4;
constexpr std::int64_t kHeads = 2, kDim = 8, kWidth = kHeads * kDim;

at::Tensor asHeads(const at::Tensor& rows, std::int64_t batch)
{
    return rows.view({ batch, -1, kHeads, kDim }).transpose(1, 2).contiguous();
}

/// Keys of a layer follow from those of the layer before, values from the keys of theirs; a fifth is new.
std::shared_ptr<MemoryCache> relatedCache(std::int64_t seq, unsigned seed, std::int64_t batch = 1)
{
    std::mt19937 maps(7), own(seed);
    const auto noise = [](std::int64_t rows, std::int64_t columns, std::mt19937& engine) {
        return pikvtest::noiseTensor({ rows, columns }, engine);
    };
    std::vector<LayerKv> layers;
    at::Tensor keys = noise(batch * seq, kWidth, own);
    for (int i = 0; i < kLayers; ++i) {
        const at::Tensor ahead = noise(kWidth, kWidth, maps) / 6, across = noise(kWidth, kWidth, maps) / 6;
        if (i > 0)
            keys = at::matmul(keys, ahead) + 0.2 * noise(batch * seq, kWidth, own);
        const at::Tensor values = at::matmul(keys, across) + 0.2 * noise(batch * seq, kWidth, own) + 3;
        layers.push_back({ asHeads(keys, batch), asHeads(values, batch), {}, {} });
    }
    CacheInfo info;
    info.format = "memory";
    return std::make_shared<MemoryCache>(std::move(info), std::move(layers));
}

double relativeError(const KvCache& a, const KvCache& b, int layer)
{
    const LayerKv x = a.layer(layer), y = b.layer(layer);
    return ((x.key - y.key).pow(2).mean() / x.key.pow(2).mean()).item<double>()
        + ((x.value - y.value).pow(2).mean() / (x.value - x.value.mean()).pow(2).mean()).item<double>();
}

} // namespace

class PredictionTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::map<std::string, std::string> m_learned;

    std::string calibration(const std::string& prediction)
    {
        std::string& path = m_learned[prediction];
        if (!path.empty())
            return path;
        path = m_folder.filePath(QString::fromStdString(prediction + ".pikv-basis")).toStdString();
        CalibrationRequest request;
        for (unsigned seed = 1; seed <= 4; ++seed)
            request.caches.push_back(relatedCache(300, seed));
        request.method = parseSpec("fisher:metric=plain,prediction=" + prediction);
        calibrateFile(request, path);
        return path;
    }
    MethodSpec spec(const std::string& prediction, const std::string& more = ",step=5")
    {
        return parseSpec("fisher:prediction=" + prediction + ",shared=" + calibration(prediction) + more);
    }

private Q_SLOTS:
    void fewerBytesAtTheSameError()
    {
        const auto cache = relatedCache(200, 99);
        const JobControl job;
        std::map<std::string, std::uint64_t> bytes;
        for (const char* prediction : { "none", "layer", "layers" }) {
            const auto method = makeCompressor(spec(prediction));
            const EncodedCache encoded = method->encode(*cache, {}, { job });
            bytes[prediction] = encoded.fileBytes();
            // As a process that has never seen the cache.
            const auto decoded = makeCompressor(parseSpec(encoded.header.spec))->decode(encoded, { job });
            for (int layer = 0; layer < kLayers; ++layer) {
                const double error = relativeError(*cache, *decoded, layer);
                QVERIFY2(error > 1e-4 && error < 0.05,
                    qPrintable(QString("%1, layer %2: %3").arg(prediction).arg(layer).arg(error)));
            }
        }
        QVERIFY2(double(bytes["layer"]) < 0.9 * double(bytes["none"]),
            qPrintable(QString::number(double(bytes["layer"]) / double(bytes["none"]))));
        QVERIFY2(double(bytes["layers"]) < 0.8 * double(bytes["none"]),
            qPrintable(QString::number(double(bytes["layers"]) / double(bytes["none"]))));
    }

    /// Steps fix the error of every layer: what is predicted from rows that are off is coded the more.
    void errorsDoNotAddUp()
    {
        const auto cache = relatedCache(200, 98);
        const JobControl job;
        const auto errors = [&](const char* prediction) {
            const auto method = makeCompressor(spec(prediction, ",step=12"));
            const auto decoded = method->decode(method->encode(*cache, {}, { job }), { job });
            std::vector<double> of;
            for (int layer = 0; layer < kLayers; ++layer)
                of.push_back(relativeError(*cache, *decoded, layer));
            return of;
        };
        const std::vector<double> none = errors("none"), layers = errors("layers");
        for (int layer = 0; layer < kLayers; ++layer)
            QVERIFY2(layers[size_t(layer)] < 1.3 * none[size_t(layer)],
                qPrintable(QString("%1: %2, %3").arg(layer).arg(layers[size_t(layer)]).arg(none[size_t(layer)])));
    }

    /// What was fitted by chance is not believed: of caches without relations, or of few tokens, nothing is lost.
    void nothingToPredict()
    {
        const JobControl job;
        const auto bytesOf = [&](const auto& cacheAt, int caches, const char* prediction) {
            const std::string path = m_folder.filePath("chance.pikv-basis").toStdString();
            CalibrationRequest request;
            for (int seed = 1; seed <= caches; ++seed)
                request.caches.push_back(cacheAt(unsigned(seed)));
            request.method = parseSpec(std::string("fisher:metric=plain,prediction=") + prediction);
            calibrateFile(request, path);
            const auto method
                = makeCompressor(parseSpec(std::string("fisher:step=5,shared=") + path + ",prediction=" + prediction));
            return double(method->encode(*cacheAt(77), {}, { job }).fileBytes());
        };
        const auto unrelated = [](unsigned seed) {
            return pikvtest::makeCache(
                { .layers = 3, .kvHeads = 2, .seq = 80, .keyDim = 16, .valueDim = 16, .seed = seed });
        };
        const auto brief = [](unsigned seed) { return relatedCache(seed == 77 ? 200 : 60, seed); };
        for (const int caches : { 1, 2, 5 })
            QVERIFY(bytesOf(unrelated, caches, "layers") < 1.02 * bytesOf(unrelated, caches, "none"));
        QVERIFY(bytesOf(brief, 1, "layers") < bytesOf(brief, 1, "none")); // 60 tokens, 64 inputs
    }

    void throughTheFile()
    {
        const auto cache = relatedCache(120, 97);
        const JobControl job;
        for (const char* prediction : { "layer", "layers" }) {
            const auto method = makeCompressor(spec(prediction, ",step=5,sinks=2,recent=3"));
            QCOMPARE(method->layerwise() == nullptr, std::string(prediction) == "layers");
            QCOMPARE(method->needsAllLayers(), std::string(prediction) == "layers");
            const EncodedCache encoded = method->encode(*cache, {}, { job });
            const std::string path = m_folder.filePath("c.pikv").toStdString();
            encoded.save(path);
            const auto opened = std::dynamic_pointer_cast<const KvCache>(openCache(path));
            const auto decoded = method->decode(encoded, { job });
            for (const int layer : { 3, 0, 2, 1 }) { // in any order
                QVERIFY(at::equal(opened->layer(layer).key, decoded->layer(layer).key));
                QVERIFY(at::equal(opened->layer(layer).value, decoded->layer(layer).value));
            }
        }
    }

    /// Every sequence of a padded batch is predicted from its own rows.
    void paddedSequences()
    {
        const auto whole = relatedCache(80, 96, 2);
        CacheInfo info = whole->info();
        info.visible.assign(160, 1);
        for (std::size_t i = 0; i < 30; ++i)
            info.visible[i] = 0;
        std::vector<LayerKv> layers;
        for (int i = 0; i < kLayers; ++i)
            layers.push_back(whole->layer(i));
        const MemoryCache padded(info, layers);
        const JobControl job;
        const auto method = makeCompressor(spec("layers"));
        const auto decoded = method->decode(method->encode(padded, {}, { job }), { job });
        for (int i = 0; i < kLayers; ++i) {
            const at::Tensor from = whole->layer(i).key, back = decoded->layer(i).key;
            QVERIFY(((from - back).narrow(2, 30, 50).pow(2).mean() / from.pow(2).mean()).item<double>() < 0.02);
            QVERIFY(((from - back)[1].pow(2).mean() / from.pow(2).mean()).item<double>() < 0.02);
            QCOMPARE(back[0].narrow(1, 0, 30).abs().max().item<double>(), 0.0);
        }
    }

    /// A layer with a window holds other tokens than those before: it goes without them.
    void layersOfOtherTokens()
    {
        const auto windowed = [](std::int64_t seq, unsigned seed) {
            const auto whole = relatedCache(seq, seed);
            std::vector<LayerKv> layers;
            for (int i = 0; i < kLayers; ++i) {
                LayerKv kv = whole->layer(i);
                if (i == 1)
                    kv = { kv.key.narrow(2, seq / 2, seq - seq / 2).contiguous(),
                        kv.value.narrow(2, seq / 2, seq - seq / 2).contiguous(), {}, {} };
                layers.push_back(kv);
            }
            return std::make_shared<MemoryCache>(whole->info(), layers);
        };
        const std::string path = m_folder.filePath("windowed.pikv-basis").toStdString();
        CalibrationRequest request;
        for (unsigned seed = 1; seed <= 3; ++seed)
            request.caches.push_back(windowed(300, seed));
        request.method = parseSpec("fisher:metric=plain,prediction=layers");
        calibrateFile(request, path);
        const auto cache = windowed(100, 9);
        const JobControl job;
        const auto method = makeCompressor(parseSpec("fisher:step=5,prediction=layers,shared=" + path));
        const auto decoded = method->decode(method->encode(*cache, {}, { job }), { job });
        for (int layer = 0; layer < kLayers; ++layer)
            QVERIFY(relativeError(*cache, *decoded, layer) < 0.05);
    }

    /// A sequence whose last rows are padding has nothing in a layer with a window, and a cache of a calibration may
    /// have fewer sequences there than in the other layers: each goes on with its own rows.
    void sequencesThatAreMissingInALayer()
    {
        const auto padded = [](unsigned seed) {
            const std::int64_t seq = 120, window = 30;
            const auto whole = relatedCache(seq, seed, 2);
            CacheInfo info = whole->info();
            info.visible.assign(2 * seq, 1);
            std::fill_n(info.visible.begin() + seq - window, window, std::uint8_t(0)); // of the first sequence
            std::vector<LayerKv> layers;
            for (int i = 0; i < kLayers; ++i) {
                LayerKv kv = whole->layer(i);
                if (i == 1)
                    kv = { kv.key.narrow(2, seq - window, window).contiguous(),
                        kv.value.narrow(2, seq - window, window).contiguous(), {}, {} };
                layers.push_back(kv);
            }
            return std::make_shared<MemoryCache>(info, layers);
        };
        const std::string path = m_folder.filePath("missing.pikv-basis").toStdString();
        CalibrationRequest request;
        for (unsigned seed = 1; seed <= 3; ++seed)
            request.caches.push_back(padded(seed));
        request.method = parseSpec("fisher:metric=plain,prediction=layers");
        calibrateFile(request, path);
        const auto cache = padded(9);
        const JobControl job;
        const auto bytes = [&](const std::string& spec) {
            const auto method = makeCompressor(parseSpec(spec));
            const EncodedCache encoded = method->encode(*cache, {}, { job });
            const auto decoded = method->decode(encoded, { job });
            for (int i = 0; i < kLayers; ++i) {
                const at::Tensor from = cache->layer(i).key, back = decoded->layer(i).key;
                const std::int64_t there = i == 1 ? 0 : 90;
                const double most = 0.02 * from.pow(2).mean().item<double>();
                if (there > 0)
                    QTest::qVerify((from - back)[0].narrow(1, 0, there).pow(2).mean().item<double>() < most, "first",
                        "", __FILE__, __LINE__);
                QTest::qVerify((from - back)[1].pow(2).mean().item<double>() < most, "second", "", __FILE__, __LINE__);
            }
            return double(encoded.fileBytes());
        };
        const double layers = bytes("fisher:step=5,prediction=layers,shared=" + path);
        QVERIFY(layers < bytes("fisher:step=5,shared=" + calibration("none")));
    }

    void earlierRowsAreThoseOfTheTokens()
    {
        const auto number = [](double value) { return at::full({ 3, 2 }, value, at::kFloat); };
        const at::Tensor positions = at::arange(3, at::kLong), others = positions + 1;
        const JobControl job;
        LayerShape shape;
        shape.kvHeads = 1;
        shape.keyDim = shape.valueDim = 2;
        EarlierRows rows(std::vector<LayerShape>(6, shape));
        QVERIFY(!rows.before(0, 0, positions, 1, job).defined());
        for (int layer = 0; layer <= 4; ++layer)
            if (layer != 2)
                rows.add(layer, 0, layer == 3 ? others : positions, { number(layer), number(10 * layer) });
        const at::Tensor before = rows.before(5, 0, positions, 1, job);
        QCOMPARE(before.size(1), std::int64_t(4 * EarlierRows::depth));
        QCOMPARE(before[0][0].item<float>(), 4.0F); // the layer before
        QCOMPARE(before[0][2].item<float>(), 40.0F);
        QCOMPARE(before[0][4].item<float>(), 0.0F); // of other tokens
        QCOMPARE(rows.before(1, 0, positions, 1, job).size(1), std::int64_t(4)); // there is but one before
        // Of a sequence that has nothing there, as wide.
        const at::Tensor unknown = rows.before(5, 1, positions, 1, job);
        QCOMPARE(unknown.size(1), before.size(1));
        QCOMPARE(unknown.abs().max().item<float>(), 0.0F);
        QVERIFY(!sideBySide({ {}, {} }, job).defined());
    }

    void learningTakesMemory()
    {
        const std::vector<CachePtr> caches { relatedCache(50, 1) };
        const auto need = [&](const char* spec) { return calibrationMemory(parseSpec(spec), caches); };
        QCOMPARE(need("fisher:prediction=none"), need("lora"));
        // Two layers of 50 rows of keys and values, kept and side by side with the keys' own, are the least.
        QVERIFY(need("fisher:prediction=layers") >= need("fisher") + 50 * 2 * kWidth * sizeof(float) * 4);
        QVERIFY(need("kvtc") >= need("fisher") + kLayers * 50 * 2 * kWidth * sizeof(float)); // all layers at once
    }

    void refusals()
    {
        const CacheInfo info = relatedCache(20, 1)->info();
        QString why = refusalOf([&] { makeCompressor(parseSpec("fisher:prediction=layers"))->accept(info); });
        QVERIFY2(why.contains("prediction=layers is learned ahead: it needs a calibration"), qPrintable(why));
        why = refusalOf([&] {
            makeCompressor(parseSpec("fisher:prediction=layer,shared=" + calibration("layers")))->accept(info);
        });
        QVERIFY2(why.contains("prediction"), qPrintable(why));
        why = refusalOf([&] { makeCompressor(parseSpec("fisher:shared=" + calibration("layer")))->accept(info); });
        QVERIFY2(why.contains("prediction"), qPrintable(why));
        // A calibration whose predictor is cut.
        EncodedCache basis = loadCalibration(calibration("layer"));
        for (SectionSet& layer : basis.layers) {
            SectionSet cut;
            for (const auto& [name, bytes] : layer.all())
                cut.add(name, name == "v.prediction" ? Bytes(bytes.begin(), bytes.end() - 2) : Bytes(bytes));
            layer = cut;
        }
        const std::string path = m_folder.filePath("cut.pikv-basis").toStdString();
        basis.save(path);
        const auto cache = relatedCache(40, 5);
        const JobControl job;
        why = refusalOf(
            [&] { makeCompressor(parseSpec("fisher:prediction=layer,shared=" + path))->encode(*cache, {}, { job }); });
        QVERIFY2(why.contains("v.prediction"), qPrintable(why));
    }
};

PIKV_TEST(PredictionTest)
#include "prediction_test.moc"
