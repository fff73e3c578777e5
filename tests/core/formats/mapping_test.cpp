// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps whose names or axes no reader knows, opened by what the user says of them.
#include "archives.h"
#include "core/formats/dumpmapping.h"
#include "core/formats/told.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class MappingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void textsRoundTrip_data();
    void textsRoundTrip();
    void badTextsAreRefused_data();
    void badTextsAreRefused();
    void layersAreFound_data();
    void layersAreFound();
    void misfitsAreRefused_data();
    void misfitsAreRefused();
    void elementsLieWhereTheAxesSay_data();
    void elementsLieWhereTheAxesSay();
    void mappingsAreGuessed_data();
    void mappingsAreGuessed();
    void whatLiesBesideIsRead();
    void float8CountsAsFloat();
    void otherContainersAreListed();
    void emptyLayersAreNone();
    void rotationIsCorrected();
    void wrongThingsCannotBeTold_data();
    void wrongThingsCannotBeTold();
    void unrotatedLayersStaySo();
};

static TensorListing listingOf(const Bytes& bytes)
{
    const MemorySource source(bytes, "mine");
    const FormatProbe probe(source);
    return detectFormat(probe).list(probe);
}

static DumpLayout mapped(const ByteSource& source, const std::string& mapping)
{
    const FormatProbe probe(source, {}, { { "map", mapping } });
    return readMapped(probe, detectFormat(probe).list(probe), parseMapping(mapping));
}
static DumpLayout mapped(const Bytes& bytes, const std::string& mapping)
{
    const MemorySource source(bytes, "mine");
    return mapped(source, mapping);
}

static std::string usageRefusal(const std::function<void()>& work)
{
    try {
        work();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Usage ? error.what() : "wrong kind: " + std::string(error.what());
    }
    return {};
}

void MappingTest::textsRoundTrip_data()
{
    QTest::addColumn<QString>("text");
    for (const char* text : { "key=model.{layer}.k,value=model.{layer}.v,axes=batch,kv_head,seq,head_dim",
             "kv=all,axes=layer,kv,batch,seq,kv_head,head_dim", "axes=batch,seq,kv_head,head_dim",
             "key=k,value=v,axes=layer,seq,kv_head*head_dim,head_dim=64",
             "kv={layer},axes=seq,kv*kv_head*head_dim,kv_heads=2,head_dim=64",
             "key=\"a,{layer}=\\\"x\",value=\"[{layer}]\",axes=seq,head_dim" })
        QTest::newRow(text) << QString(text);
}

void MappingTest::textsRoundTrip()
{
    QFETCH(QString, text);
    const DumpMapping mapping = parseMapping(text.toStdString());
    QCOMPARE(printMapping(mapping), text.toStdString());
    QVERIFY(parseMapping(printMapping(mapping)) == mapping);
}

void MappingTest::badTextsAreRefused_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("named");
    const auto row
        = [](const char* text, const char* named) { QTest::newRow(text) << QString(text) << QString(named); };
    row("", "the mapping's part '' is unknown");
    row("keys=a,value=b,axes=seq,head_dim", "part 'keys=a' is unknown");
    row("key=a,seq", "part 'seq' is unknown");
    row("key=a,axes=seq,head_dim", "no tensor of values");
    row("value=a,axes=seq,head_dim", "no tensor of keys");
    row("key=a,value=b,kv=c,axes=kv,seq,head_dim", "apart and together");
    row("key=a,value=b", "names no axes");
    row("key=a,value=b,axes=", "'' is no axis");
    row("key=a,value=b,axes=seq,heads,head_dim",
        "'heads' is no axis; they are batch, layer, kv, seq, kv_head, head_dim");
    row("key=a,value=b,axes=seq,seq,head_dim", "axis seq is named twice");
    row("key=a,value=b,axes=seq,head_dim,kv_head*head_dim", "axis head_dim is named twice");
    row("key=a,value=b,axes=seq,kv_head", "no axis is head_dim");
    row("key=a,value=b,axes=kv_head,head_dim", "no axis is seq");
    row("key=a,value=b,axes=kv,seq,head_dim", "named with kv=");
    row("kv=a,axes=seq,head_dim", "no axis is kv");
    row("key={layer},value=v{layer},axes=layer,seq,head_dim", "it can be one of them");
    row("key=a{layer},value=b,axes=seq,head_dim", "not in the other");
    row("key=a{layer}{layer},value=b{layer}{layer},axes=seq,head_dim", "more than once");
    row("key=a,value=a,axes=seq,head_dim", "the same name 'a'");
    row("key=a,value=b,axes=batch*seq,kv_head,head_dim", "sizes of batch and seq in it are unknown");
    row("key=a,value=b,axes=seq,kv_head*head_dim,head_dim=0", "head_dim is '0', not a number");
    row("key=a,value=b,axes=seq,kv_head*head_dim,head_dim=x", "head_dim is 'x', not a number");
    row("key=a,key=b,axes=seq,head_dim", "says key twice");
    row("key=\"a,value=b,axes=seq,head_dim", "begins with a quote");
}

