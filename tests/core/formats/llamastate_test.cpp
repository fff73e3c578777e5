// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's sessions and slots: every layout, every type, several sequences, and what is wrong with them.
#include "core/dumps/dumps.h"
#include "core/kernels/hadamard.h"
#include "llamastatebytes.h"
#include "testmain.h"
#include <QTemporaryDir>
#include <cmath>

using namespace pikv;
using namespace llamabytes;

namespace {

/// Layer `layer` of the section whose tensors begin at `first`: these cells, in this order, split into heads.
void compareLayer(const State& state, const LayerKv& layer, std::size_t index, const std::vector<std::size_t>& cells,
    std::size_t first = 0)
{
    const auto check = [&](const at::Tensor& tensor, std::size_t number, std::uint32_t type, std::size_t width) {
        const auto heads = std::size_t(tensor.size(1)), dim = std::size_t(tensor.size(3));
        QCOMPARE(tensor.size(2), std::int64_t(cells.size()));
        QCOMPARE(heads * dim, width);
        const std::vector<float> found = floatsOf(tensor);
        for (std::size_t h = 0; h < heads; ++h)
            for (std::size_t i = 0; i < cells.size(); ++i)
                for (std::size_t d = 0; d < dim; ++d)
                    QCOMPARE(found[(h * cells.size() + i) * dim + d],
                        state.expected(number, cells[i], h * dim + d, type, width));
    };
    check(layer.key, first + index, state.keyType, state.width);
    check(layer.value, first + state.layers + index, state.valueType, state.valueWidth);
}

std::vector<std::size_t> firstCells(std::size_t count)
{
    std::vector<std::size_t> cells(count);
    for (std::size_t i = 0; i < count; ++i)
        cells[i] = i;
    return cells;
}

bool hasNote(const CacheInfo& info, const char* part)
{
    return std::any_of(info.notes.begin(), info.notes.end(),
        [&](const std::string& note) { return note.find(part) != std::string::npos; });
}
}

/// Element `channel` of H x, of x in blocks of n, with H[i][j] = ±1/sqrt(n) by the parity of i & j.
static double unrotated(const State& state, std::size_t tensor, std::size_t cell, std::size_t channel, std::size_t n)
{
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
        const std::size_t i = channel % n, from = channel - i + j;
        const double sign = __builtin_parityll(i & j) ? -1 : 1;
        sum += sign * double(state.expected(tensor, cell, from, Q8_0, 128)) / std::sqrt(double(n));
    }
    return sum;
}

class LlamaStateTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sizesAreThoseOfTheProgram();
    void everyLayoutIsRead_data();
    void everyLayoutIsRead();
    void everyTypeIsRead_data();
    void everyTypeIsRead();
    void openCacheGivesTheValues();
    void shiftedCellsAreSorted();
    void theLongestSequenceIsRead();
    void slidingLayersFollow();
    void rotationIsUndoneOrTold();
    void rotationsThatAreSaidAreUndone_data();
    void rotationsThatAreSaidAreUndone();
    void headsAreAssumed_data();
    void headsAreAssumed();
    void tokensThatDoNotReachAreLeftOut();
    void badFilesAreRefused_data();
    void badFilesAreRefused();
    void damageIsEndured_data();
    void damageIsEndured();
};

/// Sizes that llama.cpp of February 2025 wrote for the same content.
void LlamaStateTest::sizesAreThoseOfTheProgram()
{
    State state = slot(11);
    QCOMPARE(state.bytes().size(), std::size_t(11468));
    state.transposed = false;
    state.keyType = state.valueType = Q8_0;
    QCOMPARE(state.bytes().size(), std::size_t(6188));
    state.keyType = state.valueType = Q4_0;
    QCOMPARE(state.bytes().size(), std::size_t(3372));
    state = slot(11);
    state.session = state.outputs = true;
    state.sections = { prompt(11, true) };
    QCOMPARE(state.bytes().size(), std::size_t(13145));
}

