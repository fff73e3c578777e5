// SPDX-License-Identifier: GPL-3.0-or-later
// The Fisher information against the divergence that it stands for, and the codec that measures errors by it.
#include "core/codec/calibration.h"
#include "core/codec/compressor.h"
#include "core/dumps/generate.h"
#include "core/eval/calibrate.h"
#include "core/eval/nexttoken.h"
#include "core/model/fisherinformation.h"
#include "core/model/scoring.h"
#include "modeldata.h"
#include "refusal.h"
#include "testmain.h"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <QTemporaryDir>
#include <QTest>
#include <array>

using namespace pikv;

namespace {

constexpr std::int64_t kRows = 96, kPredict = 32;

std::string tinyPath() { return testPath("model/tiny-llama.gguf").toStdString(); }

std::vector<std::int64_t> tokens(std::int64_t count, std::int64_t seed)
{
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < count; ++i)
        out.push_back((i * i * 7 + i * (37 + seed) + 11 * seed) % 300 + 3);
    return out;
}

std::shared_ptr<const KvCache> captured(std::int64_t count, std::int64_t seed = 0, std::int64_t queries = 0)
{
    return std::dynamic_pointer_cast<const KvCache>(
        captureCache({ openSharedModel(tinyPath()), tokens(count, seed), queries, DType::F32 }));
}

/// The same cache with one layer's keys or values moved.
class Moved : public KvCache {
public:
    Moved(std::shared_ptr<const KvCache> source, int layer, bool key, at::Tensor by)
        : m_source(std::move(source))
        , m_layer(layer)
        , m_key(key)
        , m_by(std::move(by))
    {
        m_info = m_source->info();
    }
    LayerKv layer(int index) const override
    {
        LayerKv kv = m_source->layer(index);
        if (index == m_layer)
            (m_key ? kv.key : kv.value) = (m_key ? kv.key : kv.value) + m_by;
        return kv;
    }

private:
    std::shared_ptr<const KvCache> m_source;
    int m_layer;
    bool m_key;
    at::Tensor m_by;
};

/// The same cache, its token ids unknown.
class Nameless : public KvCache {
public:
    explicit Nameless(std::shared_ptr<const KvCache> source)
        : m_source(std::move(source))
    {
        m_info = m_source->info();
        m_info.tokenIds.clear();
    }
    LayerKv layer(int index) const override { return m_source->layer(index); }

private:
    std::shared_ptr<const KvCache> m_source;
};

} // namespace

class FisherTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    at::Tensor predictions(const KvCache& cache)
    {
        const at::NoGradGuard noGrad;
        const ModelPtr model = openSharedModel(tinyPath());
        const Llama& llama = model->llama();
        const std::vector<std::int64_t> all = tokens(kRows + kPredict, 0);
        const std::span more(all.data() + kRows, static_cast<std::size_t>(kPredict));
        return at::log_softmax(llama.logits(hiddenAgainst(llama, cache, kRows, more, {})).to(at::kDouble), -1);
    }

    /// The parameter `shared` of a calibration learned so on four other texts.
    QString learned(const QString& metric, const QString& method = "fisher:")
    {
        const std::string path = m_folder.filePath(QString::number(m_learned++) + ".pikv-basis").toStdString();
        CalibrationRequest request;
        for (int seed = 1; seed <= 4; ++seed)
            request.caches.push_back(captured(kRows + kPredict, seed));
        request.method = parseSpec((method + "metric=" + metric).toStdString());
        calibrateFile(request, path);
        return "shared=" + QString::fromStdString(path);
    }
    static QString tinyModel() { return QString(",model=%1").arg(tinyPath().c_str()); }
    int m_learned = 0;