void MappingTest::badTextsAreRefused()
{
    QFETCH(QString, text);
    QFETCH(QString, named);
    const std::string message = usageRefusal([&] { parseMapping(text.toStdString()); });
    QVERIFY2(QString::fromStdString(message).contains(named), message.c_str());
}

void MappingTest::layersAreFound_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<QString>("mapping");
    QTest::addColumn<QString>("shape");
    QTest::newRow("a tensor a layer") << QStringList { "m.0.a F16 1,2,3,4", "m.0.b F16 1,2,3,4", "m.1.a F16 1,2,3,4",
        "m.1.b F16 1,2,3,4" } << "key=m.{layer}.a,value=m.{layer}.b,axes=batch,kv_head,seq,head_dim"
                                      << "2 layers x [1, 2, 3, 4] f16";
    QTest::newRow("tokens first") << QStringList { "a07 BF16 9,2,4", "b07 BF16 9,2,4" }
                                  << "key=a{layer},value=b{layer},axes=seq,kv_head,head_dim"
                                  << "1 layer x [1, 2, 9, 4] bf16";
    QTest::newRow("stacked") << QStringList { "a F32 3,2,5,9,4", "b F32 3,2,5,9,4" }
                             << "key=a,value=b,axes=layer,batch,seq,kv_head,head_dim"
                             << "3 layers x [2, 9, 5, 4] f32";
    QTest::newRow("all in one") << QStringList { "x F16 2,3,1,5,2,4" }
                                << "kv=x,axes=kv,layer,batch,seq,kv_head,head_dim"
                                << "3 layers x [1, 2, 5, 4] f16";
    QTest::newRow("channels") << QStringList { "a F16 5,128", "b F16 5,128" }
                              << "key=a,value=b,axes=seq,kv_head*head_dim,head_dim=32"
                              << "1 layer x [1, 4, 5, 32] f16";
    QTest::newRow("heads are told") << QStringList { "a F16 5,128", "b F16 5,128" }
                                    << "key=a,value=b,axes=seq,kv_head*head_dim,kv_heads=2"
                                    << "1 layer x [1, 2, 5, 64] f16";
    QTest::newRow("heads are assumed") << QStringList { "a F16 5,192", "b F16 5,192" }
                                       << "key=a,value=b,axes=seq,kv_head*head_dim"
                                       << "1 layer x [1, 3, 5, 64] f16";
    QTest::newRow("keys and values side by side")
        << QStringList { "l3 F16 5,2,8" } << "kv=l{layer},axes=seq,kv_head,kv*head_dim"
        << "1 layer x [1, 2, 5, 4] f16";
    QTest::newRow("one head") << QStringList { "a F16 5,8", "b F16 5,8" } << "key=a,value=b,axes=seq,head_dim"
                              << "1 layer x [1, 1, 5, 8] f16";
    QTest::newRow("usual names, other axes")
        << QStringList { "past_key_values.0.key F16 1,9,2,4", "past_key_values.0.value F16 1,9,2,4" }
        << "axes=batch,seq,kv_head,head_dim"
        << "1 layer x [1, 2, 9, 4] f16";
}

