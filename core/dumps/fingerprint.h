// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include <string>

namespace pikv {

/// What a cache is, whatever file it lies in and whatever that is called: XXH3-128 over everything that a measurement
/// can depend on, which is every tensor, shape, mask, position, token and rotation. 32 hexadecimal digits. Reads the
/// whole cache, a layer at a time. Throws Error{Input} where it cannot be read.
std::string cacheFingerprint(const KvCache& cache, const JobControl& job = {});
/// The same of what is known without the tensors.
std::string infoHash(const CacheInfo& info);

} // namespace pikv
