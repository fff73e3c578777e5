// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps whose container is sound: what they say, and what they lack.
#include "core/cache/crossattention.h"
#include "core/formats/formatregistry.h"
#include "core/formats/nativedump.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QTest>
#include <numeric>

using namespace pikv;

class DumpsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nativeDumpIsRead();
    void unusualShapesAreRead_data();
    void unusualShapesAreRead();
    void badDumpsAreRefused_data();
    void badDumpsAreRefused();
    void ropeIsFound_data();
    void ropeIsFound();
    void badMetadataIsRefused_data();
    void badMetadataIsRefused();
    void namesOfOthersAreKnown_data();
    void namesOfOthersAreKnown();
    void stackedTensorsAreCut();
    void namesTellCrossAttention_data();
    void namesTellCrossAttention();
    void anEncodersIdsAreNotTheDecoders();
    void otherFilesAreNamed_data();
    void otherFilesAreNamed();
};

void DumpsTest::nativeDumpIsRead()
{
    Dump dump { { "input_ids I64 2,3", "positions I64 3", "query_positions I64 2", "layers.1.value F32 2,2,3,8",
        "layers.0.key F16 2,2,3,4", "layers.0.value BF16 2,2,3,8", "layers.1.key F16 2,2,3,4",
        "layers.0.query F32 2,4,2,4", "layers.1.query F32 2,4,2,4", "importance F32 2,3", "attention_mask I64 2,3",
        "something.else F32 7" } };
    dump.metadata
        = R"({"kv_format":"pikv-kv-1","model":"m","text":"t","axes":"batch,kv_head,seq,head_dim","mine":"kept"})";
    const DumpLayout layout = read(dump.bytes({ { "input_ids", { 1, 2, 3, 4, 5, 6 } }, { "positions", { 7, 8, 9 } },
        { "query_positions", { 8, 9 } }, { "attention_mask", { 1, 2, 3, 4, 5, 0 } } }));
    const CacheInfo& info = layout.info;
    QVERIFY(info.layers[0] == (LayerShape { 2, 2, 3, 4, 8, 4, 2, 0, DType::F16, DType::BF16, DType::F32 }));
    QVERIFY(info.layers[1] == (LayerShape { 2, 2, 3, 4, 8, 4, 2, 0, DType::F16, DType::F32, DType::F32 }));
    QCOMPARE(info.tokenIds, (std::vector<std::int64_t> { 1, 2, 3, 4, 5, 6 }));
    QCOMPARE(info.positions, (std::vector<std::int64_t> { 7, 8, 9 }));
    QCOMPARE(info.queryPositions, (std::vector<std::int64_t> { 8, 9 }));
    QVERIFY(info.hasImportance);
    QCOMPARE(info.visible, (std::vector<std::uint8_t> { 1, 1, 1, 1, 1, 0 }));
    QCOMPARE(info.elements(), std::int64_t(2 * 2 * 5 * 12));
    QCOMPARE(info.model, std::string("m"));
    QCOMPARE(info.text, std::string("t"));
    QVERIFY(info.metadata == (std::map<std::string, std::string> { { "mine", "kept" } }));
}

void DumpsTest::unusualShapesAreRead_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<int>("seq");
    QTest::newRow("one token") << QStringList { "layers.0.key F16 1,1,1,1", "layers.0.value F16 1,1,1,1" } << 1;
    QTest::newRow("head_dim not a multiple of 32")
        << QStringList { "layers.0.key F16 1,3,9,80", "layers.0.value F16 1,3,9,7" } << 9;
    QTest::newRow("sliding layer keeps the last tokens") << QStringList { "layers.0.key F16 1,1,4,8",
        "layers.0.value F16 1,1,4,8", "layers.1.key F16 1,1,9,8", "layers.1.value F16 1,1,9,8", "positions I64 9" }
                                                         << 9;
    QTest::newRow("layers of unequal heads") << QStringList { "layers.0.key F16 1,1,4,8", "layers.0.value F16 1,1,4,8",
        "layers.1.key F16 1,2,4,8", "layers.1.value F16 1,2,4,8" }
                                             << 4;
}

void DumpsTest::unusualShapesAreRead()
{
    QFETCH(QStringList, tensors);
    QFETCH(int, seq);
    QCOMPARE(read(Dump { tensors }.bytes()).info.seq(), std::int64_t(seq));
}