void MappingTest::layersAreFound()
{
    QFETCH(QStringList, tensors);
    QFETCH(QString, mapping);
    QFETCH(QString, shape);
    const Bytes bytes = Dump { tensors, "{}" }.bytes();
    QCOMPARE(QString::fromStdString(mapped(bytes, mapping.toStdString()).info.shapeText()), shape);
    // What the dialog shows ahead is what is read.
    const DumpLayout preview = previewMapping(listingOf(bytes), parseMapping(mapping.toStdString()));
    QCOMPARE(QString::fromStdString(preview.info.shapeText()), shape);
}

void MappingTest::misfitsAreRefused_data()
{
    QTest::addColumn<QString>("mapping");
    QTest::addColumn<QString>("named");
    const auto row
        = [](const char* mapping, const char* named) { QTest::newRow(mapping) << QString(mapping) << QString(named); };
    row("key=k{layer},value=b{layer},axes=seq,kv_head,head_dim",
        "no tensor is named key=k{layer}; it has 'a0' [5, 2, 4] f16, 'b0' [5, 2, 4] f16, 'c0' [5, 2, 4] i64");
    row("key=a{layer},value=b{layer},axes=batch,seq,kv_head,head_dim",
        "'a0' [5, 2, 4] f16 has 3 axes where 4 are named");
    row("key=a{layer},value=c{layer},axes=seq,kv_head,head_dim", "a type that keys and values cannot have");
    row("key=a{layer},value=d{layer},axes=seq,kv_head,head_dim", "disagree");
    row("kv=a{layer},axes=kv,kv_head*seq,head_dim,kv_heads=2", "the axis kv of tensor 'a0' [5, 2, 4] f16 has 5");
    row("key=a{layer},value=b{layer},axes=seq,kv_head,head_dim,head_dim=8", "has 4 indices where 8 were expected");
    row("key=a{layer},value=b{layer},axes=kv_head*seq,batch,head_dim,kv_heads=3", "is no multiple of kv_head 3");
    row("key=a{layer},value=e{layer},axes=seq,kv_head,head_dim", "layer 0 has no value tensor");
    row("axes=seq,kv_head,head_dim", "is not told by their names");
}

void MappingTest::misfitsAreRefused()
{
    QFETCH(QString, mapping);
    QFETCH(QString, named);
    const Bytes bytes
        = Dump { { "a0 F16 5,2,4", "b0 F16 5,2,4", "c0 I64 5,2,4", "d0 F16 5,1,4", "e1 F16 5,2,4" }, "{}" }.bytes();
    const QString message = inputRefusal([&] { mapped(bytes, mapping.toStdString()); });
    QVERIFY2(message.startsWith("mine: ") && message.contains(named), qPrintable(message));
    QVERIFY(!inputRefusal([&] { previewMapping(listingOf(bytes), parseMapping(mapping.toStdString())); }).isEmpty());
}

void MappingTest::elementsLieWhereTheAxesSay_data()
{
    QTest::addColumn<QString>("axes");
    QTest::addColumn<QList<int>>("shape"); // of the axes, those side by side multiplied
    QTest::newRow("layer, kv, tokens first") << "layer,kv,seq,kv_head,head_dim" << QList<int> { 2, 2, 5, 3, 4 };
    QTest::newRow("backwards") << "head_dim,seq,kv_head,kv,layer" << QList<int> { 4, 5, 3, 2, 2 };
    QTest::newRow("channels") << "seq,layer,kv*kv_head*head_dim,head_dim=4" << QList<int> { 5, 2, 24 };
}