void LlamaStateTest::everyLayoutIsRead_data()
{
    QTest::addColumn<bool>("session");
    QTest::addColumn<bool>("outputs");
    QTest::addColumn<bool>("streams");
    QTest::addColumn<int>("extension");
    QTest::addColumn<bool>("packed");
    QTest::addColumn<bool>("named");
    QTest::addColumn<int>("empty");
    QTest::newRow("slot A") << false << false << false << 0 << false << false << 0;
    QTest::newRow("slot A', cells with a sequence") << false << false << false << 0 << false << true << 0;
    QTest::newRow("slot B") << false << false << true << 0 << false << true << 0;
    QTest::newRow("slot B, third stream") << false << false << true << 0 << false << true << 2;
    QTest::newRow("slot B, extension 8") << false << false << true << 8 << false << true << 0;
    QTest::newRow("slot B, extension 12") << false << false << true << 12 << false << true << 0;
    QTest::newRow("slot D") << false << false << true << 0 << true << true << 0;
    QTest::newRow("session A") << true << true << false << 0 << false << true << 0;
    QTest::newRow("session B") << true << true << true << 0 << false << true << 0;
    QTest::newRow("session C") << true << false << true << 0 << false << true << 0;
    QTest::newRow("session C, extension 8") << true << false << true << 8 << false << true << 1;
}

void LlamaStateTest::everyLayoutIsRead()
{
    QFETCH(bool, session);
    QFETCH(bool, outputs);
    QFETCH(bool, streams);
    QFETCH(int, extension);
    QFETCH(bool, packed);
    QFETCH(bool, named);
    QFETCH(int, empty);
    State state = slot(11);
    state.session = session;
    state.outputs = outputs;
    state.streams = streams;
    state.extension = std::uint32_t(extension);
    state.packed = packed;
    state.sections = { prompt(11, named) };
    state.emptyStreams = std::size_t(empty);
    const Bytes bytes = state.bytes();
    const auto cache = cacheOf(bytes);
    const CacheInfo& info = cache->info();
    QCOMPARE(info.layers.size(), std::size_t(2));
    QVERIFY(info.layers[0] == (LayerShape { 1, 1, 11, 128, 128, 0, 0, 0, DType::F16, DType::F16, DType::F16 }));
    QCOMPARE(info.tokenIds.size(), std::size_t(11));
    QCOMPARE(info.tokenIds[10], std::int64_t(110));
    QCOMPARE(info.positions[10], std::int64_t(10));
    QVERIFY(info.rope.state == RopeInfo::State::Post);
    QVERIFY(info.rope.layout == (session ? RopeInfo::Layout::Interleaved : RopeInfo::Layout::Unknown));
    QVERIFY(hasNote(info, "assumed"));
    for (std::size_t i = 0; i < 2; ++i)
        compareLayer(state, cache->layer(int(i)), i, firstCells(11));
}

void LlamaStateTest::everyTypeIsRead_data()
{
    QTest::addColumn<int>("key");
    QTest::addColumn<int>("value");
    QTest::addColumn<bool>("transposed");
    for (const Type type : { F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 })
        QTest::addRow("type %d", int(type)) << int(type) << int(type) << false;
    QTest::newRow("mixed") << int(Q8_0) << int(F16) << true;
    QTest::newRow("transposed f32") << int(F32) << int(F32) << true;
    QTest::newRow("transposed bf16") << int(BF16) << int(BF16) << true;
}

void LlamaStateTest::everyTypeIsRead()
{
    QFETCH(int, key);
    QFETCH(int, value);
    QFETCH(bool, transposed);
    State state = slot(5);
    state.width = 192;
    state.valueWidth = 96; // heads of another length
    state.keyType = std::uint32_t(key);
    state.valueType = std::uint32_t(value);
    state.transposed = transposed;
    const Bytes bytes = state.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->info().layers[1].kvHeads, std::int64_t(3));
    QCOMPARE(cache->info().layers[1].keyDim, std::int64_t(64));
    QCOMPARE(cache->info().layers[1].valueDim, std::int64_t(32));
    for (std::size_t i = 0; i < 2; ++i)
        compareLayer(state, cache->layer(int(i)), i, firstCells(5));
}

