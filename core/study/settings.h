// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/importance.h"
#include "core/eval/evaluator.h"
#include <cstdint>

namespace pikv {

/// What the figures of a study depend on beside cache and method. What only changes how they are shown, such as the
/// number of caches that share a calibration, is no part of it.
struct StudySettings {
    ImportanceSpec importance;
    DeviceChoice device = DeviceChoice::Auto;
    std::uint64_t seed = 0;
    /// NaN or infinity in the dump: refused (Error{Input}), or left out of every figure.
    bool acceptNonFinite = false;
    bool operator==(const StudySettings&) const = default;
};

} // namespace pikv
