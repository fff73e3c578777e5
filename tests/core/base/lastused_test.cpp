// SPDX-License-Identifier: GPL-3.0-or-later
// A bounded store of what takes long to make.
#include "core/base/lastused.h"
#include "testmain.h"
#include <QTest>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace pikv;

class LastUsedTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void makesOnce()
    {
        LastUsed<int, std::string> store(2);
        int made = 0;
        const auto make = [&] { return std::to_string(++made); };
        QCOMPARE(*store.get(7, make), std::string("1"));
        QCOMPARE(*store.get(7, make), std::string("1"));
        QCOMPARE(made, 1);
    }

    void dropsWhatWasUsedLongestAgo()
    {
        LastUsed<int, int> store(2);
        const auto first = store.get(1, [] { return 1; });
        store.get(2, [] { return 2; });
        store.get(1, [] { return -1; }); // used again
        store.get(3, [] { return 3; }); // drops 2
        QCOMPARE(*store.get(1, [] { return -1; }), 1);
        QCOMPARE(*store.get(2, [] { return -2; }), -2);
        QCOMPARE(*first, 1); // whoever holds one keeps it
    }

    void aFailureLeavesNothing()
    {
        LastUsed<int, int> store(2);
        QVERIFY_EXCEPTION_THROWN(store.get(1, []() -> int { throw std::string("no"); }), std::string);
        QCOMPARE(*store.get(1, [] { return 5; }), 5);
    }

    void threadsShareOneValue()
    {
        LastUsed<int, int> store(2);
        std::atomic<int> made = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] { store.get(1, [&] { return ++made; }); });
        for (std::thread& thread : threads)
            thread.join();
        QCOMPARE(made.load(), 1);
    }
};

PIKV_TEST(LastUsedTest)
#include "lastused_test.moc"
