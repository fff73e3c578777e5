// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <ATen/Parallel.h>
#include <c10/core/Device.h>
#include <exception>
#include <mutex>

namespace pikv {

/// Calls fn(i) for every plane (a head of K or V): on the CPU over all threads, each plane by one thread alone, so that
/// results do not depend on their number; else one after the other. Stops between planes when asked to; an exception of
/// any plane is thrown on.
template <typename Function>
void forEachPlane(c10::Device device, std::int64_t count, const JobControl& job, Function&& fn)
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
