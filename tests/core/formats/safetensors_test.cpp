// SPDX-License-Identifier: GPL-3.0-or-later
// The rules of the reference reader and ours on top: what is accepted, and that each breach is refused by name.
#include "core/base/error.h"
#include "core/formats/safetensors.h"
#include "core/formats/safetensorswriter.h"
#include "safetensorsbytes.h"
#include "testmain.h"
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <functional>

using namespace pikv;

namespace {
SafetensorsHeader parse(const Bytes& bytes) { return readSafetensors(MemorySource(bytes, "dump.safetensors")); }

/// The message of the Error{Input} that `work` throws; "" when it throws none.
QString refusal(const std::function<void()>& work)
{
    try {
        work();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Input ? QString::fromUtf8(error.what())
                                                : "wrong kind: " + QString(error.what());
    }
    return {};
}

const QString oneTensor = R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})";
}

class SafetensorsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void soundFilesAreRead_data();
    void soundFilesAreRead();
    void offsetsCountFromTheFile();
    void unsoundFilesAreRefused_data();
    void unsoundFilesAreRefused();
    void everyCutIsRefused();
    void flippedBytesNeverCrash();
    void deepNestingIsRefused();
    void writerRoundTrips();
    void writerAlignsAndPads();
};

void SafetensorsTest::soundFilesAreRead_data()
{
    QTest::addColumn<QString>("json");
    QTest::addColumn<int>("data");
    QTest::addColumn<int>("tensors");
    QTest::newRow("reference test") << oneTensor << 16 << 1;
    QTest::newRow("empty") << "{}" << 0 << 0;
    QTest::newRow("white space around") << "\t\n{}\r " << 0 << 0;
    QTest::newRow("zero size") << R"({"a":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}})" << 0 << 1;
    QTest::newRow("rank 0") << R"({"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}})" << 8 << 1;
    QTest::newRow("null metadata") << R"({"__metadata__":null})" << 0 << 0;
    QTest::newRow("metadata") << R"({"__metadata__":{"k":"v","":"e"}})" << 0 << 0;
    QTest::newRow("any order")
        << R"({"b":{"data_offsets":[4,8],"shape":[4],"dtype":"U8"},"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})"
        << 8 << 2;
    QTest::newRow("zero size among others")
        << R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"z":{"dtype":"F16","shape":[0],"data_offsets":[0,0]},"e":{"dtype":"F16","shape":[0],"data_offsets":[3,3]}})"
        << 3 << 3;
    QTest::newRow("every type")
        << R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[1,2]},"c":{"dtype":"BOOL","shape":[1],"data_offsets":[2,3]},"d":{"dtype":"U64","shape":[1],"data_offsets":[3,11]}})"
        << 11 << 4;
}

void SafetensorsTest::soundFilesAreRead()
{
    QFETCH(QString, json);
    QFETCH(int, data);
    QFETCH(int, tensors);
    const SafetensorsHeader header = parse(safetensorsBytes(json, std::size_t(data)));
    QCOMPARE(header.tensors.size(), std::size_t(tensors));
    for (const TensorEntry& t : header.tensors)
        QCOMPARE(header.find(t.name), &t);
    QVERIFY(!header.find("no such tensor"));
}

void SafetensorsTest::offsetsCountFromTheFile()
{
    const Bytes bytes = safetensorsBytes(oneTensor, 16);
    const TensorEntry t = parse(bytes).tensors.at(0);
    QCOMPARE(t.begin, std::uint64_t(bytes.size() - 16));
    QCOMPARE(t.bytes, std::uint64_t(16));
    QCOMPARE(t.elements(), std::int64_t(4));
    QVERIFY(t.dtype == DType::I32);
    QCOMPARE(t.shape, (std::vector<std::int64_t> { 2, 2 }));
}

