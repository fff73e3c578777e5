// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/float8.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;

class Float8Test : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// The table of arXiv:2209.05433.
    void knownCodes()
    {
        QCOMPARE(fromE4M3(0x7E), 448.0F);
        QCOMPARE(fromE4M3(0x08), 0x1p-6F);
        QCOMPARE(fromE4M3(0x07), 0.875F * 0x1p-6F);
        QCOMPARE(fromE4M3(0x01), 0x1p-9F);
        QCOMPARE(fromE4M3(0xB8), -1.0F);
        QVERIFY(std::isnan(fromE4M3(0x7F)) && std::isnan(fromE4M3(0xFF)));
        for (int code = 0; code < 256; ++code)
            if ((code & 0x7F) != 0x7F)
                QCOMPARE(toE4M3(fromE4M3(std::uint8_t(code))), std::uint8_t(code));
    }

    void roundsToTheNearest()
    {
        for (float x = -600; x < 600; x += 0.37F)
            for (const float scale : { 1.0F, 1e-2F, 1e-4F, 1e-6F }) {
                float nearest = 448;
                for (int code = 0; code < 256; ++code) {
                    const float value = fromE4M3(std::uint8_t(code));
                    if (std::abs(value - x * scale) < std::abs(nearest - x * scale))
                        nearest = value;
                }
                QCOMPARE(std::abs(fromE4M3(toE4M3(x * scale)) - x * scale), std::abs(nearest - x * scale));
            }
        QCOMPARE(toE4M3(1.0625F), std::uint8_t(0x38)); // ties to even: 1 and 1.125
        QCOMPARE(toE4M3(1.1875F), std::uint8_t(0x3A)); // 1.125 and 1.25
        QCOMPARE(toE4M3(-1e30F), std::uint8_t(0xFE));
        QCOMPARE(toE4M3(std::numeric_limits<float>::infinity()), std::uint8_t(0x7E));
        QVERIFY(std::isnan(fromE4M3(toE4M3(std::numeric_limits<float>::quiet_NaN()))));
    }
};

PIKV_TEST(Float8Test)
#include "float8_test.moc"
