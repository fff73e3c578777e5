// SPDX-License-Identifier: GPL-3.0-or-later
// What readers conclude from a dump's configuration and shapes, and what they say of it.
#include "core/formats/nativedump.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QTest>
#include <array>
#include <cmath>

using namespace pikv;

class AssumptionsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ropeDiffersByLayer_data();
    void ropeDiffersByLayer();
    void layersWithoutACacheKeepTheirNumbers();
    void swappedAxesAreTold_data();
    void swappedAxesAreTold();
    void repeatedHeadsAreReadOnce();
    void otherHeadsOfAConfigAreKnown_data();
    void otherHeadsOfAConfigAreKnown();
    void factorsAreApplied();
    void packedTensorsAreExplained_data();
    void packedTensorsAreExplained();
    void whatDoesNotFitIsSaid();
};

void AssumptionsTest::ropeDiffersByLayer_data()
{
    QTest::addColumn<QString>("config");
    QTest::addColumn<QList<double>>("bases"); ///< 0: not rotated
    const QString two = R"(\"layer_types\":[\"sliding_attention\",\"full_attention\"])";
    QTest::newRow("Gemma 3") << R"(\"model_type\":\"gemma3_text\",\"rope_theta\":1e6,\"rope_local_base_freq\":1e4,)"
            + two << QList<double> { 1e4, 1e6 };
    QTest::newRow("Gemma 3 before it listed its layers")
        << R"(\"rope_theta\":1e6,\"rope_local_base_freq\":1e4,\"sliding_window_pattern\":2)"
        << QList<double> { 1e4, 1e6 };
    QTest::newRow("version 5")
        << R"(\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e6},\"sliding_attention\":{\"rope_theta\":1e4}},)"
            + two
        << QList<double> { 1e4, 1e6 };
    QTest::newRow("SmolLM3") << R"(\"rope_theta\":5e6,\"no_rope_layers\":[1,0])" << QList<double> { 5e6, 0 };
    QTest::newRow("Cohere 2") << R"(\"model_type\":\"cohere2\",\"rope_theta\":5e4,)" + two << QList<double> { 5e4, 0 };
    QTest::newRow("all alike") << R"(\"rope_theta\":5e4,)" + two << QList<double> { 5e4, 5e4 };
}

void AssumptionsTest::ropeDiffersByLayer()
{
    QFETCH(QString, config);
    QFETCH(QList<double>, bases);
    const QString said = R"("kv_format":"pikv-kv-1","key_rope":"post","rope_layout":"half")";
    const QStringList layers = oneLayer + QStringList { "layers.1.key F16 1,2,3,4", "layers.1.value F16 1,2,3,4" };
    const auto check = [&](const CacheInfo& info) {
        for (std::size_t i = 0; i < 2; ++i) {
            const RopeInfo& rope = info.ropeOf(i);
            const double base = bases[qsizetype(i)];
            QVERIFY(rope.state == (base > 0 ? RopeInfo::State::Post : RopeInfo::State::Pre));
            if (base > 0)
                QCOMPARE(rope.theta.value_or(0), base);
            QCOMPARE(rope.invertible(), base > 0);
        }
        QCOMPARE(info.layerRopes.empty(), bases[0] == bases[1]);
    };
    const CacheInfo info = read(Dump { layers, "{" + said + R"(,"config":"{)" + config + R"(}"})" }.bytes()).info;
    check(info);
    // As the dump's own words, without the configuration.
    QStringList words;
    for (const auto& [key, value] : nativeMetadata(info))
        if (key != "config")
            words << QString(R"("%1":"%2")")
                         .arg(QString::fromStdString(key),
                             QString::fromStdString(value).replace('\\', R"(\\)").replace('"', R"(\")"));
    check(read(Dump { layers, "{" + words.join(',') + "}" }.bytes()).info);
}

void AssumptionsTest::layersWithoutACacheKeepTheirNumbers()
{
    const CacheInfo info
        = read(Dump { { "layers.3.key F16 1,2,3,4", "layers.3.value F16 1,2,3,4", "layers.7.key F16 1,2,3,4",
                          "layers.7.value F16 1,2,3,4", "layers.5.key F16 1,0", "layers.5.value F16 1,0" } }
                   .bytes())
              .info;
    QCOMPARE(info.layerNumbers, (std::vector<int> { 3, 7 }));
    QCOMPARE(info.notes.size(), std::size_t(1));
    QVERIFY(QString::fromStdString(info.notes[0]).startsWith("layers 0 to 2, 4 to 6 have no cache"));
}

