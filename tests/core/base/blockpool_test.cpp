// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/blockpool.h"
#include "core/base/memory.h"
#include "testmain.h"
#include <QTest>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

using namespace pikv;

namespace {
constexpr std::size_t mb = std::size_t(1) << 20;
}

class TestBlockPool : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void givesAFreedBlockAgain()
    {
        BlockPool pool;
        void* first = pool.take(33 * mb + 5);
        QVERIFY(first);
        QCOMPARE(reinterpret_cast<std::uintptr_t>(first) % (2 * mb), std::uintptr_t(0));
        std::memset(first, 0xab, 33 * mb + 5);
        QCOMPARE(pool.bytesInUse(), 34 * mb);
        pool.give(first);
        QCOMPARE(pool.bytesInUse(), std::size_t(0));
        QCOMPARE(pool.bytesKept(), 34 * mb);
        void* again = pool.take(32 * mb); // within an eighth
        QCOMPARE(again, first);
        void* other = pool.take(8 * mb);
        QVERIFY(other != first);
        pool.give(again);
        QVERIFY(pool.take(8 * mb) != first); // far too large for it
    }

    void staysBelowThePeak()
    {
        BlockPool pool;
        std::vector<void*> blocks;
        for (std::size_t size : { 100, 150, 50 })
            blocks.push_back(pool.take(size * mb));
        for (void* block : blocks)
            pool.give(block);
        QCOMPARE(pool.bytesKept(), 300 * mb);
        void* large = pool.take(264 * mb); // none fits: 300 + 264 MB are 200 above the peak and its slack of 64
        QVERIFY(large);
        QVERIFY2(pool.bytesKept() + pool.bytesInUse() <= 364 * mb, qPrintable(QString::number(pool.bytesKept() / mb)));
        pool.give(large);
        pool.trim();
        QCOMPARE(pool.bytesKept(), std::size_t(0));
    }

    void gaveBackMemoryIsTheSystems()
    {
        BlockPool pool;
        void* block = pool.take(256 * mb);
        std::memset(block, 1, 256 * mb);
        const auto full = currentRssBytes();
        pool.give(block);
        pool.trim();
        QVERIFY(currentRssBytes() + 200 * mb < full);
    }

    void refusesWhatNoMachineHas()
    {
        BlockPool pool;
        QVERIFY(!pool.take(SIZE_MAX));
        QVERIFY(!pool.take(SIZE_MAX / 4));
        QCOMPARE(pool.bytesInUse(), std::size_t(0));
        int local = 0;
        pool.give(&local); // not its own: left alone
        QCOMPARE(pool.bytesKept(), std::size_t(0));
    }

    void servesThreads()
    {
        BlockPool pool;
        std::atomic<int> wrong = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 50; ++i) {
                    const std::size_t bytes = std::size_t(4 + (t + i) % 3) * mb;
                    auto* block = static_cast<char*>(pool.take(bytes));
                    block[0] = block[bytes - 1] = char(t);
                    std::this_thread::yield();
                    wrong += block[0] != char(t) || block[bytes - 1] != char(t);
                    pool.give(block);
                }
            });
        for (std::thread& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QCOMPARE(pool.bytesInUse(), std::size_t(0));
    }
};

PIKV_TEST(TestBlockPool)
#include "blockpool_test.moc"