void DumpsTest::badDumpsAreRefused_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* name, const QStringList& tensors, const char* named) {
        QTest::newRow(name) << tensors << QString(named);
    };
    row("nothing", {}, "no tensor 'layers.0.key'");
    row("unknown names", { "a F16 1" }, "no tensor 'layers.0.key'");
    row("no value", { "layers.0.key F16 1,2,3,4" }, "layer 0 has no value");
    row("no key", { "layers.0.value F16 1,2,3,4" }, "layer 0 has no key");
    row("queries alone", { "layers.0.query F16 1,2,3,4" }, "layer 0 has no key");
    row("layer above its bound", oneLayer + QStringList { "layers.4096.key F16 1" }, "limit of 4096");
    row("layer number overflows", oneLayer + QStringList { "layers.99999999999999999999.key F16 1" }, "limit of 4096");
    row("layer twice", oneLayer + QStringList { "layers.00.key F16 1,2,3,4" }, "same part of layer 0");
    row("rank 3", { "layers.0.key F16 2,3,4", "layers.0.value F16 2,3,4" }, "3 dimensions where 4");
    row("rank 5", { "layers.0.key F16 1,1,2,3,4", "layers.0.value F16 1,1,2,3,4" }, "5 dimensions where 4");
    row("no tokens", { "layers.0.key F16 1,2,0,4", "layers.0.value F16 1,2,0,4" }, "none of its 1 layer");
    row("latent cache", { "layers.0.key BF16 1,1,40,570", "layers.0.value BF16 1,1,40,0" }, "570 channels are none of");
    row("values without channels", { "layers.0.key BF16 1,2,40,64", "layers.0.value BF16 1,2,40,0" },
        "values without channels");
    row("mask hides a sequence", { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,3,4", "attention_mask U8 1,3" },
        "hides every token of sequence 0");
    row("integer keys", { "layers.0.key I64 1,2,3,4", "layers.0.value F16 1,2,3,4" },
        "a type that keys and values cannot have");
    row("fp8 values", { "layers.0.key F16 1,2,3,4", "layers.0.value F8_E4M3 1,2,3,4" }, "f8_e4m3 has a type");
    row("seq disagrees", { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,5,4" }, "disagree");
    row("heads disagree", { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,1,3,4" }, "disagree");
    row("batch disagrees", oneLayer + QStringList { "layers.1.key F16 2,2,3,4", "layers.1.value F16 2,2,3,4" },
        "batch of 2 but layer 0 has 1");
    row("query heads no multiple", oneLayer + QStringList { "layers.0.query F16 1,3,1,4", "query_positions I64 1" },
        "does not fit its key");
    row("query head_dim", oneLayer + QStringList { "layers.0.query F16 1,2,1,5", "query_positions I64 1" },
        "does not fit its key");
    row("no query positions", oneLayer + QStringList { "layers.0.query F16 1,2,1,4" }, "no tensor 'query_positions'");
    row("query positions disagree", oneLayer + QStringList { "layers.0.query F16 1,2,1,4", "query_positions I64 2" },
        "'query_positions' is [2]");
    row("queries in one layer",
        oneLayer
            + QStringList { "layers.0.query F16 1,2,1,4", "layers.1.key F16 1,2,3,4", "layers.1.value F16 1,2,3,4",
                "query_positions I64 1" },
        "layer 1 has 0 query rows");
    row("keep disagrees", oneLayer + QStringList { "layers.0.keep U8 1,2,4" }, "one flag for each key row");
    row("keep is f32", oneLayer + QStringList { "layers.0.keep F32 1,2,3" }, "one flag for each key row");
    row("too few ids", oneLayer + QStringList { "input_ids I64 1,2" }, "'input_ids' is [1, 2] i64");
    row("ids are floats", oneLayer + QStringList { "input_ids F32 1,3" }, "'input_ids'");
    row("positions disagree", oneLayer + QStringList { "positions I64 4" }, "'positions'");
    row("importance disagrees", oneLayer + QStringList { "importance F32 3" }, "'importance'");
    row("mask disagrees", oneLayer + QStringList { "attention_mask F32 1,3" }, "'attention_mask'");
}

void DumpsTest::badDumpsAreRefused()
{
    QFETCH(QStringList, tensors);
    QFETCH(QString, named);
    const QString message = refusal(Dump { tensors }.bytes());
    QVERIFY2(message.contains(named) && message.startsWith("dump.safetensors"), qPrintable(message));
    QVERIFY(refusal(Dump { oneLayer + QStringList { "positions I64 3" } }.bytes({ { "positions", { 0, -1, 2 } } }))
                .contains("holds -1 at index 1"));
}

void DumpsTest::ropeIsFound_data()
{
    QTest::addColumn<QString>("metadata");
    QTest::addColumn<double>("theta");
    QTest::addColumn<QString>("scaling");
    QTest::addColumn<int>("dim");
    QTest::newRow("nothing said") << "" << 0.0 << "" << 0;
    QTest::newRow("explicit") << R"("rope_theta":"500000","rope_dim":"2","rope_scaling":"none")" << 500000.0 << "none"
                              << 2;
    QTest::newRow("explicit rule") << R"("rope_theta":"1e4","rope_scaling":"{\"factor\":8.0,\"rope_type\":\"llama3\"}")"
                                   << 10000.0 << R"({"factor":8.0,"rope_type":"llama3"})" << 0;
    QTest::newRow("config of version 4") << R"("config":"{\"rope_theta\":100000,\"rope_scaling\":null}")" << 100000.0
                                         << "none" << 0;
    QTest::newRow("config of version 5")
        << R"("config":"{\"rope_parameters\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"}}")" << 1e6 << "none"
        << 0;
    QTest::newRow("scaled, version 5")
        << R"("config":"{\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"yarn\"}}")" << 1e4
        << R"({"rope_theta":10000.0,"rope_type":"yarn"})" << 0;
    QTest::newRow("old name of the rule")
        << R"("config":"{\"rope_theta\":1e4,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}")" << 1e4
        << R"({"factor":2,"type":"linear"})" << 0;
    QTest::newRow("default of llama") << R"("config":"{\"model_type\":\"llama\"}")" << 10000.0 << "none" << 0;
    QTest::newRow("no rope in gpt2") << R"("config":"{\"model_type\":\"gpt2\"}")" << 0.0 << "none" << 0;
    QTest::newRow("inner config") << R"("config":"{\"text_config\":{\"rope_theta\":42}}")" << 42.0 << "none" << 0;
    QTest::newRow("partial rotation")
        << R"("config":"{\"rope_theta\":10,\"head_dim\":64,\"partial_rotary_factor\":0.25}")" << 10.0 << "none" << 16;
    const auto config = [](const char* type, const char* rest) {
        return QString(R"("config":"{\"model_type\":\"%1\",\"rope_theta\":10,\"head_dim\":64%2}")").arg(type, rest);
    };
    QTest::newRow("half of a head by default") << config("phi", "") << 10.0 << "none" << 32;
    QTest::newRow("a quarter of a head by default") << config("stablelm", "") << 10.0 << "none" << 16;
    QTest::newRow("GPT-NeoX's words") << config("gpt_neox", R"(,\"rotary_pct\":0.5)") << 10.0 << "none" << 32;
    QTest::newRow("explicit wins") << R"("config":"{\"rope_theta\":10}","rope_theta":"20")" << 20.0 << "none" << 0;
}

void DumpsTest::ropeIsFound()
{
    QFETCH(QString, metadata);
    QFETCH(double, theta);
    QFETCH(QString, scaling);
    QFETCH(int, dim);
    const QString extra = metadata.isEmpty() ? "" : "," + metadata;
    const Dump dump { oneLayer, R"({"kv_format":"pikv-kv-1","key_rope":"post","rope_layout":"half")" + extra + "}" };
    const RopeInfo rope = read(dump.bytes()).info.rope;
    QVERIFY(rope.state == RopeInfo::State::Post && rope.layout == RopeInfo::Layout::Half);
    QCOMPARE(rope.theta.value_or(0), theta);
    QCOMPARE(QString::fromStdString(rope.scaling), scaling);
    QCOMPARE(rope.dim, dim);
    QCOMPARE(rope.invertible(), theta > 0 && !scaling.contains("yarn"));
}

void DumpsTest::badMetadataIsRefused_data()
{
    QTest::addColumn<QString>("metadata");
    QTest::addColumn<QString>("named");
    QTest::newRow("axes") << R"("axes":"batch,seq,kv_head,head_dim")"
                          << "axes";
    QTest::newRow("key_rope") << R"("key_rope":"maybe")"
                              << "key_rope is 'maybe'";
    QTest::newRow("rope_layout") << R"("rope_layout":"neox")"
                                 << "rope_layout is 'neox'";
    QTest::newRow("theta is no number") << R"("rope_theta":"1e4x")"
                                        << "rope_theta is '1e4x'";
    QTest::newRow("theta infinite") << R"("rope_theta":"inf")"
                                    << "rope_theta";
    QTest::newRow("theta negative") << R"("rope_theta":"-1")"
                                    << "above 0";
    QTest::newRow("dim odd") << R"("rope_dim":"3")"
                             << "rope_dim is 3";
    QTest::newRow("dim negative") << R"("rope_dim":"-2")"
                                  << "rope_dim is -2";
    QTest::newRow("scaling") << R"("rope_scaling":"{")"
                             << "rope_scaling is not valid JSON";
    QTest::newRow("config is no JSON") << R"("config":"{x}")"
                                       << "config is not valid JSON";
    QTest::newRow("config is a list") << R"("config":"[]")"
                                      << "config is not a JSON object";
    QTest::newRow("config nests") << QString(R"("config":"%1")").arg(QString("[").repeated(100000))
                                  << "more than 64 deep";
}

void DumpsTest::badMetadataIsRefused()
{
    QFETCH(QString, metadata);
    QFETCH(QString, named);
    const QString message = refusal(Dump { oneLayer, R"({"kv_format":"pikv-kv-1",)" + metadata + "}" }.bytes());
    QVERIFY2(message.contains(named), qPrintable(message));
}

void DumpsTest::namesOfOthersAreKnown_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    for (const auto& [key, value] : std::initializer_list<std::pair<const char*, const char*>> {
             { "past_key_values.%1.key", "past_key_values.%1.value" }, { "present.%1.key", "present.%1.value" },
             { "layers.%1.keys", "layers.%1.values" }, { "layers.%1.k", "layers.%1.v" },
             { "layer_%1_key", "layer_%1_value" }, { "layer_%1_k", "layer_%1_v" }, { "key_cache.%1", "value_cache.%1" },
             { "key_%1", "value_%1" }, { "k_%1", "v_%1" }, { "K.%1", "V.%1" }, { "%1.0", "%1.1" },
             { "%1_keys", "%1_values" }, { "cache_k_l%1", "cache_v_l%1" },
             { "model.layers.%1.self_attn.k_cache", "model.layers.%1.self_attn.v_cache" } })
        QTest::newRow(key) << key << value;
}

void DumpsTest::namesOfOthersAreKnown()
{
    QFETCH(QString, key);
    QFETCH(QString, value);
    Dump dump { {}, "null" };
    for (int i : { 10, 3, 0, 1, 2, 4, 5, 6, 7, 8, 9 }) {
        dump.tensors << key.arg(i) + QString(" F16 1,2,%1,4").arg(i + 1);
        dump.tensors << value.arg(i) + QString(" F16 2,%1,4").arg(i + 1);
    }
    const DumpLayout layout = read(dump.bytes());
    QCOMPARE(layout.layers.size(), std::size_t(11));
    for (std::size_t i = 0; i < 11; ++i) {
        QCOMPARE(QString::fromStdString(layout.layers[i].key.name), key.arg(i));
        QCOMPARE(QString::fromStdString(layout.layers[i].value.name), value.arg(i));
        QCOMPARE(layout.info.layers[i].seq, std::int64_t(i + 1));
    }
}

void DumpsTest::stackedTensorsAreCut()
{
    const Bytes two = Dump { { "keys F16 3,2,1,5,4", "values F32 3,2,1,5,6" }, "null" }.bytes();
    const DumpLayout layout = read(two);
    QCOMPARE(layout.layers.size(), std::size_t(3));
    QVERIFY(layout.info.layers[2] == (LayerShape { 2, 1, 5, 4, 6, 0, 0, 0, DType::F16, DType::F32 }));
    const std::uint64_t data = two.size() - 3 * 10 * (4 * 2 + 6 * 4);
    QCOMPARE(layout.layers[2].key.begin, data + 2 * 10 * 4 * 2);
    QCOMPARE(layout.layers[1].value.begin, data + 3 * 10 * 4 * 2 + 10 * 6 * 4);

    const DumpLayout one = read(Dump { { "kv F16 2,2,1,3,5,4" }, "null" }.bytes());
    QCOMPARE(one.layers.size(), std::size_t(2));
    QCOMPARE(one.layers[1].value.begin - one.layers[0].key.begin, std::uint64_t(3 * 60 * 2));
    QVERIFY(refusal(Dump { { "keys F16 3,2,1,5,4", "values F32 2,2,1,5,6" }, "null" }.bytes())
                .contains("layer 2 has no value"));
    QVERIFY(refusal(Dump { { "keys F16 5000,1,1,1", "values F16 5000,1,1,1" }, "null" }.bytes())
                .contains("outside 1 to 4096"));
}

void DumpsTest::namesTellCrossAttention_data()
{
    QTest::addColumn<QString>("own"); ///< "": the file has the cross-attention's alone
    QTest::addColumn<QString>("cross");
    QTest::newRow("ONNX") << "past_key_values.%1.decoder.%2"
                          << "past_key_values.%1.encoder.%2";
    QTest::newRow("modules") << "decoder.layers.%1.self_attn.%2"
                             << "decoder.layers.%1.encoder_attn.%2";
    QTest::newRow("plain") << "layers.%1.%2"
                           << "cross.layers.%1.%2";
    QTest::newRow("alone") << ""
                           << "layers.%1.cross_attention.%2";
}

void DumpsTest::namesTellCrossAttention()
{
    QFETCH(QString, own);
    QFETCH(QString, cross);
    Dump dump { {}, "null" };
    for (int layer : { 0, 1 })
        for (const char* part : { "key", "value" }) {
            if (!own.isEmpty())
                dump.tensors << own.arg(layer).arg(part) + " F16 1,2,3,4";
            dump.tensors << cross.arg(layer).arg(part) + " F16 1,2,5,4";
        }
    const Bytes bytes = dump.bytes();
    const MemorySource source(bytes, "dump.safetensors");
    const auto infoOf = [&](const Told& told) {
        const FormatProbe probe(source, {}, told);
        return detectFormat(probe).read(probe).info;
    };
    if (own.isEmpty()) {
        const CacheInfo info = infoOf({});
        QVERIFY(isCross(info) && info.parts.empty() && info.notes.empty() && info.seq() == 5);
        return;
    }
    const CacheInfo usual = infoOf({}), chosen = infoOf({ { "part", "cross" } });
    QVERIFY(!isCross(usual) && usual.part == "self" && usual.seq() == 3 && usual.notes.size() == 1);
    QVERIFY(isCross(chosen) && chosen.part == "cross" && chosen.seq() == 5 && chosen.notes.empty());
    QCOMPARE(chosen.parts.size(), std::size_t(2));
    QVERIFY(infoOf({ { "part", "self" } }).notes.empty());
}

/// They would fit by their number.
void DumpsTest::anEncodersIdsAreNotTheDecoders()
{
    Dump dump { { "past_key_values.0.decoder.key F16 1,2,3,4", "past_key_values.0.decoder.value F16 1,2,3,4",
                    "past_key_values.0.encoder.key F16 1,2,3,4", "past_key_values.0.encoder.value F16 1,2,3,4",
                    "input_ids I64 1,3" },
        "null" };
    const CacheInfo info = read(dump.bytes({ { "input_ids", { 5, 6, 7 } } })).info;
    QVERIFY(info.tokenIds.empty());
    QVERIFY2(
        info.notes.back().find("would be called decoder_input_ids") != std::string::npos, info.notes.back().c_str());
}

void DumpsTest::otherFilesAreNamed_data()
{
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* name, const QByteArray& start, const char* named) {
        QTest::newRow(name) << start + QByteArray(100, '\0') << QString(named);
    };
    QTest::newRow("empty") << QByteArray() << "is empty";
    row("GGUF", "GGUF\3", "GGUF model, not a KV cache");
    row("old ggml", "tjgg", "before GGUF");
    row("llama.cpp session", "nsgg", "llama.cpp session");
    row("llama.cpp slot", "qsgg", "llama.cpp slot");
    row("npy", "\x93NUMPY\1", "has a header that lacks '{'");
    row("zip", "PK\3\4", "the zip archive has no end record");
    row("old torch.save", QByteArray::fromHex("80028a0a6cfc9c46f9206aa850192e"), "torch.save in its old form");
    row("pickle", QByteArray::fromHex("8004955a"), "Python pickle");
    row("text", "Once upon a time", "no safetensors file");
    const auto bytes
        = [](const Bytes& b) { return QByteArray(reinterpret_cast<const char*>(b.data()), qsizetype(b.size())); };
    QTest::newRow("model weights") << bytes(
        Dump { { "model.embed_tokens.weight BF16 3,4", "model.layers.0.self_attn.k_proj.weight BF16 4,4" }, "null" }
            .bytes()) << "holds a model's weights";
    QTest::newRow("other tensors") << bytes(Dump { { "image F32 3,4" }, "null" }.bytes())
                                   << "named like a key or value";
    QTest::newRow("newer version") << bytes(Dump { oneLayer, R"({"kv_format":"pikv-kv-9"})" }.bytes())
                                   << "'pikv-kv-9', which this version";
}

void DumpsTest::otherFilesAreNamed()
{
    QFETCH(QByteArray, content);
    QFETCH(QString, named);
    const QString message = refusal(
        Bytes(reinterpret_cast<const std::byte*>(content.begin()), reinterpret_cast<const std::byte*>(content.end())));
    QVERIFY2(message.contains(named) && message.startsWith("dump.safetensors"), qPrintable(message));
}

PIKV_TEST(DumpsTest)
#include "dumps_test.moc"