private Q_SLOTS:
    void predictsTheDivergence_data()
    {
        QTest::addColumn<int>("layer");
        QTest::addColumn<bool>("key");
        for (int layer = 0; layer < 2; ++layer) {
            QTest::addRow("keys of layer %d", layer) << layer << true;
            QTest::addRow("values of layer %d", layer) << layer << false;
        }
    }
    void predictsTheDivergence()
    {
        // Of independent noise of deviation s on every row the mean KL is s²/2 times the sum of the rows' traces.
        QFETCH(int, layer);
        QFETCH(bool, key);
        FisherRequest request;
        request.predict = kPredict;
        request.sinks = 0;
        request.samples = 200;
        const auto fisher = fisherInformation(*openSharedModel(tinyPath()), *captured(kRows + kPredict), request, {});
        const LayerFisher& of = fisher.at(static_cast<std::size_t>(layer));
        const double trace = (key ? of.key : of.value).metric.diagonal().sum().item<double>();
        const auto cache = captured(kRows);
        const at::Tensor right = predictions(*cache);
        at::Generator generator = at::detail::createCPUGenerator(7);
        const double deviation = 1e-2;
        double measured = 0;
        constexpr int trials = 40;
        for (int i = 0; i < trials; ++i) {
            const LayerKv kv = cache->layer(layer);
            const at::Tensor by = at::randn((key ? kv.key : kv.value).sizes(), generator) * deviation;
            const at::Tensor got = predictions(Moved(cache, layer, key, by));
            measured += (right.exp() * (right - got)).sum(-1).mean().item<double>() / trials;
        }
        const double predicted = deviation * deviation / 2 * double(kRows) * trace;
        QVERIFY2(std::abs(measured - predicted) < 0.2 * predicted,
            qPrintable(QStringLiteral("KL %1, predicted %2").arg(measured).arg(predicted)));
    }

    void refusesWhatItCannotDifferentiate()
    {
        const auto model = openSharedModel(tinyPath());
        const auto refusal = [&](const KvCache& cache, const FisherRequest& request) {
            return refusalOf([&] { fisherInformation(*model, cache, request, {}); });
        };
        QVERIFY(refusal(*captured(100), {}).contains("more than 132 tokens; the dump has 100"));
        std::stop_source stop;
        stop.request_stop();
        FisherRequest fitting;
        fitting.predict = kPredict;
        const auto cache = captured(kRows + kPredict);
        QCOMPARE(refusal(*cache, fitting), QString());
        QVERIFY_THROWS_EXCEPTION(Error, fisherInformation(*model, *cache, fitting, JobControl(stop.get_token())));
    }

    /// At equal bytes the next tokens' metric keeps the predictions better than plain squares do: learned on other
    /// caches, and taken from the cache itself.
    void theMetricPays_data()
    {
        QTest::addColumn<QString>("plain");
        QTest::addColumn<QString>("metric");
        QTest::newRow("calibrated") << learned("plain") << learned("next_token" + tinyModel());
        QTest::newRow("its own") << "metric=plain"
                                 << "metric=next_token" + tinyModel();
    }

    void theMetricPays()
    {
        const auto cache = captured(kRows);
        const at::Tensor right = predictions(*cache);
        struct Point {
            double bytes, kl;
        };
        const auto measured = [&](const QString& params, double step) {
            const auto method
                = makeCompressor(parseSpec(QString("fisher:%1,step=%2").arg(params).arg(step).toStdString()));
            const JobControl job;
            const EncodedCache encoded = method->encode(*cache, {}, { job });
            const at::Tensor got = predictions(*method->decode(encoded, { job }));
            return Point { double(encoded.sizes().payloadBytes()),
                (right.exp() * (right - got)).sum(-1).mean().item<double>() };
        };
        QFETCH(QString, plain);
        QFETCH(QString, metric);
        const Point reference = measured(plain, 7);
        // The step of the other metric whose bytes are closest from below.
        Point best { 0, 0 };
        for (double step = 100; step < 5000; step *= 1.03) {
            const Point point = measured(metric, step);
            if (point.bytes <= reference.bytes && point.bytes > best.bytes)
                best = point;
        }
        QVERIFY(best.bytes > 0.95 * reference.bytes);
        QVERIFY2(best.kl < reference.kl,
            qPrintable(QStringLiteral("KL %1 in %2 bytes, plainly %3 in %4")
                           .arg(best.kl)
                           .arg(best.bytes)
                           .arg(reference.kl)
                           .arg(reference.bytes)));
    }

    /// Other methods' fits take it too: at the same bytes their errors weigh less in it.
    void fitsTakeTheMetric_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<bool>("calibrated");
        for (const char* method : { "lora:rank=20,code_bits=8,basis_bits=8,rope=keep,",
                 "lora:rank=10,code_bits=8,basis_bits=8,scope=head,rope=keep,",
                 "lora_plus:ranks=[12,16,24],code_bits=8,basis_bits=8,rope=keep,",
                 "minillm:student_size=20,code_bits=8,basis_bits=8,rope=keep,",
                 "pyramid:compression_ratio=0.35,transform=klt,rope=keep,",
                 "pyramid:compression_ratio=0.35,coding=adaptive,transform=klt,rope=keep," })
            for (const bool calibrated : { false, true })
                QTest::addRow("%s%s", method, calibrated ? " calibrated" : "") << method << calibrated;
    }
    void fitsTakeTheMetric()
    {
        QFETCH(QString, method);
        QFETCH(bool, calibrated);
        // Random texts of a random model have little in common: a calibration is looked at on a cache it has seen.
        const auto cache = captured(kRows + kPredict, calibrated ? 1 : 0);
        FisherRequest request;
        request.predict = std::min<std::int64_t>(128, (kRows + kPredict) / 4);
        request.undoesRope = false;
        request.samples = 8;
        const auto fisher = fisherInformation(*openSharedModel(tinyPath()), *cache, request, {});
        std::array<double, 2> bytes {}, error {};
        const QStringList metrics { "plain", "next_token" + tinyModel() };
        for (std::size_t i = 0; i < 2; ++i) {
            const QString metric = metrics[static_cast<int>(i)];
            const QString params = calibrated ? learned(metric, method) : "metric=" + metric;
            const auto compressor = makeCompressor(parseSpec((method + params).toStdString()));
            const JobControl job;
            const EncodedCache encoded = compressor->encode(*cache, {}, { job });
            const auto decoded = compressor->decode(encoded, { job });
            bytes[i] = double(encoded.sizes().payloadBytes());
            for (int layer = 0; layer < cache->layerCount(); ++layer) {
                const LayerKv was = cache->layer(layer), is = decoded->layer(layer);
                const LayerFisher& of = fisher.at(static_cast<std::size_t>(layer));
                for (const auto& [wrong, metricOf] :
                    { std::pair(is.key - was.key, &of.key), std::pair(is.value - was.value, &of.value) }) {
                    const at::Tensor rows
                        = wrong.transpose(1, 2).reshape({ -1, metricOf->metric.size(0) }).to(at::kDouble);
                    error[i] += (at::matmul(rows, metricOf->metric) * rows).sum().item<double>();
                }
            }
        }
        QVERIFY2(
            std::abs(bytes[1] / bytes[0] - 1) < 0.02, qPrintable(QString("%1 and %2").arg(bytes[0]).arg(bytes[1])));
        QVERIFY2(error[1] < 0.95 * error[0], qPrintable(QString("%1, plainly %2").arg(error[1]).arg(error[0])));
    }

    /// A calibration says which metric it has, whatever was asked for.
    void calibrationsSayTheirMetric()
    {
        const auto metricOf = [this](const QString& params) {
            const std::string path = learned(params).mid(7).toStdString(); // behind "shared="
            return QString::fromStdString(parseSpec(loadCalibration(path).header.spec).params.text("metric"));
        };
        QCOMPARE(metricOf("auto" + tinyModel()), "next_token");
        QCOMPARE(metricOf("auto,rope=keep" + tinyModel()), "next_token");
        QCOMPARE(metricOf("plain" + tinyModel()), "plain");
        QCOMPARE(metricOf("auto,model=" + testPath("model/tiny-llama3")), "plain"); // another model's dumps
    }

    /// Where the model's gradients cannot be taken, `auto` measures plainly and `next_token` says why not.
    void withoutGradients()
    {
        const auto cache = captured(kRows);
        const Nameless without(cache);
        const JobControl job;
        const std::string model = tinyModel().toStdString();
        const auto bytes = [&](const KvCache& of, const std::string& params) {
            const EncodedCache encoded = makeCompressor(parseSpec("fisher:step=50," + params))->encode(of, {}, { job });
            const ByteSpan codes = encoded.layers[0].get("k.codes");
            return Bytes(codes.begin(), codes.end());
        };
        const auto same = [](const Bytes& a, const Bytes& b) { return a == b; };
        QVERIFY(same(bytes(without, "metric=auto" + model), bytes(without, "metric=plain")));
        QVERIFY(!same(bytes(*cache, "metric=auto" + model), bytes(*cache, "metric=plain")));
        const QString reason = refusalOf([&] { bytes(without, "metric=next_token" + model); });
        QVERIFY2(reason.contains("need a token id for each row; the dump has 0"), qPrintable(reason));
    }

    /// The same cache, model and request are differentiated once; every row has its square.
    void gradientsAreSharedByAllSettings()
    {
        const auto model = openSharedModel(tinyPath());
        const auto cache = captured(kRows);
        FisherRequest request;
        request.predict = 24;
        const auto first = sharedFisher(model, *cache, request, {});
        QCOMPARE(sharedFisher(model, *captured(kRows), request, {}), first); // equal rows in other memory
        QVERIFY(sharedFisher(model, *captured(kRows, 1), request, {}) != first);
        request.seed = 1;
        QVERIFY(sharedFisher(model, *cache, request, {}) != first);
        QVERIFY(first->seconds > 0);
        const LayerFisher::Side& side = first->layers.at(0).key;
        QCOMPARE(side.rowSquares.size(), std::size_t(kRows - request.predict));
        double rows = 0, classes = 0;
        for (std::size_t i = std::size_t(request.sinks); i < side.rowSquares.size(); ++i)
            rows += side.rowSquares[i];
        for (const double square : side.squares)
            classes += square;
        QVERIFY(rows > 0 && std::abs(rows - classes) < 1e-9 * rows);
    }

    /// Finer steps never cost accuracy: rows whose levels would be too large get wider ones.
    void finerStepsAreBetter()
    {
        const JobControl job;
        const auto cache = captured(kRows);
        const auto errorOf = [&](const QString& step) {
            const auto method
                = makeCompressor(parseSpec(("fisher:metric=next_token,step=" + step + tinyModel()).toStdString()));
            const auto decoded = method->decode(method->encode(*cache, {}, { job }), { job });
            return (decoded->layer(1).value - cache->layer(1).value).square().mean().item<double>();
        };
        QVERIFY2(errorOf("0.5") <= errorOf("20"), "cut levels");
        const QString reason = refusalOf([&] { errorOf("0.01"); });
        QVERIFY2(reason.startsWith("fisher: step=0.01 is too fine for this cache: it takes levels above"),
            qPrintable(reason));
    }

    /// From many components to one to none: the last one's vector is coded most coarsely, and all its entries are
    /// alike.
    void coarseSteps()
    {
        const JobControl job;
        const auto generated = std::dynamic_pointer_cast<const KvCache>(
            generateCache({ .layers = 1, .kvHeads = 1, .seq = 64, .headDim = 64, .dtype = DType::F32 }));
        const auto cache = std::make_shared<Moved>(
            generated, 0, false, 50 * at::randn({ 1, 1, 64, 1 }, at::make_generator<at::CPUGeneratorImpl>(1)));
        for (double step = 5; step <= 400; step *= 1.05) {
            const auto method = makeCompressor(parseSpec("fisher:metric=plain,step=" + std::to_string(step)));
            const QString reason = refusalOf([&] {
                const auto decoded = method->decode(method->encode(*cache, {}, { job }), { job });
                QVERIFY(at::isfinite(decoded->layer(0).value).all().item<bool>());
            });
            QVERIFY2(reason.isEmpty(), qPrintable(QString("step %1: %2").arg(step).arg(reason)));
        }
    }

    void targetsAreMet()
    {
        const JobControl job;
        const auto cache = captured(kRows + kPredict);
        for (const double ratio : { 0.15, 0.2, 0.25, 0.3, 0.4, 0.6 }) {
            const auto method
                = makeCompressor(parseSpec("fisher:metric=plain,compression_ratio=" + std::to_string(ratio)));
            const EncodedCache encoded = method->encode(*cache, {}, { job });
            const double met = double(encoded.fileBytes()) / double(cache->info().referenceBytes());
            QVERIFY2(std::abs(met / ratio - 1) < 0.02, qPrintable(QString::number(met)));
            const MethodSpec found = parseSpec(encoded.header.spec); // what decode knows
            QCOMPARE(found.params.real("compression_ratio"), 0.0);
            QVERIFY(found.params.real("step") != 5);
        }
        // The divergence of what is decoded from the bytes, measured here again.
        const ModelPtr model = openSharedModel(tinyPath());
        const auto method = makeCompressor(parseSpec("fisher:metric=plain,kl=0.01,model=" + tinyPath()));
        const EncodedCache encoded = method->encode(*cache, {}, { job });
        const auto decoded = makeCompressor(parseSpec(encoded.header.spec))->decode(encoded, { job });
        const double kl = NextTokenDivergence(model->llama(), *cache, (kRows + kPredict) / 4, job).of(*decoded, job);
        QVERIFY2(std::abs(kl / 0.01 - 1) < 0.1, qPrintable(QString::number(kl)));
    }

    void targetsThatNothingReaches_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<bool>("named");
        QTest::addColumn<QString>("reason");
        QTest::newRow("less than the header") << "fisher:metric=plain,compression_ratio=0.0001" << true
                                              << "compression_ratio=1e-04 is not reached: step=10000 gives";
        QTest::newRow("two") << "fisher:compression_ratio=0.1,kl=0.1" << true << "are two targets";
        QTest::newRow("no tokens") << "fisher:kl=0.1,model=" + QString::fromStdString(tinyPath()) << false
                                   << "kl needs the next tokens of a model";
    }
    void targetsThatNothingReaches()
    {
        QFETCH(QString, spec);
        QFETCH(bool, named);
        QFETCH(QString, reason);
        const JobControl job;
        std::shared_ptr<const KvCache> cache = captured(kRows + kPredict);
        if (!named)
            cache = std::make_shared<Nameless>(cache);
        const auto method = makeCompressor(parseSpec(spec.toStdString()));
        const QString said = refusalOf([&] {
            method->accept(cache->info());
            (void)method->encode(*cache, {}, { job });
        });
        QVERIFY2(said.contains(reason), qPrintable(said));
    }

    /// At equal bytes, and small errors, the output of attention is nearer to what it was.
    void queriesAsTheMetric()
    {
        const CachePtr cache = generateCache({ .layers = 2, .kvHeads = 2, .seq = 512, .headDim = 64, .queryHeads = 4 });
        const auto measured = [&](const char* metric) {
            EvaluationRequest request;
            request.cache = cache;
            request.method = parseSpec(std::string("fisher:compression_ratio=0.6,metric=") + metric);
            return evaluate(request);
        };
        const EvaluationResult queries = measured("queries"), plain = measured("plain");
        QVERIFY(std::abs(queries.compressionRatio() / plain.compressionRatio() - 1) < 0.02);
        QVERIFY2(queries.quality.attentionError < 0.9 * plain.quality.attentionError,
            qPrintable(QString("%1 and %2").arg(queries.quality.attentionError).arg(plain.quality.attentionError)));
    }

    void queriesThatAreMissing()
    {
        const CachePtr cache = generateCache({ .layers = 1, .queries = 0 });
        const auto method = makeCompressor(parseSpec("fisher:metric=queries"));
        const QString said = refusalOf([&] { method->accept(cacheInfo(*cache)); });
        QVERIFY2(said.contains("needs the dump's queries"), qPrintable(said));
        CalibrationRequest request;
        request.caches.push_back(captured(kRows, 0, 16));
        request.method = parseSpec("fisher:metric=queries");
        const QString refused = refusalOf([&] { calibrateFile(request, m_folder.filePath("no").toStdString()); });
        QVERIFY2(refused.contains("takes next_token, plain or auto"), qPrintable(refused));
    }

    void queriesChangeSteps()
    {
        const JobControl job;
        const auto method = makeCompressor(parseSpec("fisher:metric=plain"));
        const auto with = method->encode(*captured(kRows, 0, 16), {}, { job });
        const auto without = method->encode(*captured(kRows), {}, { job });
        QVERIFY(with.layers[0].has("k.steps") && with.layers[0].has("v.steps"));
        QVERIFY(!without.layers[0].has("k.steps"));
        const auto back = method->decode(with, { job });
        QVERIFY(!at::equal(back->layer(0).key, method->decode(without, { job })->layer(0).key));
    }
};

PIKV_TEST(FisherTest)
#include "fisher_test.moc"
