// SPDX-License-Identifier: GPL-3.0-or-later
// q8_0 and q4_0 against the bytes of ggml's own Python implementation.
#include "core/codec/compressor.h"
#include "core/codec/layerview.h"
#include "goldens.h"
#include "testmain.h"
#include <ATen/ops/empty.h>
#include <QTest>
#include <limits>

using namespace pikv;

class TestGgmlBlocks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bytesEqualGgmls_data();
    void bytesEqualGgmls();
    void bitsPerElement_data();
    void bitsPerElement();
    void oddHeadDimIsRefused_data() { bitsPerElement_data(); }
    void oddHeadDimIsRefused();
    void extremeFloatsHaveDefinedCodes_data();
    void extremeFloatsHaveDefinedCodes();
};

static std::shared_ptr<MemoryCache> goldenCache()
{
    at::Tensor rows = at::empty({ 1, 1, 2, 64 }, at::kHalf);
    std::memcpy(rows.data_ptr(), ggmlInput.data(), sizeof ggmlInput);
    return std::make_shared<MemoryCache>(CacheInfo {}, std::vector<LayerKv> { { rows, rows.clone(), {}, {} } });
}

static SectionSet encoded(const char* method)
{
    const auto compressor = makeCompressor(parseSpec(method));
    const JobControl job;
    return compressor->encode(*goldenCache(), {}, { job }).layers.at(0);
}

void TestGgmlBlocks::bytesEqualGgmls_data()
{
    QTest::addColumn<QByteArray>("expected");
    const auto bytes = [](const auto& array) {
        return QByteArray(reinterpret_cast<const char*>(array.data()), qsizetype(array.size()));
    };
    QTest::newRow("q8_0") << bytes(ggmlQ8);
    QTest::newRow("q4_0") << bytes(ggmlQ4);
}

void TestGgmlBlocks::bytesEqualGgmls()
{
    QFETCH(QByteArray, expected);
    const SectionSet sections = encoded(QTest::currentDataTag());
    for (const char* name : { "k", "v" }) {
        const ByteSpan got = sections.get(name);
        QCOMPARE(QByteArray(reinterpret_cast<const char*>(got.data()), qsizetype(got.size())), expected);
    }
}

void TestGgmlBlocks::bitsPerElement_data()
{
    QTest::addColumn<double>("bits");
    QTest::newRow("q8_0") << 8.5;
    QTest::newRow("q4_0") << 4.5;
}

void TestGgmlBlocks::bitsPerElement()
{
    QFETCH(double, bits);
    QCOMPARE(double(encoded(QTest::currentDataTag()).byteCount()) * 8 / 256, bits);
}

void TestGgmlBlocks::oddHeadDimIsRefused()
{
    CacheInfo info;
    info.layers = { { 1, 2, 8, 64, 80 } };
    try {
        makeCompressor(parseSpec(QTest::currentDataTag()))->validate(info);
        QFAIL("head_dim 80 was accepted");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Usage);
        QVERIFY2(QString(e.what()).contains("head_dim 80") && QString(e.what()).contains("32"), e.what());
    }
}

void TestGgmlBlocks::extremeFloatsHaveDefinedCodes_data()
{
    QTest::addColumn<float>("value");
    QTest::addColumn<int>("code");
    const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    for (auto [method, zero] : { std::pair("q8_0", 0), std::pair("q4_0", 8) }) {
        QTest::addRow("%s of infinity", method) << infinity << 0;
        QTest::addRow("%s of NaN alone", method) << nan << 0;
        QTest::addRow("%s of 1e-40", method) << 1e-40f << 0;
        QTest::addRow("%s of 0", method) << 0.0f << zero;
    }
}

/// A block of one value in all places, whose 1 / d overflows or is NaN: the casts stay inside their type.
void TestGgmlBlocks::extremeFloatsHaveDefinedCodes()
{
    QFETCH(float, value);
    QFETCH(int, code);
    const bool nibbles = QByteArray(QTest::currentDataTag()).startsWith("q4_0");
    const at::Tensor rows = at::empty({ 1, 1, 1, 32 }, at::kFloat).fill_(value);
    const auto cache = std::make_shared<MemoryCache>(CacheInfo {}, std::vector<LayerKv> { { rows, rows, {}, {} } });
    const JobControl job;
    const SectionSet sections
        = makeCompressor(parseSpec(nibbles ? "q4_0" : "q8_0"))->encode(*cache, {}, { job }).layers.at(0);
    const ByteSpan block = sections.get("k");
    QCOMPARE(block.size(), std::size_t(nibbles ? 18 : 34));
    for (std::size_t i = 2; i < block.size(); ++i)
        QCOMPARE(std::to_integer<int>(block[i]), nibbles ? code * 17 : code);
}

PIKV_TEST(TestGgmlBlocks)
#include "ggmlblocks_test.moc"
