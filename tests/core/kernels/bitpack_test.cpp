// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/bitpack.h"
#include "testmain.h"
#include <QTest>
#include <random>
#include <vector>

using namespace pikv;

class TestBitpack : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreesWithOneBitAtATime_data();
    void agreesWithOneBitAtATime();
    void knownBytes();
};

void TestBitpack::agreesWithOneBitAtATime_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("count");
    for (int bits = 1; bits <= 8; ++bits)
        for (int count : { 0, 1, 7, 8, 9, 64, 1003 })
            QTest::addRow("%d bits, %d codes", bits, count) << bits << count;
}

void TestBitpack::agreesWithOneBitAtATime()
{
    QFETCH(int, bits);
    QFETCH(int, count);
    std::mt19937 engine(unsigned(bits * 10000 + count));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
    for (auto& code : codes)
        code = std::uint8_t(engine() & ((1u << bits) - 1));
    std::vector<std::byte> expected(packedBytes(codes.size(), bits), std::byte(0));
    for (std::size_t i = 0; i < codes.size(); ++i)
        for (int b = 0; b < bits; ++b)
            if (const std::size_t at = i * std::size_t(bits) + std::size_t(b); codes[i] >> b & 1)
                expected[at / 8] |= std::byte(1 << at % 8);
    std::vector<std::byte> packed(expected.size());
    packBits(codes, bits, packed);
    QVERIFY(packed == expected);
    std::vector<std::uint8_t> back(codes.size());
    unpackBits(packed, bits, back);
    QVERIFY(back == codes);
}

void TestBitpack::knownBytes()
{
    const std::vector<std::uint8_t> codes { 1, 2, 3, 0, 3 };
    std::vector<std::byte> packed(packedBytes(5, 2));
    packBits(codes, 2, packed);
    QCOMPARE(int(packed[0]), 0b00'11'10'01);
    QCOMPARE(int(packed[1]), 0b11);
}

PIKV_TEST(TestBitpack)
#include "bitpack_test.moc"