void AssumptionsTest::swappedAxesAreTold_data()
{
    QTest::addColumn<QString>("config");
    QTest::addColumn<bool>("ids");
    QTest::addColumn<bool>("swapped");
    QTest::newRow("config") << R"("config":"{\"num_key_value_heads\":2}")" << false << true;
    QTest::newRow("ids") << R"("x":"y")" << true << true;
    QTest::newRow("bare") << R"("x":"y")" << false << false;
    QTest::newRow("config of such heads") << R"("config":"{\"num_key_value_heads\":96}")" << false << false;
}

void AssumptionsTest::swappedAxesAreTold()
{
    QFETCH(QString, config);
    QFETCH(bool, ids);
    QFETCH(bool, swapped);
    QStringList tensors { "layers.0.key F16 1,96,2,4", "layers.0.value F16 1,96,2,4" };
    if (ids)
        tensors << "input_ids I64 1,96";
    const DumpLayout layout = read(Dump { tensors, "{" + config + "}" }.bytes());
    const LayerShape& shape = layout.info.layers[0];
    QCOMPARE(shape.kvHeads, std::int64_t(swapped ? 2 : 96));
    QCOMPARE(shape.seq, std::int64_t(swapped ? 96 : 2));
    QCOMPARE(layout.layers[0].key.strides,
        swapped ? (std::vector<std::int64_t> { 768, 4, 8, 1 }) : std::vector<std::int64_t>());
    QCOMPARE(layout.info.notes.size(), std::size_t(config.contains("96") ? 0 : 1));
    QCOMPARE(layout.info.tokenIds.size(), std::size_t(ids ? 96 : 0));
}

void AssumptionsTest::repeatedHeadsAreReadOnce()
{
    const QString config = R"({"config":"{\"num_key_value_heads\":2,\"head_dim\":4}"})";
    Bytes bytes = Dump { { "layers.0.key F16 1,8,3,4", "layers.0.value F16 1,8,3,4" }, config }.bytes();
    constexpr std::size_t head = 3 * 4 * 2, tensor = 8 * head;
    std::byte* data = bytes.data() + bytes.size() - 2 * tensor;
    for (std::size_t i = 0; i < 2 * tensor; ++i)
        data[i] = std::byte((i / head / 4 * head + i % head) % 60); // finite numbers, four times each
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().layers[0].kvHeads, std::int64_t(2));
    QVERIFY(QString::fromStdString(cache->info().notes.at(0)).contains("stored 4 times"));
    const at::Tensor key = cache->layer(0).key;
    QCOMPARE(key.numel(), 2 * 3 * 4);
    QVERIFY(std::memcmp(key.data_ptr(), data, head) == 0);
    QVERIFY(std::memcmp(static_cast<const std::byte*>(key.data_ptr()) + head, data + 4 * head, head) == 0);

    data[tensor + 5] = std::byte(1); // a value's head differs: told when it is read
    QVERIFY(inputRefusal([&] { cacheOf(bytes)->layer(0); }).contains("in layer 0 they differ"));
    data[5] = std::byte(1); // a key's: the config is wrong, and the dump is read as it is
    const auto whole = cacheOf(bytes);
    QCOMPARE(whole->layer(0).key.size(1), std::int64_t(8));
    QVERIFY(QString::fromStdString(whole->info().notes.at(0)).contains("8 KV heads where its config names 2"));
    const CacheInfo odd
        = read(Dump { { "layers.0.key F16 1,3,3,8", "layers.0.value F16 1,3,3,8" }, config }.bytes()).info;
    QCOMPARE(odd.layers[0].kvHeads, std::int64_t(3));
    QVERIFY(QString::fromStdString(odd.notes.at(0)).contains("head_dim of 8 where its config names 4"));
}

void AssumptionsTest::otherHeadsOfAConfigAreKnown_data()
{
    QTest::addColumn<QString>("config");
    QTest::addColumn<QString>("shape");
    QTest::newRow("global layers") << R"("num_key_value_heads":2,"head_dim":4,"global_head_dim":16)"
                                   << "1,2,3,16";
    QTest::newRow("fewer heads in global layers")
        << R"("num_key_value_heads":2,"head_dim":4,"num_global_key_value_heads":1)"
        << "1,1,3,4";
    QTest::newRow("Zamba") << R"("num_attention_heads":2,"hidden_size":8,"attention_head_dim":8)"
                           << "1,2,3,8";
    QTest::newRow("Falcon") << R"("num_attention_heads":4,"num_kv_heads":4,"hidden_size":16,"multi_query":true)"
                            << "1,1,3,4";
    QTest::newRow("keys made of a latent")
        << R"("num_key_value_heads":2,"head_dim":4,"qk_rope_head_dim":4,"qk_nope_head_dim":8,"kv_lora_rank":8)"
        << "1,2,3,12";
}

