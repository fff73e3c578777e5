// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/kvcache.h"
#include "core/eval/evaluator.h"
#include <memory>
#include <string>
#include <vector>

namespace pikv {

struct RoundTripMethod {
    MethodSpec method;
    ImportanceSpec importance;
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0;
};

/// A cache that was encoded and decoded from the bytes alone, and what that cost.
struct RoundTrip {
    std::shared_ptr<const KvCache> decoded;
    std::uint64_t storedBytes = 0, sharedBytes = 0;
    double compressSeconds = 0, decompressSeconds = 0;
    std::vector<std::string> warnings;
};
/// Throws what the method's validate() throws.
RoundTrip throughBytes(const KvCache& cache, const RoundTripMethod& method, const JobControl& job);

} // namespace pikv
