// SPDX-License-Identifier: GPL-3.0-or-later
// What is told of a dump beside its tensors: attention, token ids, rotated channels, bases by layer.
#include "archives.h"
#include "core/cache/crossattention.h"
#include "core/formats/told.h"
#include "core/formats/toldvalues.h"
#include "dumpbytes.h"
#include "testmain.h"
#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace pikv;

class ToldValuesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void basesOfLayersAreTold();
    void wrongTextsAreUsage_data();
    void wrongTextsAreUsage();
    void layersThatAreNotThereAreRefused();
    void rotatedChannelsAreTold();
    void attentionIsTold();
    void tokenIdsAreTold();
    void tokenIdsComeFromFiles();
    void badFilesOfIdsAreRefused();
    void anotherPartHasOtherTokens();
};

namespace {

/// Layers 0, 1, 2 and 4 of two heads with three tokens of four channels.
CacheInfo infoOf(const Told& told, const QString& metadata = R"({"kv_format":"pikv-kv-1","key_rope":"post",
    "rope_layout":"half","rope_theta":"10000"})")
{
    Dump dump;
    dump.metadata = metadata;
    for (const int layer : { 0, 1, 2, 4 })
        for (const char* part : { "key", "value" })
            dump.tensors << QString("layers.%1.%2 F16 1,2,3,4").arg(layer).arg(part);
    const Bytes bytes = dump.bytes();
    const MemorySource source(bytes, "dump.safetensors");
    const FormatProbe probe(source, {}, told);
    checkTold(told);
    DumpLayout layout = detectFormat(probe).read(probe);
    acceptTold(layout.info, told, "dump.safetensors");
    return layout.info;
}

std::vector<double> basesOf(const CacheInfo& info)
{
    std::vector<double> bases;
    for (std::size_t i = 0; i < info.layers.size(); ++i)
        bases.push_back(info.ropeOf(i).theta.value_or(0));
    return bases;
}

} // namespace

void ToldValuesTest::basesOfLayersAreTold()
{
    using Bases = std::vector<double>;
    const auto told = [](const char* text) { return infoOf({ { "rope-theta", text } }); };
    QCOMPARE(basesOf(told("500000")), Bases({ 5e5, 5e5, 5e5, 5e5 }));
    QVERIFY(told("500000").layerRopes.empty() && told("500000").rope.theta == 5e5);
    QCOMPARE(basesOf(told("1:2e6")), Bases({ 1e4, 2e6, 1e4, 1e4 }));
    QCOMPARE(basesOf(told("7,1-2:8")), Bases({ 7, 8, 8, 7 }));
    QCOMPARE(basesOf(told("7,2-:9")), Bases({ 7, 7, 9, 9 }));
    QCOMPARE(basesOf(told("7,0-/2:9, 4:11")), Bases({ 9, 7, 9, 11 })); // the later over the earlier
    QCOMPARE(basesOf(told("7,0-3/2:9")), Bases({ 9, 7, 9, 7 }));
    QVERIFY(told("0-:9").layerRopes.empty() && told("0-:9").rope.theta == 9.0); // all alike
    QCOMPARE(told("7,1:8").layerRopes.size(), std::size_t(4));
    QVERIFY(told("7,1:8").layerRopes[1].invertible());
}

void ToldValuesTest::wrongTextsAreUsage_data()
{
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* id, const char* text, const char* named) {
        QTest::addRow("%s %s", id, text) << QString(id) << QString(text) << QString(named);
    };
    for (const char* text : { "", "0", "-1", "inf", "nan", "1e4x", "5:", "5:0", "1e4," })
        row("rope-theta", text, "is no finite number above 0");
    for (const char* text : { ":5", "a:5", "-1:5", "3-1:5", "0-/0:5", "1/:5", "1 2:5", "99999999999999999999:5" })
        row("rope-theta", text, "begins with no layers");
    for (const char* text : { "", "0", "3", "-2", "2.0", "65538" })
        row("rope-dim", text, "is no even number from 2 to 65536");
    row("attention", "both", "is neither self nor cross");
    row("token-ids", "", "no token id");
    row("token-ids", "[[ ]]", "no token id");
    row("token-ids", "4294967296", "where a token id from 0 to 2^31 was expected");
}

void ToldValuesTest::wrongTextsAreUsage()
{
    QFETCH(QString, id);
    QFETCH(QString, text);
    QFETCH(QString, named);
    try {
        checkTold({ { id.toStdString(), text.toStdString() } });
        QFAIL("it was accepted");
    } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::Usage);
        QVERIFY2(QString(error.what()).startsWith("--" + id) && QString(error.what()).contains(named), error.what());
    }
}

void ToldValuesTest::layersThatAreNotThereAreRefused()
{
    for (const char* text : { "3:5", "7,5-:9" }) { // the model's layer 3 has no cache
        const QString message = inputRefusal([&] { infoOf({ { "rope-theta", text } }); });
        QVERIFY2(message.contains("of which it has none; its last one is 4"), qPrintable(message));
    }
}