void AssumptionsTest::otherHeadsOfAConfigAreKnown()
{
    QFETCH(QString, config);
    QFETCH(QString, shape);
    const QString metadata = QString(R"({"config":"{%1}"})").arg(QString(config).replace('"', "\\\""));
    const auto notes = [&](const QString& of) {
        return read(Dump { { "layers.0.key F16 " + of, "layers.0.value F16 " + of }, metadata }.bytes()).info.notes;
    };
    QVERIFY(notes(shape).empty());
    QVERIFY(QString::fromStdString(notes("1,7,3,20").back()).contains("where its config names"));
}

void AssumptionsTest::factorsAreApplied()
{
    Bytes bytes = Dump { { "layers.0.key F8_E4M3 1,1,2,4", "layers.0.value F8_E5M2 1,1,2,4", "layers.0.k_scale F32 1" },
        "null" }
                      .bytes();
    // 1, -1.5, the largest, the smallest; zero, NaN, and two more; the factor behind keys and values.
    const unsigned char codes[]
        = { 0x38, 0xBC, 0x7E, 0x01, 0x00, 0x7F, 0x40, 0xB8, 0x3C, 0xC0, 0x7B, 0x01, 0, 0, 0x7C, 0x38 };
    std::memcpy(bytes.data() + bytes.size() - 20, codes, 16);
    const float factor = 0.5f;
    std::memcpy(bytes.data() + bytes.size() - 4, &factor, 4);
    const MemorySource source(bytes, "dump.safetensors");
    const DumpLayout layout = readDump(source);
    QVERIFY(layout.info.layers[0].keyDtype == DType::F32);
    std::array<float, 8> key {}, value {};
    layout.layers[0].key.decode(source, key);
    layout.layers[0].value.decode(source, value);
    QCOMPARE(key[0], 0.5f);
    QCOMPARE(key[1], -0.75f);
    QCOMPARE(key[2], 224.0f);
    QCOMPARE(key[3], 0.5f / 512);
    QCOMPARE(key[4], 0.0f);
    QVERIFY(std::isnan(key[5]));
    QCOMPARE(key[6], 1.0f);
    QCOMPARE(value[0], 1.0f);
    QCOMPARE(value[1], -2.0f);
    QCOMPARE(value[2], 57344.0f);
    QCOMPARE(value[3], 1.0f / 65536);
    QVERIFY(std::isinf(value[6]));
    QCOMPARE(layout.info.notes.size(), std::size_t(2)); // a factor applied, one taken as 1
    const QString message = refusal(
        Dump { { "layers.0.key F8_E4M3 1,1,2,4", "layers.0.value F8_E4M3 1,1,2,4", "layers.0.k_scale F32 2" }, "null" }
            .bytes());
    QVERIFY2(message.contains("'layers.0.k_scale' [2] f32 is no factor"), qPrintable(message));
}

void AssumptionsTest::packedTensorsAreExplained_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::newRow("one") << QStringList { "kv_cache F16 32,2,128" };
    QTest::newRow("one a layer") << QStringList { "layers.0.kv F16 1,2,32,128", "layers.1.kv F16 1,2,32,128" };
}

void AssumptionsTest::packedTensorsAreExplained()
{
    QFETCH(QStringList, tensors);
    const QString message = refusal(Dump { tensors, "null" }.bytes());
    QVERIFY2(message.contains("holds keys and values together") && message.contains("[..., :t.shape[-1] // 2]"),
        qPrintable(message));
}

void AssumptionsTest::whatDoesNotFitIsSaid()
{
    const CacheInfo info = read(Dump { { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,3,4", "input_ids I64 1,5",
                                           "attention_mask U8 1,4", "importance F32 2" },
                                    "null" }
                                    .bytes())
                               .info;
    QVERIFY(info.tokenIds.empty() && info.visible.empty() && !info.hasImportance);
    QCOMPARE(info.notes.size(), std::size_t(3));
    QVERIFY(QString::fromStdString(info.notes[0]).contains("'input_ids' is [1, 5] i64 where [1, 3] i64 was expected"));
}

PIKV_TEST(AssumptionsTest)
#include "assumptions_test.moc"
