// SPDX-License-Identifier: GPL-3.0-or-later
// Files that leave something to choose: one of several caches, and how channels are cut into heads.
#include "archives.h"
#include "core/formats/told.h"
#include "llamastatebytes.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class PartsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSequenceIsChosen();
    void oneSequenceLeavesNoChoice();
    void cachesInAListAreChosen();
    void groupsOfLayersAreRead();
    void badGroupsAreRefused_data();
    void badGroupsAreRefused();
    void headsAreTold();
    void theLayoutIsTold();
};

namespace {

DumpLayout layoutAs(const Bytes& bytes, const Told& told)
{
    const MemorySource source(bytes, "f");
    const FormatProbe probe(source, {}, told);
    DumpLayout layout = detectFormat(probe).read(probe);
    acceptTold(layout.info, told, "f");
    return layout;
}

QStringList idsOf(const CacheInfo& info)
{
    QStringList ids;
    for (const DumpPart& part : info.parts)
        ids << QString::fromStdString(part.id);
    return ids;
}

bool hasNote(const CacheInfo& info, const char* text)
{
    return std::any_of(info.notes.begin(), info.notes.end(),
        [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

llamabytes::State sequences()
{
    llamabytes::State state;
    state.session = state.outputs = true;
    state.sections = { { { 0, { 1, 4 } }, { 1, { 1, 4 } }, { 2, { 1 } }, { 2, { 4 } }, { 3, { 4 } }, { 0, { 9 } } } };
    return state;
}

/// Groups of [2, layers, tokens, channels] f16, each element its number in the file.
Bytes groups(const std::vector<std::array<std::int32_t, 3>>& shapes)
{
    Bytes head, data;
    for (const auto& [layers, tokens, width] : shapes) {
        for (const std::int32_t word : { 1, 2, layers, tokens, width })
            appendLe(head, word);
        for (std::int32_t i = 0; i < 2 * layers * tokens * width; ++i)
            appendFloat(data, roundValue(data.size()), DType::F16);
    }
    Bytes out;
    appendLe(out, std::int32_t(data.size()));
    appendLe(out, std::int32_t(1));
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

} // namespace

void PartsTest::aSequenceIsChosen()
{
    const Bytes bytes = sequences().bytes();
    const CacheInfo usual = layoutAs(bytes, {}).info;
    QCOMPARE(idsOf(usual), (QStringList { "1", "4", "9" }));
    QCOMPARE(usual.part, std::string("4"));
    const CacheInfo one = layoutAs(bytes, { { "part", "1" } }).info;
    QCOMPARE(one.positions, (std::vector<std::int64_t> { 0, 1, 2 }));
    QVERIFY(one.part == "1" && !hasNote(one, "3 caches") && idsOf(one) == idsOf(usual));
    QCOMPARE(layoutAs(bytes, { { "part", "9" } }).info.seq(), std::int64_t(1));
    const QString message = inputRefusal([&] { layoutAs(bytes, { { "part", "2" } }); });
    QVERIFY2(
        message.contains("no part '2'; it has 1: sequence 1 (3 cells); 4: sequence 4 (4 cells)"), qPrintable(message));
}

void PartsTest::oneSequenceLeavesNoChoice()
{
    llamabytes::State state = sequences();
    state.sections = { { { 0, { 7 } }, { 1, { 7 } } } };
    const CacheInfo info = layoutAs(state.bytes(), {}).info;
    QVERIFY(info.parts.empty() && info.part.empty()); // one sequence: nothing to choose
    const QString message = inputRefusal([&] { layoutAs(state.bytes(), { { "part", "7" } }); });
    QVERIFY2(message.contains("there is no part to choose"), qPrintable(message));
}

void PartsTest::cachesInAListAreChosen()
{
    using namespace pickle;
    const auto cache = [](const pickle::Tensor& t) {
        return object(name("transformers.cache_utils", "DynamicCache"),
            dict({ text("key_cache"), list({ tensor(t), tensor(t) }), text("value_cache"),
                list({ tensor(t), tensor(t) }) }));
    };
    const Bytes bytes = asFile(torchFile(list({ cache({}), cache({ { 1, 2, 2, 4 }, { 16, 8, 4, 1 }, 0, 24 }) })));
    const CacheInfo first = layoutAs(bytes, {}).info;
    QVERIFY2(hasNote(first, "the file holds 2 caches: cache 0 of the list, a DynamicCache is read, the first"),
        first.notes.empty() ? "" : first.notes[0].c_str());
    QCOMPARE(first.seq(), std::int64_t(3));
    QCOMPARE(idsOf(first), (QStringList { "0", "1" }));
    const CacheInfo second = layoutAs(bytes, { { "part", "1" } }).info;
    QVERIFY(second.seq() == 2 && second.part == "1" && second.notes.empty());
    QVERIFY(inputRefusal([&] { layoutAs(bytes, { { "part", "x" } }); }).contains("no part 'x'"));
}

void PartsTest::groupsOfLayersAreRead()
{
    const Bytes bytes = groups({ { 2, 5, 128 }, { 1, 3, 64 } });
    const DumpLayout all = layoutAs(bytes, {});
    QCOMPARE(all.info.shapeText(), std::string("2 layers x [1, 2, 5, 64] f16; 1 layer x [1, 1, 3, 64] f16"));
    QCOMPARE(idsOf(all.info), (QStringList { "all", "0", "1" }));
    QVERIFY(hasNote(all.info, "all groups of layers") && all.info.layers[2].firstToken == 2);
    const Told second { { "part", "1" } };
    auto source = std::make_unique<MemorySource>(bytes, "f");
    const FormatProbe probe(*source, {}, second);
    DumpLayout layout = detectFormat(probe).read(probe);
    const FileCache cache("f", std::move(source), std::move(layout));
    QCOMPARE(cache.info().shapeText(), std::string("1 layer x [1, 1, 3, 64] f16"));
    const std::vector<float> values = floatsOf(cache.layer(0).value);
    constexpr std::size_t before = 2 * 2 * 5 * 128 + 3 * 64; // elements
    for (std::size_t i = 0; i < values.size(); ++i)
        QCOMPARE(values[i], roundValue(2 * (before + i)));
}

void PartsTest::badGroupsAreRefused_data()
{
    QTest::addColumn<Bytes>("file");
    QTest::addColumn<QString>("named");
    Bytes cut = groups({ { 2, 5, 128 }, { 1, 3, 64 } });
    for (const auto& [title, at, word, named] :
        { std::tuple("no type", 28, 9, "its group 1 of type 9"), std::tuple("no shape", 36, 0, "(at byte 28)"),
            std::tuple("too large", 36, 1000, "that the file has room for"),
            std::tuple("too small", 40, 2, "whose data end at byte"),
            std::tuple("not in pairs", 32, 3, "[3, 1, 3, 64]"), std::tuple("another order", 4, 2, "KV_T2D") }) {
        Bytes changed = cut;
        const std::int32_t value = word;
        std::memcpy(changed.data() + at, &value, 4);
        QTest::newRow(title) << changed << QString(named);
    }
}

void PartsTest::badGroupsAreRefused()
{
    QFETCH(Bytes, file);
    QFETCH(QString, named);
    const QString message = refusalOf(file);
    QVERIFY2(message.contains("several groups") && message.contains(named), qPrintable(message));
}

void PartsTest::headsAreTold()
{
    const Bytes bytes = sequences().bytes();
    const CacheInfo assumed = layoutAs(bytes, {}).info;
    QCOMPARE(assumed.headDims, (std::vector<std::int64_t> { 128, 64, 32 }));
    QVERIFY(assumed.layers[0].keyDim == 128 && hasNote(assumed, "a head_dim of 128 is assumed"));
    const CacheInfo told = layoutAs(bytes, { { "head-dim", "32" } }).info;
    QVERIFY(told.layers[0].keyDim == 32 && told.layers[0].kvHeads == 4 && !hasNote(told, "assumed"));
    const CacheInfo rare = layoutAs(bytes, { { "head-dim", "16" } }).info;
    QVERIFY(rare.layers[0].kvHeads == 8 && rare.headDims.back() == 16);
    QVERIFY(inputRefusal([&] {
        layoutAs(bytes, { { "head-dim", "48" } });
    }).contains("no multiple of the head_dim 48"));
}

void PartsTest::theLayoutIsTold()
{
    llamabytes::State slot;
    slot.sections = { llamabytes::prompt(3, true) };
    const Bytes bytes = slot.bytes();
    QVERIFY(hasNote(layoutAs(bytes, {}).info, "does not name its model's architecture"));
    const CacheInfo told = layoutAs(bytes, { { "rope-layout", "half" } }).info;
    QVERIFY(told.rope.layout == RopeInfo::Layout::Half && !hasNote(told, "architecture"));
}

PIKV_TEST(PartsTest)
#include "parts_test.moc"
