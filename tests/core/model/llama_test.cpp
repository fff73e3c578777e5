// SPDX-License-Identifier: GPL-3.0-or-later
// Golden values: tests/data/model/make_tiny.py and make_golden.py (transformers in float32, the same dequantised
// weights).
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "core/model/languagemodel.h"
#include "core/model/llama.h"
#include "core/model/prefill.h"
#include "goldenfile.h"
#include "modeldata.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <QFileInfo>
#include <QTest>

using namespace pikv;

namespace {

std::string tinyPath(const char* kind)
{
    const QString base = testPath(QString("model/tiny-%1").arg(kind));
    return (QFileInfo(base).isDir() ? base : base + ".gguf").toStdString();
}

double largestDifference(const at::Tensor& a, const at::Tensor& b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor prefillLogits(const LanguageModel& model, const std::vector<std::int64_t>& ids, int chunk)
{
    KvBuffer buffer(model.config(), std::int64_t(ids.size()));
    std::vector<at::Tensor> rows;
    for (std::size_t from = 0; from < ids.size(); from += std::size_t(chunk)) {
        const auto count = std::min(std::size_t(chunk), ids.size() - from);
        const at::Tensor hidden
            = runTokens(model.llama(), std::span(ids).subspan(from, count), buffer, std::int64_t(count), {});
        rows.push_back(model.llama().logits(hidden));
    }
    return at::cat(rows);
}

} // namespace

class LlamaTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tinyModels_data()
    {
        QTest::addColumn<QString>("kind");
        for (const char* kind : { "llama", "linear", "qwen2", "qwen3", "llama3" })
            QTest::newRow(kind) << QString(kind);
    }
    void tinyModels()
    {
        QFETCH(QString, kind);
        const ModelPtr model = openModel(tinyPath(qPrintable(kind)));
        const GoldenFile golden(testPath("model/tiny-" + kind + ".golden.safetensors"));
        const std::vector<std::int64_t> ids = golden.integers("input_ids");
        const at::Tensor expected = golden.tensor("logits");
        for (const int chunk : { 40, 1, 7 }) {
            const at::Tensor logits = prefillLogits(*model, ids, chunk);
            QCOMPARE(logits.sizes(), expected.sizes());
            QVERIFY2(largestDifference(logits, expected) < 1e-3,
                qPrintable(QString::number(largestDifference(logits, expected))));
            QVERIFY(logits.argmax(-1).equal(expected.argmax(-1)));
        }
        const CachePtr cache = captureCache({ model, ids, 6, DType::F32 });
        QCOMPARE(cacheInfo(*cache).queryPositions, (std::vector<std::int64_t> { 34, 35, 36, 37, 38, 39 }));
        for (int i = 0; i < cache->layerCount(); ++i) {
            const LayerKv layer = cache->layer(i);
            const std::string prefix = "layers." + std::to_string(i) + ".";
            QVERIFY(largestDifference(layer.key, golden.tensor(prefix + "key")) < 1e-4);
            QVERIFY(largestDifference(layer.value, golden.tensor(prefix + "value")) < 1e-4);
            QVERIFY(largestDifference(layer.query, golden.tensor(prefix + "query")) < 1e-4);
        }
        QCOMPARE(modelMismatch(cacheInfo(*cache), *model), std::string());
    }

    /// Attention over the kept rows only must equal attention over a cache from which the others were cut out.
    void keepMask()
    {
        const at::Tensor key = at::randn({ 2, 20, 8 }), value = at::randn({ 2, 20, 8 }), query = at::randn({ 6, 3, 8 });
        const at::Tensor keep = at::rand({ 2, 20 }).gt(0.4);
        keep.narrow(1, 17, 3).fill_(true);
        const at::Tensor out = causalAttention(query, { key, value, keep });
        for (std::int64_t head = 0; head < 6; ++head) {
            for (std::int64_t i = 0; i < 3; ++i) {
                const at::Tensor rows = (keep[head / 3] * at::arange(20).le(17 + i)).nonzero().squeeze(1);
                const at::Tensor k = key[head / 3].index_select(0, rows), v = value[head / 3].index_select(0, rows);
                const at::Tensor weights = at::softmax(k.matmul(query[head][i]) / std::sqrt(8.0), 0);
                const at::Tensor got = out[i].narrow(0, head * 8, 8);
                QVERIFY(largestDifference(weights.matmul(v), got) < 1e-5);
            }
        }
        const at::Tensor all = at::ones({ 2, 20 }, at::kBool);
        QVERIFY(causalAttention(query, { key, value, all }).equal(causalAttention(query, { key, value, {} })));
        all.zero_(); // a token always sees itself: no NaN
        QVERIFY(largestDifference(causalAttention(query, { key, value, all })[2].narrow(0, 0, 8), value[0][19]) < 1e-6);
    }

