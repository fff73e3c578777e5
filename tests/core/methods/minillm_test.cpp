// SPDX-License-Identifier: GPL-3.0-or-later
// minillm against the principal components that it begins with, its training and its refusals.
#include "core/codec/methods/minillm/attend.h"
#include "core/codec/methods/minillm/student.h"
#include "core/eval/evaluator.h"
#include "methodcases.h"
#include "testmain.h"
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <QTemporaryDir>
#include <QTest>
#include <c10/core/GradMode.h>
#include <map>

using namespace pikv;
using namespace pikvtest;

namespace {

/// Tokens [1, 2, seq, 32] on a curved surface: eight coordinates that wander along the sequence, and their products.
at::Tensor curvedTokens(std::int64_t seq)
{
    const at::Tensor steps = at::randn({ seq, 8 });
    for (std::int64_t t = 1; t < seq; ++t)
        steps.select(0, t).mul_(0.5).add_(steps.select(0, t - 1), 0.85);
    const at::Tensor products = (steps.unsqueeze(2) * steps.unsqueeze(1)).view({ seq, 64 });
    at::manual_seed(11); // the same surface for every sequence
    const at::Tensor turn = at::randn({ 72, 64 }), features = at::cat({ steps * 2, products * 0.5 }, 1);
    const at::Tensor rows = at::matmul(features, turn);
    return rows.view({ 1, seq, 2, 32 }).permute({ 0, 2, 1, 3 }).contiguous();
}

MemoryCache curvedCache(std::uint64_t seed, std::int64_t seq = 256)
{
    at::manual_seed(seed);
    const at::Tensor keys = curvedTokens(seq);
    at::manual_seed(seed + 100);
    return { CacheInfo {}, { { keys, curvedTokens(seq), {}, {} } } };
}

MemoryCache noiseCache()
{
    const at::Tensor noise = at::randn({ 1, 2, 512, 32 });
    return { CacheInfo {}, { { noise, noise.flip(2), {}, {} } } };
}

std::shared_ptr<KvCache> through(const std::string& spec, const KvCache& cache, const at::Tensor& importance = {})
{
    return decode(encode(*makeCompressor(parseSpec(spec)), cache, importance));
}

double valueError(const std::string& spec, const KvCache& cache)
{
    return relativeError(cache.layer(0).value, through(spec, cache)->layer(0).value);
}

at::Tensor rowsOf(const at::Tensor& heads)
{
    return heads.permute({ 0, 2, 1, 3 }).reshape({ -1, heads.size(1) * heads.size(3) }).to(at::kDouble);
}

} // namespace

class MiniLlmTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void noWorseThanPrincipalComponents_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>(
            "steps"); // few of them leave a student that barely pays: what is stored must be what was judged
        for (int size : { 4, 16, 40 })
            for (int bits : { 3, 4, 8, 16 })
                for (int steps : { 1, 10, 40 })
                    QTest::addRow("%d numbers of %d bits, %d steps", size, bits, steps) << size << bits << steps;
    }
    void noWorseThanPrincipalComponents()
    {
        QFETCH(int, size);
        QFETCH(int, bits);
        QFETCH(int, steps);
        GenerateOptions options = smallCache();
        options.layers = 1;
        options.seq = 200;
        options.dtype = DType::F32;
        const CachePtr cache = generateCache(options);
        const std::string spec = "minillm:rope=keep,sinks=0,basis_bits=16,student_size=" + std::to_string(size)
            + ",code_bits=" + std::to_string(bits) + ",steps=" + std::to_string(steps);
        const EncodedCache encoded = encode(*makeCompressor(parseSpec(spec)), *cache);
        const LayerKv original = cache->layer(0), back = decode(encoded)->layer(0);
        const std::size_t side = bits == 16 ? 0 : 2; // every component has a step
        QVERIFY(encoded.layers[0].get("k.codes").size() <= std::size_t(size) * (200 * std::size_t(bits) / 8 + side));
        for (const auto& [x, y] : { std::pair(original.key, back.key), std::pair(original.value, back.value) }) {
            const double optimum = principalError(rowsOf(x), size, bits);
            const double error = (rowsOf(x) - rowsOf(y)).square().sum().item<double>();
            QVERIFY2(
                error <= optimum * 1.0005, qPrintable(QString("%1 of the principal components'").arg(error / optimum)));
        }
    }

    void errorFallsAsTheStudentGrows_data()
    {
        QTest::addColumn<QString>("specs");
        QTest::newRow("student_size") << "minillm:student_size=[4,8,16,32,64]";
        QTest::newRow("code_bits") << "minillm:student_size=32,code_bits=[2,3,4,6,8]";
        QTest::newRow("hidden_size") << "minillm:student_size=8,hidden_size=[1,8,32]";
    }
    void errorFallsAsTheStudentGrows()
    {
        QFETCH(QString, specs);
        const MemoryCache cache = curvedCache(1);
        double error = 2;
        for (const MethodSpec& spec : expandSpec(specs.toStdString())) {
            const double now = valueError(printSpec(spec), cache);
            QVERIFY2(
                now < error, qPrintable(QString("%1: %2 after %3").arg(printSpec(spec).c_str()).arg(now).arg(error)));
            error = now;
        }
    }

    void studentRestoresWhatIsLost()
    {
        // lora with the same sizes is minillm's linear part.
        const MemoryCache cache = curvedCache(1, 1024);
        const double linear = valueError("lora:rank=8", cache);
        QVERIFY2(valueError("minillm:student_size=8", cache) < 0.8 * linear, qPrintable(QString::number(linear)));
        const double shallow = valueError("minillm:student_size=8,num_layers=1,steps=200", cache);
        QVERIFY(valueError("minillm:student_size=8,num_layers=4,steps=200", cache) < shallow);
    }

    void neighboursHelpCoarseCodes()
    {
        const MemoryCache cache = curvedCache(1, 1024);
        const std::string spec
            = "minillm:student_size=8,code_bits=2,steps=200,hidden_size=1,num_layers=1,use_attention=";
        QVERIFY(valueError(spec + "true", cache) < 0.98 * valueError(spec + "false", cache));
    }

    void neverEndsWorseThanItBegan_data()
    {
        QTest::addColumn<QString>("params");
        QTest::newRow("one step") << "steps=1";
        QTest::newRow("steps far too large") << "steps=30,learning_rate=1";
        QTest::newRow("coarse weights") << "decoder_bits=3,hidden_size=64,learning_rate=1";
        QTest::newRow("few tokens a step") << "batch_tokens=16,learning_rate=0.5";
    }
    void neverEndsWorseThanItBegan()
    {
        QFETCH(QString, params);
        at::manual_seed(2);
        const at::Tensor noise = at::randn({ 1, 2, 900, 32 }); // nothing to learn
        const MemoryCache cache({}, { { noise, noise.flip(2), {}, {} } });
        const double linear = valueError("lora:rank=16", cache);
        const double error = valueError("minillm:student_size=16," + params.toStdString(), cache);
        QVERIFY2(error <= linear * 1.000001, qPrintable(QString("%1 of the start").arg(error / linear)));
    }

    void layersWithoutAStudentGoThroughAFile()
    {
        at::manual_seed(2);
        const at::Tensor plain = at::full({ 1, 2, 256, 32 }, 2.5f), curved = curvedTokens(256);
        const MemoryCache cache({}, { { plain, curved, {}, {} }, { curved, plain, {}, {} } });
        const QTemporaryDir dir;
        const auto method = makeCompressor(parseSpec("minillm:student_size=16"));
        const RoundTrip trip = throughFile(*method, cache, dir.filePath("a.pikv").toStdString());
        QCOMPARE(trip.encoded.layers[0].get("k.student").size(), std::size_t(1));
        QVERIFY(trip.encoded.layers[0].get("v.student").size() > 1000);
        const auto direct = decode(encode(*method, cache));
        for (int i = 0; i < 2; ++i) {
            QVERIFY(at::equal(direct->layer(i).key, trip.decoded->layer(i).key));
            QVERIFY(at::equal(direct->layer(i).value, trip.decoded->layer(i).value));
        }
    }

    /// Learned on two sequences and used on a third: the student must not remember the two by heart.
    void calibratedStudentServesOthers()
    {
        const QTemporaryDir dir;
        const std::string file = dir.filePath("a.pikv-basis").toStdString();
        const auto error = [&](const std::string& spec, bool curved) {
            std::vector<std::shared_ptr<const KvCache>> from;
            at::manual_seed(8);
            for (std::uint64_t seed : { 1, 2 })
                from.push_back(std::make_shared<MemoryCache>(curved ? curvedCache(seed, 512) : noiseCache()));
            const JobControl job;
            makeCompressor(parseSpec(spec))->calibrate(from, {}, { job }).save(file);
            return valueError(spec + ",shared=" + file, curved ? curvedCache(3, 512) : noiseCache());
        };
        const std::string student = "minillm:steps=200,hidden_size=32,student_size=8";
        QVERIFY(error(student, true) < 0.85 * error("lora:rank=8", true));
        const double noise = error(student, false);
        QVERIFY(noise < 1.02 * error("lora:rank=8", false));
    }

    void lossIsReportedAndFalls()
    {
        std::map<std::string, std::vector<double>> losses;
        QString text;
        const JobControl job({}, [&](const Progress& p) {
            if (!p.training)
                return;
            QCOMPARE(p.training->step == 0, losses[p.training->curve].empty());
            losses[p.training->curve].push_back(p.training->loss);
            text = QString::fromStdString(p.stage);
        });
        const MemoryCache cache = curvedCache(3);
        makeCompressor(parseSpec("minillm:student_size=8"))->encode(cache, {}, { job });
        QCOMPARE(losses.size(), std::size_t(2));
        for (const auto& [curve, values] : losses) {
            QVERIFY(values.size() >= 3);
            QVERIFY2(values.back() < values.front(), curve.c_str());
        }
        QVERIFY2(text.startsWith("Loss 0."), qPrintable(text));
    }

    void trainingCanBeCancelled()
    {
        std::stop_source stop;
        int signs = 0;
        const JobControl job(stop.get_token(), [&](const Progress& p) {
            if (p.training && ++signs == 2)
                stop.request_stop();
        });
        const MemoryCache cache = curvedCache(4);
        try {
            makeCompressor(parseSpec("minillm:student_size=8,steps=10000"))->encode(cache, {}, { job });
            QFAIL("trained to the end");
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Cancelled);
            QVERIFY(signs <= 3); // keys and values are trained side by side
        }
    }

    void attentionGradientIsItsSlope()
    {
        const CodeAttention attention(5, 3);
        const std::int64_t tokens = 12;
        const at::Tensor codes = at::randn({ tokens, 5 }), byDelta = at::randn({ tokens, 5 });
        const at::Tensor reach = CodeRows::reachOf(2, 6, 3); // two sequences
        const at::Tensor params = at::randn({ attention.paramCount() });
        const at::Tensor learned = params.detach().requires_grad_(true); // shares its memory
        {
            const c10::AutoGradMode gradients(true);
            (attend(attention, codes, reach, learned) * byDelta).sum().backward();
        }
        const auto loss
            = [&] { return (attend(attention, codes, reach, params) * byDelta).to(at::kDouble).sum().item<double>(); };
        for (std::int64_t i = 0; i < params.numel(); ++i) {
            float& param = params.data_ptr<float>()[i];
            const float kept = param, step = 1e-2f;
            param = kept + step;
            const double above = loss();
            param = kept - step;
            const double slope = (above - loss()) / (2 * step);
            param = kept;
            const double found = learned.grad()[i].item<double>();
            QVERIFY2(std::abs(slope - found) < 0.01 * (1 + std::abs(slope)),
                qPrintable(QString("%1: %2 for %3").arg(i).arg(found).arg(slope)));
        }
    }

    void seedDecides()
    {
        const MemoryCache cache = curvedCache(5);
        const auto method = makeCompressor(parseSpec("minillm:student_size=8"));
        const auto sections = [&](std::uint64_t seed) {
            const JobControl job;
            return method->encode(cache, {}, { job, c10::kCPU, seed }).layers[0].all();
        };
        QVERIFY(sections(1) == sections(1));
        QVERIFY(sections(1) != sections(2));
    }

    void importanceMovesTheError()
    {
        const MemoryCache cache = curvedCache(6);
        at::Tensor importance = at::full({ 1, 256 }, 0.02f);
        importance.narrow(1, 100, 30).fill_(1.0f);
        const auto error = [&](const at::Tensor& weights, std::int64_t first, std::int64_t count) {
            const auto decoded = through("minillm:student_size=8", cache, weights)->layer(0).value;
            return relativeError(cache.layer(0).value.narrow(2, first, count), decoded.narrow(2, first, count));
        };
        QVERIFY(error(importance, 100, 30) < 0.8 * error({}, 100, 30));
        QVERIFY(error(importance, 130, 126) > error({}, 130, 126));
    }

    void badParametersAreRefused_data()
    {
        QTest::addColumn<QString>("spec");
        QTest::addColumn<QString>("named");
        QTest::newRow("larger than hidden")
            << "minillm:student_size=65"
            << "student_size=65 is above the hidden size of a token, kv_heads x head_dim = 64";
        QTest::newRow("no numbers") << "minillm:student_size=0"
                                    << "student_size";
        QTest::newRow("no layers") << "minillm:num_layers=0"
                                   << "num_layers";
        QTest::newRow("too many layers") << "minillm:num_layers=9"
                                         << "num_layers";
        QTest::newRow("unknown width") << "minillm:decoder_bits=5"
                                       << "decoder_bits";
        QTest::newRow("learning rate") << "minillm:learning_rate=2"
                                       << "learning_rate";
    }
    void badParametersAreRefused()
    {
        QFETCH(QString, spec);
        QFETCH(QString, named);
        QString reason;
        try {
            QVERIFY(!accepted(spec.toStdString(), generateCache(smallCache())->info(), reason));
        } catch (const Error& e) {
            QCOMPARE(e.kind(), ErrorKind::Usage);
            reason = QString::fromUtf8(e.what());
        }
        QVERIFY2(reason.contains(named), qPrintable(reason));
    }

private:
    /// Squared error of `size` principal components whose coefficients are quantised uniformly with `bits` each, from
    /// the textbook: unrounded directions, step at the best of many candidates.
    static double principalError(const at::Tensor& rows, int size, int bits)
    {
        const at::Tensor centred = rows - rows.mean(0);
        const at::Tensor directions = std::get<2>(at::linalg_svd(centred, false)).narrow(0, 0, size);
        const at::Tensor codes = at::matmul(centred, directions.t());
        double error = (centred - at::matmul(codes, directions)).square().sum().item<double>();
        if (bits == 16)
            return error;
        for (int i = 0; i < size; ++i) {
            const at::Tensor c = codes.select(1, i);
            double best = c.square().sum().item<double>();
            for (int k = 1; k <= 60; ++k) {
                const double step = c.abs().max().item<double>() * k / 30 / double(1 << (bits - 1));
                const at::Tensor levels = (c / step).floor().clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) + 0.5;
                best = std::min(best, (c - levels * step).square().sum().item<double>());
            }
            error += best;
        }
        return error;
    }
};

PIKV_TEST(MiniLlmTest)
#include "minillm_test.moc"
