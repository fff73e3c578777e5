// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/hadamard.h"
#include <cmath>
#include <cstring>
#include <utility>

namespace pikv {
namespace {

/// One stage of the constant-geometry form (Pease 1968): every stage has the same long loops, which vectorise, where
/// the usual butterflies shrink to pairs.
inline void stage(const float* __restrict in, float* __restrict out, std::size_t half, float scale)
{
    for (std::size_t i = 0; i < half; ++i) {
        const float a = in[2 * i], b = in[2 * i + 1];
        out[i] = (a + b) * scale;
        out[i + half] = (a - b) * scale;
    }
}

} // namespace

void hadamard(float* values, float* scratch, std::size_t size)
{
    float *from = values, *to = scratch;
    for (std::size_t n = size; n > 1; n /= 2) {
        const float scale = n == 2 ? 1.0f / std::sqrt(static_cast<float>(size)) : 1.0f;
        stage(from, to, size / 2, scale);
        std::swap(from, to);
    }
    if (from != values)
        std::memcpy(values, from, size * sizeof(float));
}

} // namespace pikv
