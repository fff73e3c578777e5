// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps that PyTorch, transformers and NumPy wrote (tests/data/dumps/make.py), number by number.
#include "core/base/error.h"
#include "core/cache/crossattention.h"
#include "core/cache/kvcache.h"
#include "core/dumps/dumps.h"
#include "testmain.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>

using namespace pikv;

class FixturesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void numbersAreThose_data();
    void numbersAreThose();
    void wordsBesideAreRead();
    void archivesTellTheirTexts();
    void layersWithoutACacheAreCounted();
    void staticCachesAreCut();
    void windowsKeepTheirPlaces();
    void latentsAreToldFromKeys();
    void crossAttentionIsChosen_data();
    void crossAttentionIsChosen();
    void float8IsWidened();
    void othersAreRefused_data();
    void othersAreRefused();
};

static std::string fixture(const QString& name)
{
    return QStringLiteral(PIKV_SOURCE_DIR "/tests/data/dumps/").append(name).toStdString();
}

/// What make.py wrote as keys of a layer.
static at::Tensor keysOf(int layer, int seq = 3)
{
    const at::Tensor heads = at::arange(2).reshape({ 1, 2, 1, 1 }), tokens = at::arange(seq).reshape({ 1, 1, seq, 1 }),
                     channels = at::arange(4).reshape({ 1, 1, 1, 4 });
    return (heads * 100 + tokens * 10 + channels + 1000 * layer).to(at::kFloat);
}

void FixturesTest::numbersAreThose_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("format");
    QTest::addColumn<int>("type"); ///< of the keys
    const auto row = [](const char* file, const char* format, DType type) {
        QTest::newRow(file) << QString(file) << QString(format) << int(type);
    };
    row("dynamic.pt", "DynamicCache (torch.save)", DType::F16);
    row("old_dynamic.pt", "DynamicCache (torch.save)", DType::F32);
    row("pairs.pt", "pairs of keys and values (torch.save)", DType::F32);
    row("protocol4.pt", "pairs of keys and values (torch.save)", DType::F32);
    row("output.pt", "DynamicCache (torch.save)", DType::F32);
    row("static.pt", "StaticCache (torch.save)", DType::F32);
    row("views.pt", "pairs of keys and values (torch.save)", DType::F32);
    row("named.pt", "key and value tensors (torch.save)", DType::BF16);
    row("stacked.pt", "one tensor (torch.save)", DType::F32);
    row("arrays.npz", "arrays of keys and values (NumPy)", DType::F32);
    row("deflated.npz", "arrays of keys and values (NumPy)", DType::F32);
    row("stacked.npz", "arrays of keys and values (NumPy)", DType::F16);
    row("bf16.npz", "arrays of keys and values (NumPy)", DType::BF16);
    row("whole.npy", "one array (NumPy)", DType::F32);
    row("fortran.npy", "one array (NumPy)", DType::F32);
}

void FixturesTest::numbersAreThose()
{
    QFETCH(QString, file);
    QFETCH(QString, format);
    QFETCH(int, type);
    CachePtr cache;
    try {
        cache = openCache(fixture(file));
    } catch (const Error& error) {
        QFAIL(error.what());
    }
    const CacheInfo& info = cache->info();
    QCOMPARE(QString::fromStdString(info.format), format);
    QVERIFY(info.layers.at(0).keyDtype == DType(type));
    QVERIFY(info.layers.size() >= 2);
    // Backwards as well: compressed arrays are read from front to back and begin anew.
    for (int pass = 0; pass < 2; ++pass)
        for (int n = 0; n < cache->layerCount(); ++n) {
            const int i = pass == 0 ? n : cache->layerCount() - 1 - n;
            const LayerKv layer = cache->layer(i);
            at::Tensor expected = keysOf(cache->layerNumber(i));
            if (file == "views.pt" && i == 2)
                QVERIFY(layer.key.equal(expected.narrow(1, 0, 1).expand({ 1, 2, 3, 4 })));
            else
                QVERIFY2(layer.key.equal(expected.to(layer.key.scalar_type())), qPrintable(QString::number(i)));
            QVERIFY(layer.value.equal(expected.to(layer.value.scalar_type()) + 0.5));
        }
}

