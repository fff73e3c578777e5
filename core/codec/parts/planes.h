// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <algorithm>
#include <c10/core/Device.h>
#include <cstdint>
#include <functional>

namespace pikv {

/// Calls fn(i) for every plane (a head of K or V): on the CPU over all threads, each plane by one thread alone, so that
/// results do not depend on their number; else one after the other. Stops between planes when asked to; an exception of
/// any plane is thrown on.
void forEachPlane(
    c10::Device device, std::int64_t count, const JobControl& job, const std::function<void(std::int64_t)>& fn);

/// Calls fn, which takes long and cannot be asked to stop (a LAPACK routine), and returns after it, or throws
/// Error{Cancelled} soon after a stop was asked for. Then fn goes on by itself until it ends: it owns all that it
/// touches.
void runApart(const JobControl& job, std::function<void()> fn);

/// f(first, count) for one block of at most `size` rows after the other; asks before each whether to stop.
template <typename Function>
void forEachBlock(std::int64_t rows, std::int64_t size, const JobControl& job, Function f)
{
    for (std::int64_t first = 0; first < rows; first += size) {
        job.checkpoint();
        f(first, std::min(size, rows - first));
    }
}

} // namespace pikv
