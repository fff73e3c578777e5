// SPDX-License-Identifier: GPL-3.0-or-later
// Writing past the caches leaves the same bytes as writing through them, at every alignment, and touches nothing else.
#include "core/kernels/floatrows.h"
#include "core/kernels/pastcaches.h"
#include "testmain.h"
#include <QTest>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

using namespace pikv;

class TestPastCaches : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void copiesAtEveryAlignment()
    {
        constexpr std::size_t margin = 192;
        std::vector<std::uint8_t> source(1024);
        std::iota(source.begin(), source.end(), std::uint8_t(1));
        for (std::size_t shift = 0; shift < 64; ++shift)
            for (const std::size_t bytes : { 0, 1, 63, 64, 65, 127, 128, 500 }) {
                std::vector<std::uint8_t> out(1024, 0xee), expected = out;
                std::memcpy(expected.data() + margin + shift, source.data() + shift % 3, bytes);
                copyPastCaches(source.data() + shift % 3, bytes, out.data() + margin + shift);
                QVERIFY2(out == expected, qPrintable(QStringLiteral("shift %1, %2 bytes").arg(shift).arg(bytes)));
            }
    }

    void convertsAsFromFloatsDoes_data()
    {
        QTest::addColumn<int>("dtype");
        for (const DType dtype : { DType::F32, DType::F16, DType::BF16, DType::F64 })
            QTest::newRow(dtypeName(dtype).data()) << int(dtype);
    }
    void convertsAsFromFloatsDoes()
    {
        QFETCH(int, dtype);
        const auto type = static_cast<DType>(dtype);
        std::mt19937 engine(5);
        std::normal_distribution<float> normal(0, 1e4f);
        for (const std::size_t count : { 1, 31, 2048, 2049, 10000 }) {
            std::vector<float> values(count);
            for (float& value : values)
                value = normal(engine);
            std::vector<std::byte> out(count * dtypeSize(type) + 8, std::byte(0xee)), expected = out;
            fromFloats(values.data(), type, count, expected.data());
            fromFloatsPastCaches(values.data(), type, count, out.data());
            QVERIFY2(out == expected, qPrintable(QString::number(count)));
        }
    }
};

PIKV_TEST(TestPastCaches)
#include "pastcaches_test.moc"