void SafetensorsTest::unsoundFilesAreRefused_data()
{
    QTest::addColumn<Bytes>("bytes");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* name, const QString& json, int data, const char* named) {
        QTest::newRow(name) << safetensorsBytes(json, std::size_t(data)) << QString(named);
    };
    const auto tensor = [](const char* fields) { return QString(R"({"x":{%1}})").arg(fields); };
    QTest::newRow("empty file") << Bytes() << "0 bytes";
    QTest::newRow("seven bytes") << Bytes(7) << "7 bytes";
    QTest::newRow("length word alone") << safetensorsBytes("", 0, 60) << "only 0 follow";
    QTest::newRow("length too large") << safetensorsBytes(oneTensor, 16, 0xFFFFFF000000003C)
                                      << "above the limit of 100000000";
    QTest::newRow("length just too large") << safetensorsBytes(oneTensor, 16, 100'000'001) << "above the limit";
    QTest::newRow("length beyond the file") << safetensorsBytes(oneTensor, 16, 60 + 17) << "only 76 follow";
    QTest::newRow("length too short") << safetensorsBytes(oneTensor, 16, 59) << "not valid JSON";
    QTest::newRow("length 0") << safetensorsBytes("", 8, 0) << "'{'";
    QTest::newRow("invalid UTF-8") << safetensorsBytes("", 1, 1) << "'{'";
    row("data missing", oneTensor, 14, "holds only 14 bytes");
    row("data left over", oneTensor, 20, "the file holds 20 bytes");
    row("JSON cut", "{", 0, "not valid JSON");
    row("not an object", "[]", 0, "'{'");
    row("byte order mark", QString(QChar(0xFEFF)) + "{}", 0, "'{'");
    row("text after the object", "{} x", 0, "not valid JSON");
    row("two objects", "{}{}", 0, "not valid JSON");
    QTest::newRow("NUL after the object") << safetensorsBytes("{}", 1, 3) << "NUL at byte 10";
    Bytes latin = safetensorsBytes(R"({"a?b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0);
    latin[8 + 3] = std::byte(0xE4);
    QTest::newRow("invalid UTF-8 in a name") << latin << "not valid JSON";

    row("size is not shape x dtype", tensor(R"("dtype":"I32","shape":[2,2],"data_offsets":[0,4])"), 4,
        "needs 16 bytes");
    row("overflow", tensor(R"("dtype":"I32","shape":[2,18446744073709551614],"data_offsets":[0,16])"), 16, "2^31");
    row("overflow of the signed range",
        tensor(R"("dtype":"I32","shape":[2,9223372036854775807],"data_offsets":[0,16])"), 16, "2^31");
    row("product overflows", tensor(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,16])"), 16,
        "overflows");
    row("dimension above its bound", tensor(R"("dtype":"F16","shape":[2147483649,0],"data_offsets":[0,0])"), 0, "2^31");
    row("number above 64 bits", tensor(R"("dtype":"F16","shape":[99999999999999999999],"data_offsets":[0,0])"), 0,
        "integers from 0");
    row("negative dimension", tensor(R"("dtype":"F16","shape":[-1],"data_offsets":[0,0])"), 0, "found the number -1");
    row("fraction", tensor(R"("dtype":"F16","shape":[1.0],"data_offsets":[0,2])"), 2, "found the number '1.0'");
    row("rank above its bound", tensor(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])"), 1,
        "more than 8 dimensions");
    row("unknown dtype", tensor(R"("dtype":"Q4_0","shape":[1],"data_offsets":[0,1])"), 1, "'Q4_0', which is unknown");
    row("dtype in lower case", tensor(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])"), 4, "unknown");
    row("dtype is a number", tensor(R"("dtype":7,"shape":[1],"data_offsets":[0,4])"), 4, "a string was expected");
    row("no dtype", tensor(R"("shape":[1],"data_offsets":[0,4])"), 4, "lacks its dtype");
    row("no shape", tensor(R"("dtype":"F32","data_offsets":[0,4])"), 4, "lacks its shape");
    row("no offsets", tensor(R"("dtype":"F32","shape":[1])"), 4, "lacks its data_offsets");
    row("unknown field", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1])"), 4,
        "unknown key 'stride'");
    row("field twice", tensor(R"("dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4])"), 4, "'dtype' twice");
    row("one offset", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), 4, "found 1 number");
    row("three offsets", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])"), 4, "two integers");
    row("end before begin", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), 4, "before its begin");
    row("first tensor not at 0", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8, "gap");
    row("end beyond the file", tensor(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])"), 8,
        "ends at data offset 16");
    row("end near 2^64",
        tensor(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615])"), 8, "gap");
    row("tensor is a list", R"({"x":[1]})", 0, "an object was expected, found an array");
    row("tensor is null", R"({"x":null})", 0, "found null");
    row("nameless tensor", R"({"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0, "without a name");
    const QString empty = R"("dtype":"U8","shape":[0],"data_offsets":[0,0])";
    row("tensor twice", QString(R"({"x":{%1},"x":{%1}})").arg(empty), 0, "two tensors named 'x'");
    row("overlap",
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
        6, "overlaps");
    row("same range twice",
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
        4, "overlaps");
    row("gap",
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}})",
        9, "gap");
    row("metadata is a list", R"({"__metadata__":[]})", 0, "object of strings");
    row("metadata value is a number", R"({"__metadata__":{"k":1}})", 0, "a string was expected");
    row("metadata value is an object", R"({"__metadata__":{"k":{}}})", 0, "a string was expected");
    row("metadata key twice", R"({"__metadata__":{"k":"a","k":"b"}})", 0, "'k' twice");
    row("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "__metadata__ twice");
}