/// A tensor whose elements are their own places, against the places that the axes' names give.
void MappingTest::elementsLieWhereTheAxesSay()
{
    QFETCH(QString, axes);
    QFETCH(QList<int>, shape);
    const std::map<QString, int> sizes { { "layer", 2 }, { "kv", 2 }, { "seq", 5 }, { "kv_head", 3 },
        { "head_dim", 4 } };
    QStringList texts;
    for (const int n : shape)
        texts << QString::number(n);
    Bytes bytes = Dump { { "x F32 " + texts.join(',') }, "{}" }.bytes();
    constexpr int count = 2 * 2 * 5 * 3 * 4;
    for (int i = 0; i < count; ++i) {
        const auto value = float(i);
        std::memcpy(bytes.data() + bytes.size() - std::size_t(count - i) * 4, &value, 4);
    }
    auto source = std::make_unique<MemorySource>(bytes, "mine");
    DumpLayout layout = mapped(*source, "kv=x,axes=" + axes.toStdString());
    const FileCache cache("mine", std::move(source), std::move(layout));
    QCOMPARE(cache.layerCount(), 2);

    const QStringList order = axes.section(",head_dim=", 0, 0).replace('*', ',').split(',');
    for (int layer = 0; layer < 2; ++layer)
        for (const bool value : { false, true }) {
            const LayerKv kv = cache.layer(layer);
            const std::vector<float> read = floatsOf(value ? kv.value : kv.key);
            QCOMPARE(read.size(), std::size_t(3 * 5 * 4));
            for (int h = 0, at = 0; h < 3; ++h)
                for (int t = 0; t < 5; ++t)
                    for (int d = 0; d < 4; ++d, ++at) {
                        const std::map<QString, int> index { { "layer", layer }, { "kv", value }, { "seq", t },
                            { "kv_head", h }, { "head_dim", d } };
                        int place = 0;
                        for (const QString& axis : order)
                            place = place * sizes.at(axis) + index.at(axis);
                        QCOMPARE(read[std::size_t(at)], float(place));
                    }
        }
}

void MappingTest::mappingsAreGuessed_data()
{
    QTest::addColumn<QStringList>("tensors");
    QTest::addColumn<QString>("guess");
    QTest::newRow("names of layers") << QStringList {
        "model.0.my_keys F16 1,2,9,4", "model.0.my_values F16 1,2,9,4", "model.1.my_keys F16 1,2,9,4",
        "model.1.my_values F16 1,2,9,4"
    } << "key=model.{layer}.my_keys,value=model.{layer}.my_values,axes=batch,kv_head,seq,head_dim";
    QTest::newRow("tokens first") << QStringList { "kcache_0 F16 9,2,4", "vcache_0 F16 9,2,4" }
                                  << "key=kcache_{layer},value=vcache_{layer},axes=seq,kv_head,head_dim";
    QTest::newRow("alike") << QStringList { "a.0 F16 2,9,4", "a.1 F16 2,9,4", "b.0 F16 2,9,4", "b.1 F16 2,9,4" }
                           << "key=a.{layer},value=b.{layer},axes=kv_head,seq,head_dim";
    QTest::newRow("a number that counts no layers") << QStringList {
        "gpt2.layer.0.k F16 2,9,4", "gpt2.layer.0.v F16 2,9,4", "gpt2.layer.1.k F16 2,9,4", "gpt2.layer.1.v F16 2,9,4"
    } << "key=gpt2.layer.{layer}.k,value=gpt2.layer.{layer}.v,axes=kv_head,seq,head_dim";
    QTest::newRow("stacked") << QStringList { "all_k F16 3,1,2,9,4", "all_v F16 3,1,2,9,4" }
                             << "key=all_k,value=all_v,axes=layer,batch,kv_head,seq,head_dim";
    QTest::newRow("one tensor") << QStringList { "x F16 3,2,1,2,9,4" }
                                << "kv=x,axes=layer,kv,batch,kv_head,seq,head_dim";
    QTest::newRow("channels") << QStringList { "a_k F16 9,512", "a_v F16 9,512" }
                              << "key=a_k,value=a_v,axes=seq,kv_head*head_dim";
    QTest::newRow("token ids tell") << QStringList { "q.0.k F16 1,8,9,4", "q.0.v F16 1,8,9,4", "input_ids I64 1,8" }
                                    << "key=q.{layer}.k,value=q.{layer}.v,axes=batch,seq,kv_head,head_dim";
    QTest::newRow("three families") << QStringList { "a F16 2,9,4", "b F16 2,9,4", "c F16 2,9,4" } << "";
    QTest::newRow("integers") << QStringList { "k I64 2,9,4", "v I64 2,9,4" } << "";
}

void MappingTest::mappingsAreGuessed()
{
    QFETCH(QStringList, tensors);
    QFETCH(QString, guess);
    const TensorListing listing = listingOf(Dump { tensors, "{}" }.bytes());
    const auto found = guessMapping(listing);
    QCOMPARE(QString::fromStdString(found ? printMapping(*found) : ""), guess);
    if (found)
        QVERIFY(!previewMapping(listing, *found).layers.empty());
}

