// SPDX-License-Identifier: GPL-3.0-or-later
// What methods run their work with: planes side by side, blocks that ask for a stop, routines that cannot ask.
#include "core/codec/parts/planes.h"
#include "testmain.h"
#include <ATen/Parallel.h>
#include <QTest>
#include <atomic>
#include <future>
#include <stdexcept>

using namespace pikv;

class TestPlanes : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyPlaneOnceByOneThread()
    {
        std::vector<std::atomic<int>> calls(7);
        std::atomic<int> most = 0;
        forEachPlane(c10::kCPU, 7, {}, [&](std::int64_t p) {
            ++calls[std::size_t(p)];
            most = std::max(most.load(), at::get_num_threads());
        });
        for (const auto& count : calls)
            QCOMPARE(count.load(), 1);
        QCOMPARE(most.load(), 1);
    }

    void anErrorOfOnePlaneIsThrownOn()
    {
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, forEachPlane(c10::kCPU, 3, {}, [](std::int64_t p) {
            if (p == 1)
                throw std::runtime_error("plane 1");
        }));
    }

    void blocksCoverTheRows()
    {
        std::vector<std::pair<std::int64_t, std::int64_t>> blocks;
        forEachBlock(10, 4, {}, [&](std::int64_t first, std::int64_t count) { blocks.emplace_back(first, count); });
        QCOMPARE(blocks, (decltype(blocks) { { 0, 4 }, { 4, 4 }, { 8, 2 } }));
    }

    void blocksStop()
    {
        std::stop_source stop;
        const JobControl job(stop.get_token());
        int calls = 0;
        QVERIFY(isCancelled([&] {
            forEachBlock(10, 4, job, [&](std::int64_t, std::int64_t) {
                ++calls;
                stop.request_stop();
            });
        }));
        QCOMPARE(calls, 1);
    }

    void apartRunsWithOneThread()
    {
        int threads = 0;
        runApart({}, [&] { threads = at::get_num_threads(); });
        QCOMPARE(threads, 1);
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, runApart({}, [] { throw std::runtime_error("inside"); }));
    }

    void apartDoesNotWaitAfterAStop()
    {
        std::stop_source stop;
        const JobControl job(stop.get_token());
        const auto released = std::make_shared<std::promise<void>>(), began = std::make_shared<std::promise<void>>(),
                   ended = std::make_shared<std::promise<void>>();
        std::future<void> over = ended->get_future();
        const auto stopper = std::async(std::launch::async, [&] {
            began->get_future().wait();
            stop.request_stop();
        });
        QVERIFY(isCancelled([&] {
            runApart(job, [released, began, ended] {
                began->set_value();
                released->get_future().wait();
                ended->set_value();
            });
        }));
        QVERIFY(over.wait_for(std::chrono::seconds(0)) != std::future_status::ready); // it goes on by itself
        released->set_value();
        over.wait();
    }

private:
    template <typename Function>
    static bool isCancelled(Function f)
    {
        try {
            f();
            return false;
        } catch (const Error& e) {
            return e.kind() == ErrorKind::Cancelled;
        }
    }
};

PIKV_TEST(TestPlanes)
#include "tst_planes.moc"