void FixturesTest::wordsBesideAreRead()
{
    const CacheInfo info = openCache(fixture("views.pt"))->info();
    QCOMPARE(info.tokenIds, (std::vector<std::int64_t> { 5, 6, 7 }));
    QCOMPARE(info.model, std::string("a/model"));
    QVERIFY(info.visible.empty()); // the mask hides nothing
    QCOMPARE(info.rope.theta.value_or(0), 500000.0);
    QVERIFY(info.metadata == (std::map<std::string, std::string> { { "seed", "7" }, { "device", "cpu" } }));
    QVERIFY(info.rope.state == RopeInfo::State::Post && info.rope.layout == RopeInfo::Layout::Half);
    // The configuration is of a Llama with two layers.
    QCOMPARE(info.notes.size(), std::size_t(2));
    QVERIFY(QString::fromStdString(info.notes[0]).contains("taken as rotated, in the half layout"));
    QVERIFY(QString::fromStdString(info.notes[1]).contains("has a layer 2 where its config names 2 layers"));
}

void FixturesTest::archivesTellTheirTexts()
{
    for (const char* file : { "arrays.npz", "deflated.npz" }) {
        const CacheInfo info = openCache(fixture(file))->info();
        QCOMPARE(QString::fromStdString(info.model), QString::fromUtf8("ä/模型"));
        QCOMPARE(info.tokenIds, (std::vector<std::int64_t> { 5, 6, 7 }));
        QVERIFY(info.notes.empty());
    }
    QVERIFY(QString::fromStdString(openCache(fixture("fortran.npy"))->info().notes.at(0)).contains("of one sequence"));
}

void FixturesTest::layersWithoutACacheAreCounted()
{
    const CacheInfo info = openCache(fixture("old_dynamic.pt"))->info();
    QCOMPARE(info.layerNumbers, (std::vector<int> { 0, 2 }));
    QVERIFY(QString::fromStdString(info.notes.at(0)).startsWith("layer 1 has no cache"));
}

void FixturesTest::staticCachesAreCut()
{
    const CacheInfo info = openCache(fixture("static.pt"))->info();
    QCOMPARE(info.seq(), std::int64_t(3));
    QVERIFY(QString::fromStdString(info.notes.at(0)).contains("room for 8 tokens"));
}

void FixturesTest::windowsKeepTheirPlaces()
{
    const CachePtr cache = openCache(fixture("windows.pt"));
    const CacheInfo& info = cache->info();
    const std::vector<std::int64_t> last { 3, 4, 5 }; // of six tokens
    QCOMPARE(info.seq(), std::int64_t(3));
    QCOMPARE(info.positions, last);
    QCOMPARE(info.tokenIds, last);
    QVERIFY(QString::fromStdString(info.notes.back()).contains("the last 3 of 6 tokens"));
    for (int i = 0; i < 2; ++i) {
        const at::Tensor expected = keysOf(i, 6).narrow(2, 3, 3);
        QVERIFY(cache->layer(i).key.equal(expected) && cache->layer(i).value.equal(expected + 0.5));
    }
}

