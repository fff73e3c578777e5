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
        QCOMPARE(pool.bytesInUse(), 42 * mb);
    }

    void splitsALargeBlock()
    {
        BlockPool pool;
        auto* whole = static_cast<char*>(pool.take(96 * mb));
        std::memset(whole, 1, 96 * mb);
        pool.give(whole);
        void* part = pool.take(32 * mb);
        QCOMPARE(part, static_cast<void*>(whole));
        QCOMPARE(pool.bytesKept(), 64 * mb);
        void* rest = pool.take(64 * mb);
        QCOMPARE(rest, static_cast<void*>(whole + 32 * mb));
        QCOMPARE(pool.bytesKept(), std::size_t(0));
        pool.give(part);
        pool.give(rest);
        QCOMPARE(pool.bytesKept(), 96 * mb);
    }

    void movesThePagesOfSmallBlocksTogether()
    {
        BlockPool pool;
        std::vector<char*> small;
        for (int i = 0; i < 4; ++i) {
            small.push_back(static_cast<char*>(pool.take(16 * mb)));
            std::memset(small.back(), 0x5a, 16 * mb);
        }
        for (char* block : small)
            pool.give(block);
        pool.give(pool.take(6 * mb)); // a block whose pages come in two pieces
        auto* large = static_cast<char*>(pool.take(80 * mb));
        QVERIFY(large);
        QCOMPARE(reinterpret_cast<std::uintptr_t>(large) % (2 * mb), std::uintptr_t(0));
        QCOMPARE(pool.bytesKept(), std::size_t(0));
        QCOMPARE(pool.bytesInUse(), 80 * mb);
        std::size_t moved = 0, fresh = 0; // pages that were cleared cost what the pool is there to save
        for (std::size_t at = 0; at < 80 * mb; at += 4096) {
            moved += large[at] == 0x5a;
            fresh += large[at] == 0;
        }
        QCOMPARE(moved, 64 * mb / 4096);
        QCOMPARE(fresh, 16 * mb / 4096);
        std::memset(large, 1, 80 * mb);
        pool.give(large);
        QCOMPARE(pool.take(24 * mb), static_cast<void*>(large));
        auto* again = static_cast<char*>(pool.take(64 * mb)); // 56 MB of pieces, 8 MB fresh
        std::memset(again, 2, 64 * mb);
        QCOMPARE(large[24 * mb - 1], char(1));
        QCOMPARE(pool.bytesInUse(), 88 * mb);
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
        void* large = pool.take(264 * mb); // none fits
        QVERIFY(large);
        QCOMPARE(pool.bytesInUse(), 264 * mb);
        QCOMPARE(pool.bytesKept(), 36 * mb);
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
                    const std::size_t bytes = std::size_t(4 + (5 * t + 3 * i) % 23) * mb;
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