void SafetensorsTest::unsoundFilesAreRefused()
{
    QFETCH(Bytes, bytes);
    QFETCH(QString, named);
    const QString message = refusal([&] { parse(bytes); });
    QVERIFY2(message.contains(named), qPrintable("message: " + message));
    QVERIFY2(message.startsWith("dump.safetensors"), qPrintable(message));
    QVERIFY2(message.size() < 400, qPrintable(message));
}

void SafetensorsTest::everyCutIsRefused()
{
    const Bytes whole = safetensorsBytes(oneTensor, 16);
    for (std::size_t n = 0; n < whole.size(); ++n)
        QVERIFY(!refusal([&] { parse(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(n))); }).isEmpty());
    parse(whole);
}

void SafetensorsTest::flippedBytesNeverCrash()
{
    const Bytes whole
        = safetensorsBytes(R"({"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}})", 12);
    int refused = 0;
    for (std::size_t i = 0; i < whole.size() - 12; ++i)
        for (int bit = 0; bit < 8; ++bit) {
            Bytes bytes = whole;
            bytes[i] ^= std::byte(1 << bit);
            refused += !refusal([&] { parse(bytes); }).isEmpty();
        }
    // Letters of names and of metadata may change; the rest may not.
    QVERIFY(refused > 600);
}

void SafetensorsTest::deepNestingIsRefused()
{
    for (const QString& open : { QString("["), QString(R"({"a":)") })
        QVERIFY(!refusal([&] { parse(safetensorsBytes(R"({"x":)" + open.repeated(200000), 0)); }).isEmpty());
}

void SafetensorsTest::writerRoundTrips()
{
    QTemporaryDir folder;
    const std::string path = folder.filePath("w.safetensors").toStdString();
    const std::map<std::string, std::string> metadata { { "quote \"", "tab\t, Ω, \u0001" }, { "empty", "" } };
    SafetensorsWriter writer(path,
        { { "half", DType::F16, { 3 } }, { "wide", DType::F64, { 1 } }, { "none", DType::F32, { 0, 4 } } }, metadata);
    const std::uint16_t half[] = { 1, 2, 3 };
    const double wide = 2.5;
    writer.write(1, asBytes(&wide, 8));
    writer.write(0, asBytes(half, 2));
    writer.write(0, asBytes(half + 1, 4));
    QVERIFY(!QFile::exists(QString::fromStdString(path)));
    writer.commit();

    QFile file(QString::fromStdString(path));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray content = file.readAll();
    const MemorySource source(asBytes(content.constData(), std::size_t(content.size())), path);
    const SafetensorsHeader header = readSafetensors(source);
    QVERIFY(header.metadata == metadata);
    QCOMPARE(header.tensors.size(), std::size_t(3));
    std::uint16_t back[3] = {};
    source.read(header.find("half")->begin, std::as_writable_bytes(std::span(back)));
    QVERIFY(std::equal(half, half + 3, back));
    QCOMPARE(header.find("none")->shape, (std::vector<std::int64_t> { 0, 4 }));
}

void SafetensorsTest::writerAlignsAndPads()
{
    std::vector<TensorEntry> tensors { { "a", DType::U8, { 3 } }, { "b", DType::F16, { 5 } },
        { "c", DType::F32, { 1 } }, { "d", DType::I64, { 1 } }, { "e", DType::F16, { 1 } } };
    for (int padding = 0; padding < 9; ++padding) {
        const std::string prefix = layOutSafetensors(tensors, { { "p", std::string(std::size_t(padding), 'x') } });
        QCOMPARE(prefix.size() % 8, std::size_t(0));
        for (const TensorEntry& t : tensors)
            QCOMPARE(t.begin % dtypeSize(t.dtype), std::uint64_t(0));
        Bytes file(tensors[0].begin + tensors[0].bytes);
        std::memcpy(file.data(), prefix.data(), prefix.size());
        const SafetensorsHeader header = parse(file);
        QCOMPARE(header.tensors.size(), tensors.size());
        for (const TensorEntry& t : tensors)
            QCOMPARE(header.find(t.name)->begin, t.begin);
    }
}

PIKV_TEST(SafetensorsTest)
#include "safetensors_test.moc"
