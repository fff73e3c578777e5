// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// Mid-rise uniform quantiser: code i of 0 … 2^bits - 1 stands for (i - 2^(bits-1) + 0.5) * step; values beyond the
/// ends take the last code, NaN takes the first. `bits` is 1 … 8.
void quantiseUniform(const float* values, std::size_t count, float step, int bits, std::uint8_t* codes);
void dequantiseUniform(const std::uint8_t* codes, std::size_t count, float step, int bits, float* values);

/// Sum of the squared errors that quantiseUniform() would make.
double uniformError(const float* values, std::size_t count, float step, int bits);

} // namespace pikv
