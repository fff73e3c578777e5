// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled with OpenMP (core/CMakeLists.txt): without it at::parallel_for, a template, is a plain loop.
#include "core/codec/planes.h"
#include <ATen/Parallel.h>
#include <exception>
#include <mutex>

namespace pikv {

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
