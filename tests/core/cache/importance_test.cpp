// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/cache/importance.h"
#include "core/cache/kvcache.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <QTest>

using namespace pikv;

namespace {
class MaskedCache : public MemoryCache {
public:
    using MemoryCache::MemoryCache;
    at::Tensor mask;
    void setMask(const at::Tensor& visible)
    {
        mask = visible;
        const at::Tensor plain = visible.to(at::kByte).contiguous();
        m_info.visible.assign(plain.data_ptr<std::uint8_t>(), plain.data_ptr<std::uint8_t>() + plain.numel());
    }
};

constexpr int batch = 2, kvHeads = 2, queryHeads = 4, seq = 6, queries = 3, dim = 5;

/// Positions 2 … 7, queries at 3, 6 and 7: the first query sees two tokens only.
MaskedCache randomCache()
{
    at::manual_seed(7);
    CacheInfo info;
    info.positions = { 2, 3, 4, 5, 6, 7 };
    info.queryPositions = { 3, 6, 7 };
    std::vector<LayerKv> layers;
    for (int i = 0; i < 2; ++i)
        layers.push_back({ at::randn({ batch, kvHeads, seq, dim }), at::randn({ batch, kvHeads, seq, dim }),
            at::randn({ batch, queryHeads, queries, dim }), {} });
    return { info, layers };
}

/// The definition, written as loops: mean over the (layer, head, query) that see token t of attention x tokens seen.
double expectedAttention(const MaskedCache& cache, int b, int t)
{
    double sum = 0;
    int count = 0;
    for (int l = 0; l < cache.layerCount(); ++l) {
        const LayerKv layer = cache.layer(l);
        for (int h = 0; h < queryHeads; ++h)
            for (int q = 0; q < queries; ++q) {
                double total = 0, mine = 0;
                int seen = 0;
                for (int s = 0; s < seq; ++s) {
                    if (cache.info().positions[s] > cache.info().queryPositions[q]
                        || (cache.mask.defined() && !cache.mask[b][s].item<bool>()))
                        continue;
                    double dot = 0;
                    for (int c = 0; c < dim; ++c)
                        dot += layer.query[b][h][q][c].item<double>()
                            * layer.key[b][h * kvHeads / queryHeads][s][c].item<double>();
                    const double weight = std::exp(dot / std::sqrt(double(dim)));
                    total += weight;
                    ++seen;
                    if (s == t)
                        mine = weight;
                }
                if (mine > 0) {
                    sum += mine / total * seen;
                    ++count;
                }
            }
    }
    const double ratio = count ? sum / count : 1;
    return ratio / (1 + ratio);
}
}

class ImportanceTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void textRoundTrips_data();
    void textRoundTrips();
    void badTextIsRefused_data();
    void badTextIsRefused();
    void attentionFollowsItsDefinition_data();
    void attentionFollowsItsDefinition();
    void shortKeysMatter();
    void simpleSources();
    void paddingHasNone();
    void missingDataIsNamed();
};

void ImportanceTest::textRoundTrips_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("printed");
    for (const auto& source : importanceSources()) {
        const auto id = QString::fromUtf8(source.id.data(), qsizetype(source.id.size()));
        const bool level = source.source == ImportanceSpec::Source::Uniform;
        const bool seed = source.source == ImportanceSpec::Source::Random;
        QTest::newRow(qPrintable(id)) << id << id + (level ? ":0.5" : seed ? ":0" : "");
    }
    QTest::newRow("level") << "uniform:0.8"
                           << "uniform:0.8";
    QTest::newRow("seed") << "random:18446744073709551615"
                          << "random:18446744073709551615";
}

void ImportanceTest::textRoundTrips()
{
    QFETCH(QString, text);
    QFETCH(QString, printed);
    const ImportanceSpec spec = parseImportance(text.toStdString());
    QCOMPARE(QString::fromStdString(printImportance(spec)), printed);
    QVERIFY(parseImportance(printImportance(spec)) == spec);
}

void ImportanceTest::badTextIsRefused_data()
{
    QTest::addColumn<QString>("text");
    for (const char* text : { "", "atention", "uniform:", "uniform:1.5", "uniform:-0.1", "uniform:nan", "uniform:0.5x",
             "random:-1", "random:1.5", "recency:2", "none:", "attention:0.5" })
        QTest::newRow(text) << text;
}