void MappingTest::whatLiesBesideIsRead()
{
    Dump dump { { "a F16 3,2,4", "b F16 3,2,4", "input_ids I64 3", "importance F32 1,3" },
        R"({"model":"mine","key_rope":"post","rope_theta":"500000"})" };
    const CacheInfo info
        = mapped(dump.bytes({ { "input_ids", { 7, 8, 9 } } }), "key=a,value=b,axes=seq,kv_head,head_dim").info;
    QCOMPARE(info.tokenIds, (std::vector<std::int64_t> { 7, 8, 9 }));
    QVERIFY(info.hasImportance && info.rope.theta == 500000.0 && info.rope.state == RopeInfo::State::Post);
    QCOMPARE(info.model, std::string("mine"));
}

void MappingTest::float8CountsAsFloat()
{
    const Bytes bytes = Dump { { "a F8_E4M3 3,2,4", "b F8_E4M3 3,2,4" }, "{}" }.bytes();
    const std::string mapping = "key=a,value=b,axes=seq,kv_head,head_dim";
    QVERIFY(mapped(bytes, mapping).info.layers[0].keyDtype == DType::F32);
    QVERIFY(previewMapping(listingOf(bytes), parseMapping(mapping)).info.layers[0].keyDtype == DType::F32);
}

void MappingTest::otherContainersAreListed()
{
    using namespace pickle;
    const auto nested = dict({ text("run"),
        list({ dict({ text("ks"), tensor(), text("n"), integer(3), text("vs"), tensor({ .key = "1" }) }) }) });
    const Bytes torch = asFile(torchFile(nested));
    const TensorListing listing = listingOf(torch);
    QCOMPARE(listing.tensors.size(), std::size_t(2));
    QCOMPARE(listing.tensors[0].name, std::string("run.0.ks"));
    QVERIFY(mapped(torch, "key=run.{layer}.ks,value=run.{layer}.vs,axes=batch,kv_head,seq,head_dim").info.shapeText()
        == "1 layer x [1, 2, 3, 4] f32");
    // A key that nobody would type, which every tensor below it would repeat.
    QCOMPARE(listingOf(asFile(torchFile(dict({ text(QByteArray(401, 'k')), tensor(), text("k"), tensor() }))))
                 .tensors.size(),
        std::size_t(1));
    // A list that holds itself has an end.
    QCOMPARE(listingOf(asFile(torchFile(QByteArray("]q\0h\0a", 6)))).tensors.size(), std::size_t(0));

    const auto npy = [](const char* shape, qsizetype bytes) {
        const QByteArray header = QByteArray("{'descr': '<f2', 'fortran_order': False, 'shape': ") + shape + ", }\n";
        return QByteArray("\x93NUMPY") + '\1' + '\0' + little(std::uint16_t(header.size())) + header
            + QByteArray(bytes, '\0');
    };
    QVERIFY(mapped(asFile(npy("(3, 2, 5, 4)", 240)), "kv=array,axes=layer,kv,seq,head_dim").info.shapeText()
        == "3 layers x [1, 1, 5, 4] f16");
    const QByteArray archive
        = zipArchive({ { "mine_a.npy", npy("(5, 2, 4)", 80) }, { "mine_b.npy", npy("(5, 2, 4)", 80) } });
    QVERIFY(mapped(asFile(archive), "key=mine_a,value=mine_b,axes=seq,kv_head,head_dim").info.shapeText()
        == "1 layer x [1, 2, 5, 4] f16");
}

void MappingTest::emptyLayersAreNone()
{
    const Bytes bytes = Dump { { "a0 F16 0,2,4", "b0 F16 0,2,4", "a1 F16 3,2,4", "b1 F16 3,2,4" }, "{}" }.bytes();
    const CacheInfo info = mapped(bytes, "key=a{layer},value=b{layer},axes=seq,kv_head,head_dim").info;
    QCOMPARE(info.layerNumbers, (std::vector<int> { 1 }));
}

