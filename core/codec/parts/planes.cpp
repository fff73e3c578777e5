// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled with OpenMP (core/CMakeLists.txt): without it at::parallel_for, a template, is a plain loop.
#include "core/codec/parts/planes.h"
#include <ATen/Parallel.h>
#include <chrono>
#include <exception>
#include <future>
#include <mutex>
#include <thread>
#include <vector>
#ifdef _OPENMP
#include <omp.h>
#endif

/// Of LibTorch builds with MKL; returns what it was. Weak: null where there is no MKL.
extern "C" __attribute__((weak)) int MKL_Set_Num_Threads_Local(int threads);

namespace pikv {
namespace {

/// One thread for LibTorch and the libraries below it. Outside a parallel region an operation is split among threads,
/// and its result depends on how many there are; inside one, MKL, which LibTorch tells never to adapt, waits in its QR
/// for members of a team that a nested region never gets. With OpenMP, for the calling thread only.
class OneThread {
public:
    OneThread()
        : m_before(at::get_num_threads())
        , m_mkl(MKL_Set_Num_Threads_Local ? MKL_Set_Num_Threads_Local(1) : 0)
    {
        if (m_before > 1)
            setThreads(1);
    }
    ~OneThread()
    {
        if (m_before > 1)
            setThreads(m_before);
        if (MKL_Set_Num_Threads_Local)
            MKL_Set_Num_Threads_Local(m_mkl);
    }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
#ifdef _OPENMP
    static void setThreads(int count) { omp_set_num_threads(count); }
#else
    static void setThreads(int count) { at::set_num_threads(count); }
#endif
    int m_before, m_mkl;
};

/// Threads of runApart() that nobody waits for any more; the process does before it ends.
class LeftThreads {
public:
    ~LeftThreads()
    {
        for (Left& left : m_left)
            left.thread.join();
    }
    void add(std::thread thread, std::future<void> done)
    {
        const std::lock_guard lock(m_mutex);
        std::erase_if(m_left, [](Left& left) {
            const bool ended = left.done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
            if (ended)
                left.thread.join();
            return ended;
        });
        m_left.push_back({ std::move(thread), std::move(done) });
    }

private:
    struct Left {
        std::thread thread;
        std::future<void> done;
    };
    std::mutex m_mutex;
    std::vector<Left> m_left;
};

} // namespace

void runApart(const JobControl& job, std::function<void()> fn)
{
    static LeftThreads leftThreads;
    constexpr std::chrono::milliseconds between(5);
    std::packaged_task<void()> task([fn = std::move(fn)] {
        const OneThread alone;
        fn();
    });
    std::future<void> done = task.get_future();
    std::thread thread(std::move(task));
    while (done.wait_for(between) != std::future_status::ready) {
        if (!job.stopRequested())
            continue;
        leftThreads.add(std::move(thread), std::move(done));
        throw cancelledError();
    }
    thread.join();
    done.get();
}

void forEachPlane(
    c10::Device device, std::int64_t count, const JobControl& job, const std::function<void(std::int64_t)>& fn)
{
    if (!device.is_cpu()) {
        for (std::int64_t i = 0; i < count; ++i) {
            job.checkpoint();
            fn(i);
        }
        return;
    }
    std::exception_ptr failure;
    std::mutex mutex;
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
        const OneThread alone;
        try {
            for (std::int64_t i = begin; i < end && !job.stopRequested(); ++i)
                fn(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure)
                failure = std::current_exception();
        }
    });
    if (failure)
        std::rethrow_exception(failure);
    job.checkpoint();
}

} // namespace pikv