void ImportanceTest::badTextIsRefused()
{
    QFETCH(QString, text);
    try {
        parseImportance(text.toStdString());
        QFAIL("accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Usage);
    }
}

void ImportanceTest::attentionFollowsItsDefinition_data()
{
    QTest::addColumn<bool>("padded");
    QTest::newRow("whole") << false;
    QTest::newRow("left padding in the second sequence") << true;
}

void ImportanceTest::attentionFollowsItsDefinition()
{
    QFETCH(bool, padded);
    MaskedCache cache = randomCache();
    if (padded) {
        at::Tensor mask = at::ones({ batch, seq }, at::kBool);
        mask[1][0] = mask[1][1] = false;
        cache.setMask(mask);
    }
    const std::vector<float> values = computeImportance(cache, { ImportanceSpec::Source::Attention }, {});
    QCOMPARE(values.size(), std::size_t(batch * seq));
    for (int b = 0; b < batch; ++b)
        for (int t = 0; t < seq; ++t) {
            const bool hidden = padded && b == 1 && t < 2;
            const double expected = hidden ? 0 : expectedAttention(cache, b, t);
            QVERIFY2(std::abs(values[b * seq + t] - expected) < 1e-5,
                qPrintable(QString("batch %1 token %2").arg(b).arg(t)));
        }
}

void ImportanceTest::shortKeysMatter()
{
    at::Tensor key = at::ones({ 1, 1, 4, 2 });
    const float lengths[] = { 3, 1, 4, 2 };
    for (int t = 0; t < 4; ++t)
        key[0][0][t].mul_(lengths[t]);
    const MemoryCache cache({}, { { key.to(at::kHalf), at::ones({ 1, 1, 4, 2 }), {}, {} } });
    const std::vector<float> values = computeImportance(cache, { ImportanceSpec::Source::KeyNorm }, {});
    QCOMPARE(values, (std::vector<float> { 1.0f / 3, 1.0f, 0.0f, 2.0f / 3 }));
}

void ImportanceTest::simpleSources()
{
    const MaskedCache cache = randomCache();
    QVERIFY(computeImportance(cache, {}, {}).empty());
    const auto uniform = computeImportance(cache, parseImportance("uniform:0.25"), {});
    QCOMPARE(uniform, std::vector<float>(batch * seq, 0.25f));
    const auto recency = computeImportance(cache, parseImportance("recency"), {});
    QCOMPARE(recency[seq - 1], 1.0f);
    QCOMPARE(recency[0], recency[seq]);
    for (int t = 1; t < seq; ++t)
        QVERIFY(recency[t] > recency[t - 1]);
    // From an independent SplitMix64: the generator must not change under a saved result.
    const auto random = computeImportance(cache, parseImportance("random:7"), {});
    QCOMPARE(random, computeImportance(cache, parseImportance("random:7"), {}));
    QVERIFY(random != computeImportance(cache, parseImportance("random:8"), {}));
    const std::vector<float> golden { 0.5243459343910217f, 0.3021389842033386f, 0.9409962296485901f };
    QCOMPARE((std::vector<float>(random.begin(), random.begin() + 3)), golden);
}

void ImportanceTest::paddingHasNone()
{
    MaskedCache cache = randomCache();
    at::Tensor mask = at::ones({ batch, seq }, at::kBool);
    mask[0][0] = false;
    cache.setMask(mask);
    for (const auto& source : importanceSources()) {
        if (source.source == ImportanceSpec::Source::None || source.source == ImportanceSpec::Source::Stored)
            continue;
        const auto values = computeImportance(cache, { source.source }, {});
        QCOMPARE(values[0], 0.0f);
        for (float value : values)
            QVERIFY(value >= 0 && value <= 1);
    }
}

void ImportanceTest::missingDataIsNamed()
{
    const MemoryCache cache({}, { { at::ones({ 1, 1, 1, 2 }), at::ones({ 1, 1, 1, 2 }), {}, {} } });
    for (const char* source : { "stored", "attention" }) {
        try {
            computeImportance(cache, parseImportance(source), {});
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Usage);
            QVERIFY(QString(error.what()).contains("the dump stores no"));
        }
    }
    // One token: every other source still works.
    QCOMPARE(computeImportance(cache, parseImportance("key_norm"), {}), std::vector<float> { 0.5f });
}

PIKV_TEST(ImportanceTest)
#include "importance_test.moc"
