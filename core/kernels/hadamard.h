// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace pikv {

/// The orthonormal Walsh-Hadamard transform of `size` values (a power of two) in place, its own inverse. `scratch` has
/// `size` values.
void hadamard(float* values, float* scratch, std::size_t size);

} // namespace pikv