void ToldValuesTest::rotatedChannelsAreTold()
{
    QCOMPARE(infoOf({ { "rope-dim", "2" } }).rope.dim, 2);
    const CacheInfo both = infoOf({ { "rope-dim", "2" }, { "rope-theta", "7,1:8" } });
    for (const RopeInfo& rope : both.layerRopes)
        QCOMPARE(rope.dim, 2);
    const QString message = inputRefusal([] { infoOf({ { "rope-dim", "6" } }); });
    QVERIFY2(message.contains("--rope-dim is 6 where a key of layer 0 has 4 channels"), qPrintable(message));
}

void ToldValuesTest::attentionIsTold()
{
    const CacheInfo cross = infoOf({ { "attention", "cross" } });
    QVERIFY(isCross(cross) && cross.rope.state == RopeInfo::State::Pre && !cross.rope.theta);
    const QString metadata = R"({"kv_format":"pikv-kv-1","kv_attention":"cross","key_rope":"pre"})";
    QVERIFY(isCross(infoOf({}, metadata)));
    const CacheInfo self = infoOf({ { "attention", "self" } }, metadata);
    QVERIFY(!isCross(self) && self.rope.state == RopeInfo::State::Unknown);
    QVERIFY(infoOf({ { "attention", "cross" }, { "keys", "rotated" } }).rope.state == RopeInfo::State::Post);
}

void ToldValuesTest::tokenIdsAreTold()
{
    const std::vector<std::int64_t> ids { 5, 6, 7 };
    for (const char* text : { "5,6,7", "5 6 7", "[[5, 6, 7]]", " 5;6\n7 " })
        QCOMPARE(infoOf({ { "token-ids", text } }).tokenIds, ids);
    for (const char* text : { "5,6", "5,6,7,8" }) {
        const QString message = inputRefusal([&] { infoOf({ { "token-ids", text } }); });
        QVERIFY2(message.contains("where 1 sequence of 3 rows need 3"), qPrintable(message));
    }
    QCOMPARE(toldText({ { "token-ids", "5,6,7" } }), std::string("3 token ids"));
    QCOMPARE(keptTold({ { "token-ids", "5,6,7" } }).at("token-ids"), std::string("5,6,7"));
}

void ToldValuesTest::tokenIdsComeFromFiles()
{
    const QTemporaryDir folder;
    const std::vector<std::int64_t> ids { 5, 6, 7 };
    const auto file = [&](const char* name, const QByteArray& content) {
        writeFile(folder.filePath(name), pikvtest::asFile(content));
        return folder.filePath(name).toStdString();
    };
    const auto npy = [](const QByteArray& type, const QByteArray& shape, const QByteArray& data) {
        const QByteArray text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
        return QByteArray("\x93NUMPY\1\0", 8) + pikvtest::little(std::uint16_t(text.size())) + text + data;
    };
    QByteArray wide, narrow;
    for (const std::int64_t id : ids) {
        wide += pikvtest::little(id);
        narrow += pikvtest::little(std::int32_t(id));
    }
    for (const std::string& path : { file("a.txt", "5 6\n7\n"), file("a.json", "[5, 6, 7]\n"),
             file("a.npy", npy("<i8", "(3,)", wide)), file("b.npy", npy("<i4", "(1, 3)", narrow)) })
        QCOMPARE(infoOf({ { "token-ids", path } }).tokenIds, ids);
    // It is remembered so that it is found from any folder.
    const QString before = QDir::currentPath();
    QVERIFY(QDir::setCurrent(folder.path()));
    const Told kept = keptTold({ { "token-ids", "./a.txt" } });
    QVERIFY(QDir::setCurrent(before));
    QCOMPARE(infoOf(kept).tokenIds, ids);
}

void ToldValuesTest::badFilesOfIdsAreRefused()
{
    const QTemporaryDir folder;
    const auto told = [&](const QByteArray& content) {
        writeFile(folder.filePath("ids"), pikvtest::asFile(content));
        return inputRefusal([&] { infoOf({ { "token-ids", folder.filePath("ids").toStdString() } }); });
    };
    QVERIFY(inputRefusal([&] { infoOf({ { "token-ids", folder.filePath("none").toStdString() } }); }).contains("none"));
    QVERIFY2(told("5,x7").contains("it holds 'x7' where a token id"), qPrintable(told("5,x7")));
    QVERIFY(told("").contains("no token id"));
    QVERIFY(told("-1").contains("it holds '-1'"));
    QVERIFY(!told("\x93NUMPY").isEmpty());
    const QByteArray text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    const QByteArray floats
        = QByteArray("\x93NUMPY\1\0", 8) + pikvtest::little(std::uint16_t(text.size())) + text + QByteArray(4, '\0');
    QVERIFY2(told(floats).contains("an array of '<f4' where integers"), qPrintable(told(floats)));
}

void ToldValuesTest::anotherPartHasOtherTokens()
{
    const Told before { { "part", "self" }, { "token-ids", "1" }, { "attention", "self" }, { "keys", "plain" } };
    QVERIFY(withTold(before, { { "part", "cross" } }) == (Told { { "part", "cross" }, { "keys", "plain" } }));
    QVERIFY(withTold(before, { { "keys", "" } }).count("keys") == 0);
    QVERIFY(withTold(before, { { "keys", "rotated" } }).at("token-ids") == "1");
}

PIKV_TEST(ToldValuesTest)
#include "toldvalues_test.moc"
