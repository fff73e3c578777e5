// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// out[c * rows + r] = in[r * columns + c].
void transpose(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out);
/// out[c * outStride + r] = in[r * inStride + c].
void transpose(
    const float* in, std::size_t inStride, std::size_t rows, std::size_t columns, float* out, std::size_t outStride);

/// A stride for rows of `columns` floats whose neighbours do not fall on the same places of the processor's caches, as
/// they do at powers of two: reading or writing a column then costs a miss each.
inline std::size_t spreadStride(std::size_t columns) { return columns + 16; }

} // namespace pikv
