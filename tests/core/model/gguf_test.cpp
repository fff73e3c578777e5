// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/formats/gguf.h"
#include "ggufbuilder.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;

namespace {
constexpr std::uint32_t kF32 = 0, kQ8 = 8;

GgufHeader parse(const Bytes& bytes) { return readGguf(MemorySource(bytes, "test.gguf")); }

/// Two tensors, [4, 2] f32 and [32] q8_0, and one of each kind of metadata.
Bytes goodFile()
{
    GgufBuilder b;
    b.preamble(2, 4).entry("answer", 42);
    b.string("word").number(std::uint32_t { 8 }).string("voilà");
    b.string("real").number(std::uint32_t { 6 }).number(0.5F);
    b.string("list").number(std::uint32_t { 9 }).number(std::uint32_t { 8 }).number(std::uint64_t { 2 });
    b.string("a b").string("");
    b.tensor("first", { 4, 2 }, kF32, 0).tensor("second", { 32 }, kQ8, 32).pad().data(32 + 34);
    return b.bytes;
}
}

class GgufTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readsAFile()
    {
        const Bytes bytes = goodFile();
        const GgufHeader header = parse(bytes);
        QCOMPARE(header.integer("answer"), 42);
        QCOMPARE(header.text("word"), std::string("voilà"));
        QCOMPARE(header.real("real"), 0.5);
        QCOMPARE(header.real("answer"), 42.0);
        QCOMPARE(header.texts("list"), (std::vector<std::string> { "a b", "" }));
        QCOMPARE(header.tensors().size(), std::size_t { 2 });
        const GgufTensor* first = header.find("first");
        QVERIFY(first);
        QCOMPARE(first->shape, (std::vector<std::int64_t> { 2, 4 }));
        QCOMPARE(first->bytes, std::uint64_t { 32 });
        QCOMPARE(header.find("second")->offset, bytes.size() - 34);
        QVERIFY(!header.find("third"));
        QVERIFY_THROWS_EXCEPTION(Error, header.integer("word"));
        QVERIFY_THROWS_EXCEPTION(Error, header.text("nothing"));
    }

    void refusesEveryTruncation()
    {
        const Bytes bytes = goodFile();
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
            try {
                parse(cut);
                QFAIL(qPrintable(QString("%1 of %2 bytes were accepted").arg(n).arg(bytes.size())));
            } catch (const Error& error) {
                QCOMPARE(error.kind(), ErrorKind::Input);
            }
        }
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const GgufBuilder& b, const char* words) {
            QTest::newRow(name) << QByteArray(reinterpret_cast<const char*>(b.bytes.data()), int(b.bytes.size()))
                                << QString(words);
        };
        const auto one = [] { return GgufBuilder().preamble(1, 0); };
        row("magic", GgufBuilder().raw("GGJT").data(64), "begin with 'GGUF'");
        row("version 1", GgufBuilder().preamble(0, 0, 1), "version 1");
        row("big endian", GgufBuilder().preamble(0, 0, 0x03000000U), "big-endian");
        row("many tensors", GgufBuilder().preamble(1U << 20U, 0).data(64), "tensor count 1048576");
        row("many entries", GgufBuilder().preamble(0, ~0ULL).data(64), "metadata count");
        row("long string", GgufBuilder().preamble(0, 1).number(~0ULL).data(64), "16 MiB");
        row("string beyond file", GgufBuilder().preamble(0, 1).number(1000ULL).data(64), "ends inside");
        row("nested array", GgufBuilder().preamble(0, 1).string("k").number(9U).number(9U).number(1ULL).data(64),
            "array of arrays");
        row("long array", GgufBuilder().preamble(0, 1).string("k").number(9U).number(4U).number(1ULL << 60U).data(64),
            "longer than the file");
        row("unknown value", GgufBuilder().preamble(0, 1).string("k").number(13U).data(64), "metadata type 13");
        row("duplicate key", GgufBuilder().preamble(0, 2).entry("k", 1).entry("k", 2), "stands twice");
        row("alignment 0", GgufBuilder().preamble(0, 1).entry("general.alignment", 0), "no power of two");
        row("alignment 48", GgufBuilder().preamble(0, 1).entry("general.alignment", 48), "no power of two");
        row("split", GgufBuilder().preamble(0, 1).entry("split.count", 3), "split model");
        row("duplicate tensor",
            GgufBuilder().preamble(2, 0).tensor("t", { 8 }, kF32, 0).tensor("t", { 8 }, kF32, 32).pad().data(64),
            "'t' stands twice");
        row("rank", one().tensor("t", { 1, 1, 1, 1, 1 }, kF32, 0).pad().data(32), "rank 5");
        row("negative", one().tensor("t", { -8 }, kF32, 0).pad().data(32), "dimension of -8");
        row("overflow", one().tensor("t", { 1LL << 31U, 1LL << 31U, 1LL << 31U }, kF32, 0).pad().data(32), "dimension");
        row("type", one().tensor("t", { 256 }, 10, 0).pad().data(84), "type number 10");
        row("block", one().tensor("t", { 48 }, kQ8, 0).pad().data(64), "whole number of Q8_0 blocks");
        row("offset", one().tensor("t", { 8 }, kF32, 16).pad().data(64), "data offset 16");
        row("overlap",
            GgufBuilder().preamble(2, 0).tensor("t", { 8 }, kF32, 0).tensor("u", { 8 }, kF32, 0).pad().data(64),
            "data offset 0");
        row("size", one().tensor("t", { 1 << 20 }, kF32, 0).pad().data(32), "larger than the file");
        row("name", one().tensor(std::string(64, 'x'), { 8 }, kF32, 0).pad().data(32), "64 bytes");
    }
    void refuses()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, words);
        try {
            readGguf(MemorySource(asBytes(bytes.constData(), std::size_t(bytes.size())), "x.gguf"));
            QFAIL("the file was accepted");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Input);
            const QString message = QString::fromUtf8(error.what());
            QVERIFY2(message.contains(words) && message.startsWith("x.gguf: "), qPrintable(message));
        }
    }
};

PIKV_TEST(GgufTest)
#include "gguf_test.moc"
