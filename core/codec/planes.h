// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <c10/core/Device.h>
#include <cstdint>
#include <functional>

namespace pikv {

/// Calls fn(i) for every plane (a head of K or V): on the CPU over all threads, each plane by one thread alone, so that
/// results do not depend on their number; else one after the other. Stops between planes when asked to; an exception of
/// any plane is thrown on.
void forEachPlane(
    c10::Device device, std::int64_t count, const JobControl& job, const std::function<void(std::int64_t)>& fn);

} // namespace pikv