    void refusesTokensAndPositions()
    {
        const ModelPtr model = openModel(tinyPath("llama"));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, {}, 0, DType::F16 }));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, { 320 }, 0, DType::F16 }));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, { -1 }, 0, DType::F16 }));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, std::vector<std::int64_t>(129, 5), 0, DType::F16 }));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, { 5 }, 2, DType::F16 }));
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, { 5 }, 0, DType::I64 }));
        std::stop_source stop;
        stop.request_stop();
        QVERIFY_THROWS_EXCEPTION(Error, captureCache({ model, { 5, 6 }, 0, DType::F16 }, JobControl(stop.get_token())));
        QVERIFY_THROWS_EXCEPTION(Error, openModel(tinyPath("llama"), JobControl(stop.get_token())));
    }

    void knowsAnotherModelsDump()
    {
        const ModelPtr model = openModel(tinyPath("llama"));
        const CacheInfo good = cacheInfo(*captureCache({ model, { 5, 6, 7 }, 0, DType::F16 }));
        const auto says = [&](const CacheInfo& info, const char* words) {
            const std::string reason = modelMismatch(info, *model);
            return reason.find(words) != std::string::npos;
        };
        CacheInfo other = good;
        other.model = "TINY-llama.Q8_0.gguf";
        QCOMPARE(modelMismatch(other, *model), std::string());
        other = good;
        other.positions = { 0, 1, 7 };
        QVERIFY(says(other, "row 2 stands at 7"));
        other = good;
        other.visible = { 0, 1, 1 };
        QVERIFY(says(other, "attention mask"));
        other = good;
        setCross(other, true);
        QVERIFY(says(other, "of cross-attention: its rows are an encoder's tokens"));
        other = good;
        other.layerNumbers = { 3, 7 };
        QVERIFY(says(other, "layers differ"));
        other = good;
        other.rope.scaling = R"({"rope_type":"llama3","factor":8})";
        QVERIFY(says(other, "RoPE scaling is 'llama3', the model's is 'none'"));
        other.rope.scaling = R"({"rope_type":"linear","factor":1})"; // another text for the same frequencies
        QCOMPARE(modelMismatch(other, *model), std::string());
        other = good;
        other.model = "tiny-qwen";
        QVERIFY(says(other, "'tiny-qwen'"));
        other = good;
        other.layers.pop_back();
        QVERIFY(says(other, "1 layers"));
        other = good;
        other.layers[0].kvHeads = 4;
        QVERIFY(says(other, "4 KV heads"));
        other = good;
        other.layers[1].valueDim = 32;
        QVERIFY(says(other, "32 channels"));
        other = good;
        other.rope.layout = RopeInfo::Layout::Interleaved;
        QVERIFY(says(other, "interleaved"));
        other = good;
        other.tokenIds.back() = 5000;
        QVERIFY(says(other, "token 5000"));
    }

    void smollm()
    {
        PIKV_NEEDS_MODEL();
        const ModelPtr model = openModel(realModel().toStdString());
        QCOMPARE(modelInfo(*model).layers, 30);
        QCOMPARE(modelInfo(*model).cacheBytesPerToken(), 23040);
        const GoldenFile golden(testPath("model/smollm2-128.golden.safetensors"));
        const std::vector<std::int64_t> ids = golden.integers("input_ids");
        QCOMPARE(ids.size(), std::size_t { 128 });
        QCOMPARE(tokenize(*model, golden.metadata("text"), 128).ids, ids);
        const at::Tensor logits = prefillLogits(*model, ids, 128);
        QVERIFY(logits.argmax(-1).equal(golden.tensor("argmax")));
        const at::Tensor columns = golden.tensor("columns"), expected = golden.tensor("logits");
        QVERIFY(largestDifference(logits.index_select(1, columns), expected) < 1e-3);
        QVERIFY(
            largestDifference(logits.logsumexp(std::vector<std::int64_t> { 1 }), golden.tensor("logsumexp")) < 1e-3);
    }

    void capturesWhatTheExporterDumped()
    {
        PIKV_NEEDS_MODEL();
        const CachePtr dump = openCache(PIKV_SOURCE_DIR "/resources/samples/smollm2-135m-256.safetensors");
        const ModelPtr model = openModel(realModel().toStdString());
        QCOMPARE(modelMismatch(cacheInfo(*dump), *model), std::string());
        const std::vector<std::int64_t> ids = cacheInfo(*dump).tokenIds;
        QCOMPARE(detokenize(*model, ids), cacheInfo(*dump).text); // transformers cuts digits of GGUF models its own way
        const CachePtr mine = captureCache({ model, ids, 32, DType::F16 });
        QCOMPARE(cacheInfo(*mine).layers, cacheInfo(*dump).layers);
        QCOMPARE(cacheInfo(*mine).text, cacheInfo(*dump).text);
        QCOMPARE(cacheInfo(*mine).queryPositions, cacheInfo(*dump).queryPositions);
        const auto agrees = [](const at::Tensor& a, const at::Tensor& b) { // one unit in the last place of f16, or 1e-3
            const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
            return ((x - y).abs() - y.abs() * 0x1p-10).max().item<double>() < 1e-3;
        };
        for (int i = 0; i < dump->layerCount(); ++i) {
            const LayerKv a = mine->layer(i), b = dump->layer(i);
            QVERIFY2(agrees(a.key, b.key) && agrees(a.value, b.value) && agrees(a.query, b.query),
                qPrintable(QString("layer %1").arg(i)));
        }
    }
};

PIKV_TEST(LlamaTest)
#include "llama_test.moc"