void LlamaStateTest::openCacheGivesTheValues()
{
    QTemporaryDir folder;
    State state = slot(40);
    state.transposed = false;
    state.keyType = Q8_0;
    state.valueType = Q5_1;
    writeFile(folder.filePath("s.bin"), state.bytes());
    const CachePtr cache = openCache(folder.filePath("s.bin").toStdString());
    QCOMPARE(cache->info().format, std::string("llama.cpp slot (ggsq, version 2)"));
    QVERIFY(!hasNote(cache->info(), "Hadamard")); // of before the rotation
    compareLayer(state, cache->layer(1), 1, firstCells(40));
}

void LlamaStateTest::shiftedCellsAreSorted()
{
    State state = slot(4);
    state.sections = { { { 2, {} }, { 7, {} }, { 0, {} }, { 3, {} } } };
    for (const bool quantised : { false, true }) {
        state.transposed = !quantised;
        state.keyType = state.valueType = quantised ? Q4_1 : F16;
        const Bytes bytes = state.bytes();
        const auto cache = cacheOf(bytes);
        QCOMPARE(cache->info().positions, (std::vector<std::int64_t> { 0, 2, 3, 7 }));
        QVERIFY(cache->info().tokenIds.empty() && hasNote(cache->info(), "position 7"));
        QVERIFY(cache->info().layers[0].keyDtype == DType::F32);
        compareLayer(state, cache->layer(1), 1, { 2, 0, 3, 1 });
    }
}

void LlamaStateTest::theLongestSequenceIsRead()
{
    State state = slot(8);
    state.session = state.outputs = true;
    state.architecture = "qwen2";
    // Sequences 1 and 4 share the first two cells; 4 goes on longer.
    state.sections = { { { 0, { 1, 4 } }, { 1, { 1, 4 } }, { 2, { 1 } }, { 2, { 4 } }, { 3, { 4 } }, { 0, { 9 } } } };
    const Bytes bytes = state.bytes();
    const auto cache = cacheOf(bytes);
    QVERIFY(hasNote(cache->info(), "3 caches: sequence 4 (4 cells) is read, which has the most"));
    QVERIFY(cache->info().rope.layout == RopeInfo::Layout::Half);
    QCOMPARE(cache->info().positions, (std::vector<std::int64_t> { 0, 1, 2, 3 }));
    compareLayer(state, cache->layer(0), 0, { 0, 1, 3, 4 });
    // A run of neighbouring cells stays a view in the file's own type.
    state.sections = { { { 0, { 1 } }, { 0, { 4 } }, { 1, { 4 } }, { 2, { 4 } } } };
    const Bytes run = state.bytes();
    const auto view = cacheOf(run);
    QVERIFY(view->info().layers[0].keyDtype == DType::F16);
    compareLayer(state, view->layer(1), 1, { 1, 2, 3 });
}

void LlamaStateTest::slidingLayersFollow()
{
    State state = slot(6);
    state.streams = true;
    state.sections = { prompt(6, true), { { 4, { 0 } }, { 5, { 0 } } } };
    const Bytes bytes = state.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(cache->layerCount(), 4);
    QVERIFY(hasNote(cache->info(), "sliding window"));
    QCOMPARE(cache->info().layers[2].firstToken, std::int64_t(4));
    compareLayer(state, cache->layer(1), 1, firstCells(6));
    compareLayer(state, cache->layer(3), 1, { 0, 1 }, 4);
    state.sections[1][1].position = 3;
    QVERIFY(refusalOf(state.bytes()).contains("sliding window"));
}

