// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled with OpenMP (core/CMakeLists.txt): without it at::parallel_for, a template, is a plain loop.
#include "core/codec/planes.h"
#include <ATen/Parallel.h>
#include <exception>
#include <mutex>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace pikv {
namespace {

/// LibTorch splits an operation among its threads outside a parallel region, and its result depends on how many there are:
/// one alone, where planes are not spread over threads. With OpenMP, for the calling thread only.
class OneThread {
public:
    explicit OneThread(bool wanted)
        : m_before(wanted ? at::get_num_threads() : 1)
    {
        if (m_before > 1)
            setThreads(1);
    }
    ~OneThread()
    {
        if (m_before > 1)
            setThreads(m_before);
    }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
#ifdef _OPENMP
    static void setThreads(int count) { omp_set_num_threads(count); }
#else
    static void setThreads(int count) { at::set_num_threads(count); }
#endif
    int m_before;
};

#ifdef _OPENMP
constexpr bool spreads = true;
#else
constexpr bool spreads = false;
#endif

} // namespace

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
    const OneThread alone(!spreads || count == 1);
    std::exception_ptr failure;
    std::mutex mutex;
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
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
