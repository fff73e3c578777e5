// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include "core/eval/evaluator.h"
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

struct CalibrationRequest {
    std::vector<CachePtr> caches; ///< of the same model: equal layers, KV heads and head dims
    MethodSpec method; ///< its `shared` must be empty
    ImportanceSpec importance; ///< used where there is one cache only
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0;
};

/// Learns what the method can learn ahead (a basis, a codebook, a student) and writes it to `path` (.pikv-basis), whole
/// or not at all. Returns the file's size: the method's shared bytes. Throws Error.
std::uint64_t calibrateFile(const CalibrationRequest& request, const std::string& path, const JobControl& job = {});

/// True for methods that have a `shared` parameter.
bool canCalibrate(const std::string& methodId);
/// Ids of all methods that can, in the registry's order: "lora, lora_plus, …".
std::string calibratableMethods();
/// Throws Error{Usage} where the method has nothing to learn or its `shared` is set.
void checkCalibratable(const MethodSpec& method);

} // namespace pikv