void MappingTest::rotationIsCorrected()
{
    CacheInfo info;
    info.layers.resize(2);
    info.model = "as in the file";
    info.headDims = { 64, 128 };
    info.parts = { { "a", "first" }, { "b", "second" } };
    acceptTold(info, {}, "f");
    QVERIFY(info.rope == RopeInfo() && info.told.empty() && info.model == "as in the file");
    const Told told { { "keys", "rotated" }, { "rope-layout", "interleaved" }, { "rope-theta", "5e5" },
        { "rope-scaling", "none" }, { "model-name", "mine" }, { "part", "b" }, { "head-dim", "64" } };
    checkTold(told);
    acceptTold(info, told, "f");
    QVERIFY(info.rope.state == RopeInfo::State::Post && info.rope.layout == RopeInfo::Layout::Interleaved);
    QVERIFY(info.rope.theta == 500000.0 && info.rope.scaling == "none" && info.rope.invertible());
    QCOMPARE(info.model, std::string("mine"));
    QVERIFY(info.told == told);
    QCOMPARE(toldText({ { "rope-theta", "10000" }, { "keys", "plain" } }), std::string("keys not rotated, base 10000"));
    info.layerRopes = { info.rope, info.rope };
    acceptTold(info, { { "keys", "plain" }, { "rope-theta", "1e4" } }, "f");
    for (const RopeInfo& rope : info.layerRopes)
        QVERIFY(rope.state == RopeInfo::State::Pre && rope.theta == 10000.0);
}

void MappingTest::wrongThingsCannotBeTold_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* id, const char* text, const char* named) {
        QTest::addRow("%s=%s", id, text) << QString(id) << QString(text) << QString(named);
    };
    row("map", "axes=seq", "no axis is head_dim");
    row("part", "", "it is empty");
    for (const char* text : { "", "0", "-1", "64.5", "99999999" })
        row("head-dim", text, "no number from 1 to 65536");
    row("keys", "post", "'post' is neither rotated nor plain");
    row("rope-layout", "both", "neither half nor interleaved");
    for (const char* text : { "", "0", "-1", "inf", "nan", "x", "1 2" })
        row("rope-theta", text, "no finite number above 0");
    for (const char* text : { "", "linear", "[]", "{}" })
        row("rope-scaling", text, "neither none nor a JSON object");
    row("model-name", "", "it is empty");
    row("colour", "red", "'colour' is nothing that can be told");
}

void MappingTest::wrongThingsCannotBeTold()
{
    QFETCH(QString, id);
    QFETCH(QString, text);
    QFETCH(QString, named);
    const std::string message = usageRefusal([&] { checkTold({ { id.toStdString(), text.toStdString() } }); });
    QVERIFY2(QString::fromStdString(message).contains(named), message.c_str());
    CacheInfo whole; // one cache, whose heads are known
    if (id == "part" || id == "head-dim")
        QVERIFY(inputRefusal([&] { acceptTold(whole, { { id.toStdString(), "64" } }, "f"); }).contains("leave --"));
}

void MappingTest::unrotatedLayersStaySo()
{
    Dump dump { { "layers.0.key F16 1,2,3,4", "layers.0.value F16 1,2,3,4", "layers.1.key F16 1,2,3,4",
                    "layers.1.value F16 1,2,3,4" },
        R"({"config":"{\"model_type\":\"smollm3\",\"rope_theta\":5e6,\"no_rope_layers\":[1,0]}"})" };
    CacheInfo info = read(dump.bytes()).info;
    QVERIFY(info.rope.state == RopeInfo::State::Unknown);
    acceptTold(info, { { "keys", "rotated" } }, "f");
    QVERIFY(info.ropeOf(0).state == RopeInfo::State::Post && info.ropeOf(1).state == RopeInfo::State::Pre);
    acceptTold(info, { { "keys", "rotated" }, { "rope-theta", "1e4" } }, "f");
    QVERIFY(info.ropeOf(0).state == RopeInfo::State::Post && info.ropeOf(1).state == RopeInfo::State::Pre);
    QVERIFY(info.ropeOf(0).theta == 10000.0);
}

PIKV_TEST(MappingTest)
#include "mapping_test.moc"
