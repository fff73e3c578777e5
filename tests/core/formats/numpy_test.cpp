// SPDX-License-Identifier: GPL-3.0-or-later
// NumPy's headers by hand: the forms that NumPy writes, and those that it does not.
#include "archives.h"
#include "foreignfiles.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;
using namespace pikvtest;

class NumpyTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void headersAreRead_data();
    void headersAreRead();
    void badHeadersAreRefused_data();
    void badHeadersAreRefused();
    void archivesAreReadByTheirNames();
    void badArchivesAreRefused_data();
    void badArchivesAreRefused();
};

static QByteArray npy(const QByteArray& header, qsizetype bytes, char version = 1)
{
    const QByteArray length
        = version == 1 ? little(std::uint16_t(header.size())) : little(std::uint32_t(header.size()));
    return QByteArray("\x93NUMPY") + version + '\0' + length + header + QByteArray(bytes, '\0');
}

static QByteArray arrayOf(const char* descr, const char* shape, qsizetype bytes)
{
    return npy(QByteArray("{'descr': '") + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n", bytes);
}

static DumpLayout layoutOf(const QByteArray& content) { return layoutOf(asFile(content), "x.np"); }

/// "" where the file is read; the error's message, which must name the file.
static QString refusal(const QByteArray& content)
{
    const QString message = refusalOf(asFile(content), "x.np");
    return message.isEmpty() || message.startsWith("x.np") ? message : "nameless: " + message;
}

void NumpyTest::headersAreRead_data()
{
    QTest::addColumn<QByteArray>("file");
    const QByteArray plain = "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2, 1, 2, 3, 4), }   \n";
    QTest::newRow("version 1") << npy(plain, 96);
    QTest::newRow("version 2") << npy(plain, 96, 2);
    QTest::newRow("version 3") << npy(plain, 96, 3);
    QTest::newRow("longs of Python 2") << npy(
        "{'descr': '<f2', 'fortran_order': False, 'shape': (1L, 2L, 1L, 2L, 3L, 4L)}", 96);
    QTest::newRow("other order") << npy("{\"shape\":(1,2,1,2,3,4),\"fortran_order\":True,\"descr\":\"f2\"}", 96);
}

void NumpyTest::headersAreRead()
{
    QFETCH(QByteArray, file);
    QCOMPARE(refusal(file), QString());
    const DumpLayout layout = layoutOf(file);
    QVERIFY(layout.info.layers.at(0) == (LayerShape { 1, 2, 3, 4, 4, 0, 0, 0, DType::F16, DType::F16, DType::F16 }));
}

void NumpyTest::badHeadersAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* title, const QByteArray& file, const char* named) {
        QTest::newRow(title) << file << QString(named);
    };
    const char* shape = "(1, 2, 1, 2, 3, 4)";
    row("cut short", arrayOf("<f2", shape, 95), "does not fit its 95 bytes");
    row("something follows", arrayOf("<f2", shape, 97), "does not fit its 97 bytes");
    row("big endian", arrayOf(">f2", shape, 96), "has big-endian numbers ('>f2')");
    row("objects", arrayOf("|O", shape, 96), "may run code");
    row("records", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4), "may run code");
    row("bf16", arrayOf("|V2", shape, 96), "end its name in '.bf16'");
    row("complex", arrayOf("<c8", shape, 384), "is of type '<c8'");
    row("texts", arrayOf("<U3", "()", 12), "holds texts");
    row("rank 4", arrayOf("<f2", "(1, 2, 3, 4)", 48), "where [layer, 2, batch, kv_heads, seq, head_dim] was expected");
    row("no pairs", arrayOf("<f2", "(1, 3, 1, 2, 3, 4)", 144), "keys and values as the second axis");
    row("rank 9", arrayOf("<f2", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", 2), "more than 8 dimensions");
    row("negative", arrayOf("<f2", "(-1, 2)", 96), "no dimension of 0 to 2^31");
    row("2^63", arrayOf("<f2", "(9223372036854775808,)", 96), "no dimension of 0 to 2^31");
    row("overflow", arrayOf("<f2", "(2147483648, 2147483648, 2147483648)", 96), "does not fit its 96 bytes");
    row("no tuple", arrayOf("<f2", "[1, 2]", 96), "lacks '('");
    row("a call", arrayOf("<f2", "__import__('os')", 96), "lacks '('");
    row("key twice", npy("{'descr': '<f2', 'descr': '<f2'}", 96), "unknown or there twice");
    row("unknown key", npy("{'other': '<f2'}", 96), "unknown or there twice");
    row("no shape", npy("{'descr': '<f2', 'fortran_order': False}", 96), "lacks descr, fortran_order or shape");
    row("goes on", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)} + 1", 2), "goes on behind its end");
    row("version 4", npy("{}", 96, 4), "version 4 of NumPy's format");
    row("header beyond", QByteArray("\x93NUMPY\2\0\xff\xff\xff\xff{", 13), "claims a header of 4294967295 bytes");
}

void NumpyTest::badHeadersAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, named);
    const QString message = refusal(file);
    QVERIFY2(message.contains(named), qPrintable(message));
}

void NumpyTest::archivesAreReadByTheirNames()
{
    const QByteArray array = arrayOf("<f4", "(1, 2, 3, 4)", 96);
    const QByteArray file = zipArchive(
        { { "layers/0/key.npy", array }, { "layers/0/value.npy", array }, { "config.npy", arrayOf("|O", "()", 5) },
            { "tokens.npy", arrayOf("<i4", "(3,)", 12) }, { "other.npy", arrayOf("<c8", "(3,)", 24) } });
    QCOMPARE(refusal(file), QString());
    const DumpLayout layout = layoutOf(file);
    QCOMPARE(layout.info.tokenIds, (std::vector<std::int64_t> { 0, 0, 0 }));
    QCOMPARE(layout.info.notes.size(), std::size_t(2));
    QVERIFY(QString::fromStdString(layout.info.notes[0]).contains("'config' is left out: it holds Python objects"));
}

void NumpyTest::badArchivesAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("named");
    const QByteArray array = arrayOf("<f4", "(1, 2, 3, 4)", 96);
    const auto row = [](const char* title, const QByteArray& file, const char* named) {
        QTest::newRow(title) << file << QString(named);
    };
    row("objects as keys", zipArchive({ { "k_0.npy", arrayOf("|O", "()", 5) } }), "array 'k_0' holds Python objects");
    row("bare bf16", zipArchive({ { "k_0.npy", arrayOf("<V2", "(1, 2, 3, 4)", 48) } }), "end its name in '.bf16'");
    row("u2 as keys",
        zipArchive(
            { { "k_0.npy", arrayOf("<u2", "(1, 2, 3, 4)", 48) }, { "v_0.npy", arrayOf("<u2", "(1, 2, 3, 4)", 48) } }),
        "u16 has a type");
    row("no values", zipArchive({ { "k_0.npy", array } }), "layer 0 has no value");
    row("other names", zipArchive({ { "a.npy", array }, { "b.npy", array } }), "none of its 2 arrays is named");
    row("no array", zipArchive({ { "k_0.npy", "hello" } }), "array 'k_0' does not begin as a NumPy array");
    row("not deflate", zipArchive({ { "k_0.npy", array, 12 } }), "packed by a method other than deflate");
    row("damaged deflate", zipArchive({ { "k_0.npy", array, 8 } }), "compressed member 'k_0.npy'");
}

void NumpyTest::badArchivesAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, named);
    const QString message = refusal(file);
    QVERIFY2(message.contains(named), qPrintable(message));
}

PIKV_TEST(NumpyTest)
#include "numpy_test.moc"
