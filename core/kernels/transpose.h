// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// out[c * rows + r] = in[r * columns + c].
void transpose(const std::int16_t* in, std::size_t rows, std::size_t columns, std::int16_t* out);
void transpose(const float* in, std::size_t rows, std::size_t columns, float* out);

} // namespace pikv
