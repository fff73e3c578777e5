// SPDX-License-Identifier: GPL-3.0-or-later
// One side of a layer to a stream of levels and back. In front of the levels stand the step's logarithm, which the
// expected sizes fall by (i16), and how much levels of ±1 and greater ones are moved when they are rebuilt (2 u8).
#include "core/codec/parts/fisherside.h"
#include "core/base/error.h"
#include "core/codec/paramspec.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowsteps.h"
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
constexpr float largestLevel = 32766;
constexpr std::size_t headBytes = 4;
constexpr std::int64_t blockRows = 256; ///< transformed before a stop is asked for again

float factorOf(std::int8_t stepClass) { return static_cast<float>(std::exp2(stepClass / 2.0)); }

/// What |level| may be moved by, in steps of a byte from -1/2 to 1/2.
std::uint8_t shrinkCode(double shrink)
{
    return static_cast<std::uint8_t>(std::clamp(std::lround((shrink + 0.5) * 255), 0L, 255L));
}
float shrinkOf(std::byte code) { return static_cast<float>(std::to_integer<int>(code)) / 255.0F - 0.5F; }

LevelLayout layoutOf(const FisherTransform& t, std::vector<std::int16_t>& sizes, std::int16_t step,
    const std::vector<std::int8_t>& classes)
{
    sizes.clear();
    for (const std::int16_t size : t.sizes)
        sizes.push_back(static_cast<std::int16_t>(std::clamp(size - step, leastLevelSize, largestLevelSize)));
    return { sizes.size(), sizes, classes };
}

/// Rounds rows of coefficients and gathers what rebuilding from the levels alone would miss.
class Rounder {
public:
    /// Widens the row's steps where a level could not hold its size; false where the widest do not suffice.
    bool row(const float* values, std::size_t count, std::int8_t& stepClass, std::int16_t* levels)
    {
        float largest = 0;
        for (std::size_t i = 0; i < count; ++i)
            largest = std::max(largest, std::abs(values[i]));
        while (stepClass < largestClass && largest > largestLevel * factorOf(stepClass))
            ++stepClass;
        if (largest > largestLevel * factorOf(stepClass))
            return false;
        const float inverse = 1 / factorOf(stepClass);
        for (std::size_t i = 0; i < count; ++i) {
            const float size = std::abs(values[i]) * inverse;
            const auto level = static_cast<std::int16_t>(size + rounding);
            levels[i] = values[i] < 0 ? static_cast<std::int16_t>(-level) : level;
            if (level > 0) {
                const std::size_t kind = level > 1;
                m_misses[kind] += double(level) - double(size);
                ++m_counts[kind];
            }
        }
        return true;
    }
    std::array<std::uint8_t, 2> shrinkCodes() const
    {
        std::array<std::uint8_t, 2> codes {};
        for (std::size_t kind = 0; kind < codes.size(); ++kind)
            codes[kind] = shrinkCode(m_counts[kind] > 0 ? m_misses[kind] / m_counts[kind] : 0);
        return codes;
    }

private:
    std::array<double, 2> m_misses {}, m_counts {}; ///< of levels of ±1, of greater ones
};

} // namespace

Bytes encodeSide(const FisherTransform& transform, const at::Tensor& rows, double step,
    std::vector<std::int8_t>& classes, const JobControl& job)
{
    const at::Tensor analysis = transform.analysis(job) / step;
    const auto width = static_cast<std::size_t>(transform.width());
    std::vector<std::int16_t> levels(classes.size() * width);
    Rounder rounder;
    forEachBlock(rows.size(0), blockRows, job, [&](std::int64_t first, std::int64_t count) {
        const at::Tensor coefficients
            = at::matmul(rows.narrow(0, first, count) - transform.mean, analysis).contiguous();
        for (std::int64_t i = 0; i < count; ++i) {
            const auto row = static_cast<std::size_t>(first + i);
            if (!rounder.row(coefficients.data_ptr<float>() + static_cast<std::size_t>(i) * width, width, classes[row],
                    levels.data() + row * width))
                throw usageError("fisher: step=" + printParam(step)
                    + " is too fine for this cache: it takes levels above " + printParam(double(largestLevel)));
        }
    });
    Bytes out;
    appendLe(out, logOfStep(step));
    for (const std::uint8_t code : rounder.shrinkCodes())
        out.push_back(static_cast<std::byte>(code));
    std::vector<std::int16_t> sizes;
    encodeLevels(layoutOf(transform, sizes, logOfStep(step), classes), levels.data(), out, job);
    return out;
}

at::Tensor decodeSide(const FisherTransform& transform, ByteSpan bytes, double step,
    const std::vector<std::int8_t>& classes, const JobControl& job)
{
    if (bytes.size() < headBytes)
        throw inputError("a stream of levels ends too early");
    const float shrinks[] = { 0, shrinkOf(bytes[2]), shrinkOf(bytes[3]) };
    const auto width = static_cast<std::size_t>(transform.width());
    std::vector<std::int16_t> levels(classes.size() * width), sizes;
    decodeLevels(layoutOf(transform, sizes, loadLe<std::int16_t>(bytes.data()), classes), bytes.subspan(headBytes),
        levels.data(), job);
    const auto rows = static_cast<std::int64_t>(classes.size());
    const at::Tensor synthesis = transform.synthesis * step, out = at::empty({ rows, transform.width() }, at::kFloat);
    forEachBlock(rows, blockRows, job, [&](std::int64_t first, std::int64_t count) {
        const at::Tensor values = at::empty({ count, transform.width() }, at::kFloat);
        float* value = values.data_ptr<float>();
        for (std::int64_t i = first; i < first + count; ++i) {
            const auto row = static_cast<std::size_t>(i);
            const float factor = factorOf(classes[row]);
            const std::int16_t* level = levels.data() + row * width;
            for (std::size_t c = 0; c < width; ++c) {
                const int size = std::abs(level[c]);
                const float rebuilt = static_cast<float>(size) - shrinks[std::min(size, 2)];
                *value++ = (level[c] < 0 ? -rebuilt : rebuilt) * factor;
            }
        }
        out.narrow(0, first, count).copy_(at::addmm(transform.mean, values, synthesis));
    });
    return out;
}

} // namespace pikv
