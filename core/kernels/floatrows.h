// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/dtype.h"
#include <cstddef>

namespace pikv {

/// `count` elements of a cache dtype (f16, bf16, f32, f64; any alignment) to floats.
void toFloats(const void* source, DType dtype, std::size_t count, float* out);
/// The inverse, rounding to nearest even. Finite values beyond f16's reach become ±65504, not infinity.
void fromFloats(const float* source, DType dtype, std::size_t count, void* out);

} // namespace pikv