void FixturesTest::latentsAreToldFromKeys()
{
    const CachePtr cache = openCache(fixture("latents.pt"));
    QTemporaryDir folder;
    const std::string saved = folder.filePath("saved.pt").toStdString();
    saveCache(*cache, saved);
    for (const CachePtr& one : { cache, openCache(saved) }) {
        const CacheInfo& info = one->info();
        QCOMPARE(info.layers.at(0).keyDim, std::int64_t(4));
        QCOMPARE(info.layers.at(0).valueDim, std::int64_t(8));
        QVERIFY(one->layer(1).key.equal(keysOf(1).narrow(1, 0, 1) + 0.5));
        QVERIFY(one->layer(1).value.narrow(3, 0, 4).equal(keysOf(1).narrow(1, 0, 1)));
        QVERIFY(std::any_of(info.notes.begin(), info.notes.end(),
            [](const std::string& note) { return note.starts_with("a latent cache (MLA)"); }));
        for (const std::string& note : info.notes)
            QVERIFY2(!QString::fromStdString(note).contains("its config names"), note.c_str());
    }
    // Saved again they stand in the order of transformers: what is the key here comes second.
    const TensorListing listing = listTensors(saved);
    const auto widthOf = [&](const std::string& name) {
        const auto at = std::find_if(
            listing.tensors.begin(), listing.tensors.end(), [&](const StoredTensor& t) { return t.name == name; });
        return at == listing.tensors.end() ? -1 : at->shape.back();
    };
    QCOMPARE(widthOf("past_key_values.0.0"), std::int64_t(8));
    QCOMPARE(widthOf("past_key_values.0.1"), std::int64_t(4));
}

void FixturesTest::crossAttentionIsChosen_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<bool>("hasIds");
    QTest::newRow("EncoderDecoderCache") << "encoder_decoder.pt" << true;
    QTest::newRow("four tensors a layer") << "quadruples.pt" << false;
}

void FixturesTest::crossAttentionIsChosen()
{
    QFETCH(QString, file);
    QFETCH(bool, hasIds);
    using Ids = std::vector<std::int64_t>;
    const CachePtr own = openCache(fixture(file));
    QCOMPARE(own->info().parts.size(), std::size_t(2));
    QVERIFY(own->info().part == "self" && !isCross(own->info()));
    QVERIFY(QString::fromStdString(own->info().notes.at(0))
                .contains("holds 2 caches: self-attention of the decoder's own tokens is read"));
    QCOMPARE(own->info().tokenIds, hasIds ? Ids({ 1, 2, 3 }) : Ids());
    QVERIFY(own->info().visible.empty()); // the mask is the encoder's
    const CachePtr cross = openCache(fixture(file), { { "part", "cross" } });
    const CacheInfo& info = cross->info();
    QVERIFY(isCross(info) && info.rope.state == RopeInfo::State::Pre && info.notes.empty());
    QCOMPARE(info.seq(), std::int64_t(5));
    QCOMPARE(info.tokenIds, hasIds ? Ids({ 5, 6, 7, 8, 9 }) : Ids());
    QCOMPARE(info.visible, hasIds ? std::vector<std::uint8_t>({ 0, 1, 1, 1, 1 }) : std::vector<std::uint8_t>());
    for (int i = 0; i < 2; ++i) {
        QVERIFY(own->layer(i).key.equal(keysOf(i)) && own->layer(i).value.equal(keysOf(i) + 0.5));
        QVERIFY(cross->layer(i).key.equal(keysOf(i + 10, 5)) && cross->layer(i).value.equal(keysOf(i + 10, 5) + 0.5));
    }
    QVERIFY_EXCEPTION_THROWN(openCache(fixture(file), { { "part", "encoder" } }), Error);
}

void FixturesTest::float8IsWidened()
{
    const CachePtr cache = openCache(fixture("float8.pt"));
    QVERIFY(cache->info().layers.at(0).keyDtype == DType::F32);
    QVERIFY(cache->layer(0).key.flatten().equal(at::arange(4).to(at::kFloat)));
}

void FixturesTest::othersAreRefused_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("named");
    QTest::newRow("weights") << "weights.pt"
                             << "it holds a dict of 1 key ('model.norm.weight'), and no keys and values in it";
    QTest::newRow("before PyTorch 1.6") << "legacy.pt"
                                        << "torch.save in its old form";
    QTest::newRow("TorchScript") << "script.pt"
                                 << "is a TorchScript archive";
}

void FixturesTest::othersAreRefused()
{
    QFETCH(QString, file);
    QFETCH(QString, named);
    try {
        openCache(fixture(file));
        QFAIL("opened");
    } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::Input);
        QVERIFY2(QString(error.what()).contains(named), error.what());
    }
}

PIKV_TEST(FixturesTest)
#include "fixtures_test.moc"