void LlamaStateTest::rotationIsUndoneOrTold()
{
    State state = slot(3);
    state.streams = true;
    state.sections = { prompt(3, true) };
    state.transposed = false;
    state.keyType = state.valueType = Q8_0;
    const Bytes undecided = state.bytes();
    QVERIFY(hasNote(cacheOf(undecided)->info(), "shown as stored"));
    compareLayer(state, cacheOf(undecided)->layer(0), 0, firstCells(3));
    state.packed = true;
    const Bytes rotated = state.bytes();
    const auto cache = cacheOf(rotated);
    QVERIFY(hasNote(cache->info(), "is undone"));
    const LayerKv layer = cache->layer(0);
    const std::vector<float> key = floatsOf(layer.key), value = floatsOf(layer.value);
    // Keys in blocks of 128, values of 64.
    for (std::size_t cell = 0; cell < 3; ++cell)
        for (std::size_t c = 0; c < 128; ++c) {
            QVERIFY(std::abs(double(key[cell * 128 + c]) - unrotated(state, 0, cell, c, 128)) < 1e-3);
            QVERIFY(std::abs(double(value[cell * 128 + c]) - unrotated(state, 2, cell, c, 64)) < 1e-3);
        }
}

void LlamaStateTest::rotationsThatAreSaidAreUndone_data()
{
    QTest::addColumn<bool>("session");
    QTest::addColumn<int>("keys");
    QTest::addColumn<int>("values");
    QTest::addColumn<QString>("noted");
    QTest::newRow("slot, neither") << false << 0 << 0 << "";
    QTest::newRow("slot, both") << false << 64 << 64 << "is undone";
    QTest::newRow("session, keys") << true << 64 << 0 << "is undone";
}

/// Versions 4 and 11 say what was rotated: neither their age nor head_dim is looked at.
void LlamaStateTest::rotationsThatAreSaidAreUndone()
{
    QFETCH(bool, session);
    QFETCH(int, keys);
    QFETCH(int, values);
    QFETCH(QString, noted);
    State state = slot(3);
    state.session = session;
    state.streams = true;
    state.version = session ? 11 : 4;
    state.packed = !session;
    state.sections = { prompt(3, true) };
    state.transposed = false;
    state.keyType = state.valueType = Q8_0;
    state.keyRotation = std::uint32_t(keys);
    state.valueRotation = std::uint32_t(values);
    const Bytes bytes = state.bytes();
    const auto cache = cacheOf(bytes);
    QCOMPARE(hasNote(cache->info(), "Hadamard"), !noted.isEmpty());
    QVERIFY(noted.isEmpty() || hasNote(cache->info(), qPrintable(noted)));
    const LayerKv layer = cache->layer(1);
    const std::vector<float> key = floatsOf(layer.key), value = floatsOf(layer.value);
    for (std::size_t cell = 0; cell < 3; ++cell)
        for (std::size_t c = 0; c < 128; ++c) {
            QVERIFY(std::abs(double(key[cell * 128 + c]) - unrotated(state, 1, cell, c, std::size_t(std::max(keys, 1))))
                < 1e-3);
            QVERIFY(
                std::abs(double(value[cell * 128 + c]) - unrotated(state, 3, cell, c, std::size_t(std::max(values, 1))))
                < 1e-3);
        }
    for (const std::uint32_t wrong : { 3u, 256u }) { // no power of two; more than a head
        state.keyRotation = wrong;
        QVERIFY(refusalOf(state.bytes()).contains(wrong == 3 ? "0 or a power of two" : "does not undo"));
    }
}

void LlamaStateTest::headsAreAssumed_data()
{
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("headDim");
    for (const auto& [width, dim] : { std::pair { 1024, 128 }, { 192, 64 }, { 96, 96 }, { 80, 80 }, { 240, 80 },
             { 32, 32 }, { 20, 20 }, { 320, 64 } })
        QTest::addRow("%d", width) << width << dim;
}

void LlamaStateTest::headsAreAssumed()
{
    QFETCH(int, width);
    QFETCH(int, headDim);
    State state = slot(2);
    state.width = state.valueWidth = std::size_t(width);
    const CacheInfo info = layoutOf(state.bytes()).info;
    QCOMPARE(info.layers[0].keyDim, std::int64_t(headDim));
    QCOMPARE(info.layers[0].kvHeads, std::int64_t(width / headDim));
    QVERIFY(hasNote(info, ("a head_dim of " + std::to_string(headDim) + " is assumed").c_str()));
}

