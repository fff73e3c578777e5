// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/kernels/deflate.h"
#include "testmain.h"
#include <QTest>
#include <random>
#include <stop_token>

using namespace pikv;

class DeflateTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void comesBack_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<bool>("isNoise");
        for (const int size : { 0, 1, 65535, 65536, 65537, 1000003 })
            for (const bool isNoise : { false, true })
                QTest::addRow("%d %s", size, isNoise ? "random" : "equal") << size << isNoise;
    }
    void comesBack()
    {
        QFETCH(int, size);
        QFETCH(bool, isNoise);
        const Bytes bytes = content(size, isNoise);
        const Bytes packed = deflated(bytes, {});
        if (size > 1000)
            QVERIFY(isNoise ? packed.size() < bytes.size() * 1.001 + 100 : packed.size() < bytes.size() / 100);
        QVERIFY(inflated(packed, bytes.size(), {}) == bytes);
        for (const std::size_t other : { bytes.size() + 1, bytes.size() - 1, std::size_t(1) << 40 })
            QVERIFY_THROWS_EXCEPTION(Error, inflated(packed, other, {}));
        if (size > 0)
            QVERIFY_THROWS_EXCEPTION(Error, inflated(ByteSpan(packed).first(packed.size() - 1), bytes.size(), {}));
        Bytes longer = packed;
        longer.push_back(std::byte(0));
        QVERIFY_THROWS_EXCEPTION(Error, inflated(longer, bytes.size(), {}));
    }

    void stops()
    {
        std::stop_source stop;
        stop.request_stop();
        const JobControl job(stop.get_token());
        const Bytes bytes = content(100, true), packed = deflated(bytes, {});
        QVERIFY_THROWS_EXCEPTION(Error, deflated(bytes, job));
        QVERIFY_THROWS_EXCEPTION(Error, inflated(packed, 100, job));
    }

private:
    static Bytes content(int size, bool isNoise)
    {
        std::mt19937 engine(3);
        Bytes bytes(static_cast<std::size_t>(size), std::byte(7));
        for (std::byte& b : bytes)
            b = isNoise ? std::byte(engine() & 0xFF) : b;
        return bytes;
    }
};

PIKV_TEST(DeflateTest)
#include "deflate_test.moc"
