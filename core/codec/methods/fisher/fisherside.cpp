// SPDX-License-Identifier: GPL-3.0-or-later
// One side of a layer to a stream of levels and back.
#include "core/codec/methods/fisher/fisherside.h"
#include "core/base/error.h"
#include "core/kernels/levelstream.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace pikv {
namespace {

/// Levels are rounded towards zero a little: what that costs in error it saves twice in bits (Sullivan 1996,
/// Efficient scalar quantization of exponential and Laplacian random variables).
constexpr float rounding = 0.38F;

struct Head {
    std::int16_t shift = 0; ///< log2 of the step in quarters, which the expected sizes fall by
    std::array<std::uint8_t, 2> shrinks {}; ///< of levels ±1 and of greater ones, in 1/256 steps
};
constexpr std::size_t headBytes = 4;

float factorOf(std::int8_t stepClass) { return static_cast<float>(std::exp2(stepClass / 2.0)); }

LevelLayout layoutOf(const FisherTransform& t, std::vector<std::int16_t>& sizes, std::int16_t shift,
    const std::vector<std::int8_t>& classes)
{
    sizes.clear();
    for (const std::int16_t size : t.sizes)
        sizes.push_back(static_cast<std::int16_t>(std::clamp(size - shift, leastLevelSize, largestLevelSize)));
    return { sizes.size(), sizes, classes };
}

/// Rounds coefficients, in place of a row; gathers what rebuilding loses.
struct Rounder {
    std::array<double, 2> misses {}, counts {};
    void row(const float* values, float factor, std::size_t count, std::int16_t* levels)
    {
        const float inverse = 1 / factor;
        for (std::size_t i = 0; i < count; ++i) {
            const float value = values[i] * inverse, size = std::min(std::abs(value), 32767.0F);
            const auto level = static_cast<std::int16_t>(size + rounding);
            levels[i] = value < 0 ? static_cast<std::int16_t>(-level) : level;
            if (level > 0) {
                const std::size_t kind = level > 1;
                misses[kind] += double(level) - double(size);
                ++counts[kind];
            }
        }
    }
    std::uint8_t shrink(std::size_t kind) const
    {
        const double mean = counts[kind] > 0 ? misses[kind] / counts[kind] : 0;
        return static_cast<std::uint8_t>(std::clamp(std::lround((mean + 0.5) * 255), 0L, 255L));
    }
};

float shrinkOf(std::uint8_t code) { return static_cast<float>(code) / 255.0F - 0.5F; }

} // namespace

Bytes encodeSide(const FisherTransform& transform, const at::Tensor& rows, double step,
    const std::vector<std::int8_t>& classes, const JobControl& job)
{
    const at::Tensor analysis = transform.analysis();
    job.checkpoint();
    const at::Tensor coefficients = at::matmul(rows - transform.mean, analysis / step).contiguous();
    const auto width = static_cast<std::size_t>(transform.width());
    std::vector<std::int16_t> levels(classes.size() * width);
    Rounder rounder;
    for (std::size_t t = 0; t < classes.size(); ++t)
        rounder.row(coefficients.data_ptr<float>() + t * width, factorOf(classes[t]), width, levels.data() + t * width);
    const auto shift = static_cast<std::int16_t>(std::lround(4 * std::log2(step)));
    Bytes out;
    appendLe(out, shift);
    for (std::size_t kind = 0; kind < 2; ++kind)
        out.push_back(static_cast<std::byte>(rounder.shrink(kind)));
    std::vector<std::int16_t> sizes;
    encodeLevels(layoutOf(transform, sizes, shift, classes), levels.data(), out, job);
    return out;
}

at::Tensor decodeSide(const FisherTransform& transform, ByteSpan bytes, double step,
    const std::vector<std::int8_t>& classes, const JobControl& job)
{
    if (bytes.size() < headBytes)
        throw inputError("a stream of levels ends too early");
    const auto shift = loadLe<std::int16_t>(bytes.data());
    const float shrinks[]
        = { 0, shrinkOf(std::to_integer<std::uint8_t>(bytes[2])), shrinkOf(std::to_integer<std::uint8_t>(bytes[3])) };
    const auto width = static_cast<std::size_t>(transform.width());
    std::vector<std::int16_t> levels(classes.size() * width), sizes;
    decodeLevels(layoutOf(transform, sizes, shift, classes), bytes.subspan(headBytes), levels.data(), job);
    const auto count = static_cast<std::int64_t>(classes.size());
    const at::Tensor values = at::empty({ count, transform.width() }, at::kFloat);
    float* value = values.data_ptr<float>();
    const std::int16_t* level = levels.data();
    for (const std::int8_t stepClass : classes) {
        const float factor = factorOf(stepClass);
        for (std::size_t i = 0; i < width; ++i, ++level, ++value) {
            const int size = std::abs(*level);
            const float rebuilt = static_cast<float>(size) - shrinks[std::min(size, 2)];
            *value = (*level < 0 ? -rebuilt : rebuilt) * factor;
        }
    }
    return at::addmm(transform.mean, values, transform.synthesis * step);
}

} // namespace pikv