void LlamaStateTest::tokensThatDoNotReachAreLeftOut()
{
    State state = slot(5);
    state.tokens.resize(4);
    QVERIFY(hasNote(layoutOf(state.bytes()).info, "4 token ids do not name the token at position 4"));
    state.tokens = { 1, 2, 3, 4, 5, 6 }; // the last one was drawn, but not yet read
    QCOMPARE(layoutOf(state.bytes()).info.tokenIds, (std::vector<std::int64_t> { 1, 2, 3, 4, 5 }));
}

void LlamaStateTest::badFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("words");
    const auto row
        = [](const char* name, const State& state, const char* words, const std::function<void(Bytes&)>& change = {}) {
              Bytes bytes = state.bytes();
              if (change)
                  change(bytes);
              QTest::newRow(name) << QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size()))
                                  << QString(words);
          };
    const auto put = [](std::size_t at, std::uint32_t value) {
        return [=](Bytes& bytes) { std::memcpy(bytes.data() + at, &value, 4); };
    };
    State state = slot(3); // 12 + 12 bytes, then the cells
    state.version = 3; // of a variant: the newer versions have streams
    row("slot of a variant", state, "It fits none of the layouts");
    state.version = 5;
    row("slot of the future", state, "version 5 where 2 to 4 was expected; it was written by a newer");
    state.version = 1;
    row("old slot", state, "version 1 where 2 to 4 was expected; it was written before");
    state.session = true;
    state.version = 8;
    row("old session", state, "session of version 8 where 9 to 11 was expected");
    row("no cells", slot(0), "no cell belongs to a sequence");
    row("too many tokens", slot(3), "the token ids would have 1000000 x 4 bytes", put(8, 1'000'000));
    row("too many cells", slot(3), "the cells would have 1000000 x 8", put(24, 1'000'000));
    row("negative position", slot(3), "has the position -2", put(28, 0xFFFFFFFE));
    row("v_trans", slot(3), "the mark of transposed values is 2", put(52, 2));
    row("layers", slot(3), "5000 layers", put(56, 5000));
    row("iq4_nl", slot(3), "have the ggml type 20", put(60, 20));
    row("row bytes", slot(3), "claim rows of 0 bytes", put(64, 0));
    row("trailing", slot(3), "4 bytes follow the last layer", [](Bytes& b) { b.resize(b.size() + 4); });
    state = slot(3);
    state.sections[0][2].position = 1;
    row("two cells at one position", state, "two cells of sequence 0 have the position 1");
    state = slot(3);
    state.valueType = BF16;
    row("transposed blocks", state, "only F32, F16 and BF16 can be transposed", put(60 + 2 * (12 + 768), Q8_0));
    state = slot(3);
    state.width = 192;
    row("unequal heads", state, "3 heads cannot share");
    state = slot(3);
    state.packed = true;
    row("packed tokens of version 2", state, "packed in version 2", put(16, 2));
    row("packed image", state, "packed tokens", put(12 + 24 + 8, 99));
}

void LlamaStateTest::badFilesAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, words);
    const Bytes bytes(reinterpret_cast<const std::byte*>(file.constData()),
        reinterpret_cast<const std::byte*>(file.constData()) + file.size());
    const QString message = refusalOf(bytes, "s.bin");
    QVERIFY2(message.contains(words) && message.contains("s.bin") && message.contains(" save "), qPrintable(message));
}

void LlamaStateTest::damageIsEndured_data()
{
    QTest::addColumn<int>("kind");
    for (const int kind : { 0, 1, 2, 3 })
        QTest::addRow("%d", kind) << kind;
}

void LlamaStateTest::damageIsEndured()
{
    QFETCH(int, kind);
    State state = slot(9);
    state.layers = 1;
    state.sections = { prompt(9, true) };
    state.session = kind == 1;
    state.outputs = kind == 1;
    state.streams = kind > 1;
    state.packed = kind == 2;
    state.transposed = kind < 2;
    if (kind == 3)
        state.keyType = state.valueType = Q4_0;
    enduresDamage(state.bytes(), kind == 1 ? 300 : 280);
}

PIKV_TEST(LlamaStateTest)
#include "llamastate_test.moc"
