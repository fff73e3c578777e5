// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/uniformquant.h"
#include <algorithm>

namespace pikv {
namespace {

constexpr std::size_t lanes = 16; ///< independent sums, so that the compiler can use vectors

/// The quantiser of one step: clamped to positive numbers first, so that cutting off the fraction rounds down.
struct Quantiser {
    float step, inverse, half, top;

    Quantiser(float step_, int bits)
        : step(step_)
        , inverse(step_ > 0 ? 1.0f / step_ : 0.0f)
        , half(float(1 << (bits - 1)))
        , top(2 * half - 0.5f)
    {
    }
    int code(float value) const { return static_cast<int>(std::min(top, std::max(0.0f, value * inverse + half))); }
    float value(int code) const { return (float(code) - half + 0.5f) * step; }
    float error(float value_) const { return value_ - value(code(value_)); }
};

} // namespace

void quantiseUniform(const float* values, std::size_t count, float step, int bits, std::uint8_t* codes)
{
    const Quantiser q(step, bits);
    for (std::size_t i = 0; i < count; ++i)
        codes[i] = static_cast<std::uint8_t>(q.code(values[i]));
}

void dequantiseUniform(const std::uint8_t* codes, std::size_t count, float step, int bits, float* values)
{
    const Quantiser q(step, bits);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = q.value(codes[i]);
}

double uniformError(const float* values, std::size_t count, float step, int bits)
{
    const Quantiser q(step, bits);
    float sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t j = 0; j < lanes; ++j) {
            const float e = q.error(values[i + j]);
            sums[j] += e * e;
        }
    double total = 0;
    for (const float sum : sums)
        total += double(sum);
    for (; i < count; ++i)
        total += double(q.error(values[i])) * q.error(values[i]);
    return total;
}

} // namespace pikv
