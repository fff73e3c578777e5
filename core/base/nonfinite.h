// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/bytes.h"
#include "core/base/dtype.h"
#include <cstdint>

namespace pikv {

struct NonFiniteCount {
    std::int64_t nan = 0, infinite = 0;
};
/// Counts NaN and infinity among the f16, bf16, f32 or f64 values in `bytes`, by their bits.
NonFiniteCount countNonFinite(ByteSpan bytes, DType dtype);

} // namespace pikv
