// SPDX-License-Identifier: GPL-3.0-or-later
// One side of a layer to a stream of levels and back. In front of the levels stand the step's logarithm, which the
// expected sizes fall by (i16), and how much levels of ±1 and greater ones are moved when they are rebuilt (2 u8).
#include "core/codec/parts/sidestream.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowsteps.h"
#include "core/kernels/levelstream.h"
#include "core/kernels/roundlevels.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sub.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace pikv {
namespace {

/// Levels are rounded towards zero a little: what that costs in error it saves twice in bits (Sullivan 1996,
/// Efficient scalar quantization of exponential and Laplacian random variables).
constexpr float rounding = 0.38F;
constexpr std::size_t headBytes = 4;
constexpr std::int64_t blockRows = 256; ///< transformed before a stop is asked for again

float factorOf(std::int8_t stepClass) { return static_cast<float>(std::exp2(stepClass / 2.0)); }

/// What |level| may be moved by, in steps of a byte from -1/2 to 1/2.
std::uint8_t shrinkCode(double shrink)
{
    return static_cast<std::uint8_t>(std::clamp(std::lround((shrink + 0.5) * 255), 0L, 255L));
}
float shrinkOf(std::byte code) { return static_cast<float>(std::to_integer<int>(code)) / 255.0F - 0.5F; }

LevelLayout layoutOf(const SideTransform& t, std::vector<std::int16_t>& sizes, std::int16_t step,
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
        const float largest = largestSize(values, count);
        while (stepClass < largestClass && largest > largestLevel * factorOf(stepClass))
            ++stepClass;
        if (largest > largestLevel * factorOf(stepClass))
            return false;
        roundLevels(values, count, 1 / factorOf(stepClass), rounding, levels, m_misses);
        return true;
    }
    std::array<std::uint8_t, 2> shrinkCodes() const
    {
        std::array<std::uint8_t, 2> codes {};
        for (std::size_t kind = 0; kind < codes.size(); ++kind)
            codes[kind] = shrinkCode(m_misses.counts[kind] > 0 ? m_misses.sums[kind] / m_misses.counts[kind] : 0);
        return codes;
    }

private:
    LevelMisses m_misses;
};

/// Rows from their levels.
void rebuildRows(const SideTransform& transform, const std::array<float, 2>& shrinks,
    const std::vector<std::int16_t>& levels, const at::Tensor& prediction, double step,
    const std::vector<std::int8_t>& classes, const RowSink& put, const JobControl& job)
{
    const auto width = static_cast<std::size_t>(transform.width());
    const at::Tensor synthesis = transform.synthesis * step;
    const at::Tensor values = at::empty({ blockRows, transform.width() }, at::kFloat), out = at::empty_like(values);
    forEachBlock(
        static_cast<std::int64_t>(classes.size()), blockRows, job, [&](std::int64_t first, std::int64_t count) {
            const auto row = static_cast<std::size_t>(first);
            for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
                rebuildLevels(levels.data() + (row + i) * width, width, shrinks, factorOf(classes[row + i]),
                    values.data_ptr<float>() + i * width);
            at::Tensor rows = out.narrow(0, 0, count);
            at::addmm_out(rows, transform.mean, values.narrow(0, 0, count), synthesis);
            if (prediction.defined())
                rows.add_(prediction.narrow(0, first, count));
            put(first, rows);
        });
}

} // namespace

std::optional<Bytes> encodeSide(const SideTransform& transform, const at::Tensor& rows, const at::Tensor& prediction,
    double step, std::vector<std::int8_t>& classes, const RowSink& rebuilt, const JobControl& job)
{
    const at::Tensor analysis = transform.analysis(job) / step;
    const auto width = static_cast<std::size_t>(transform.width());
    std::vector<std::int16_t> levels(classes.size() * width);
    Rounder rounder;
    bool fits = true;
    const at::Tensor centred = at::empty({ blockRows, transform.width() }, at::kFloat),
                     values = at::empty_like(centred);
    forEachBlock(rows.size(0), blockRows, job, [&](std::int64_t first, std::int64_t count) {
        at::Tensor input = centred.narrow(0, 0, count), coefficients = values.narrow(0, 0, count);
        at::sub_out(input, rows.narrow(0, first, count), transform.mean);
        if (prediction.defined())
            input.sub_(prediction.narrow(0, first, count));
        at::mm_out(coefficients, input, analysis);
        for (std::int64_t i = 0; fits && i < count; ++i) {
            const auto row = static_cast<std::size_t>(first + i);
            fits = rounder.row(coefficients.data_ptr<float>() + static_cast<std::size_t>(i) * width, width,
                classes[row], levels.data() + row * width);
        }
    });
    if (!fits)
        return {};
    Bytes out;
    appendLe(out, logOfStep(step));
    for (const std::uint8_t code : rounder.shrinkCodes())
        out.push_back(static_cast<std::byte>(code));
    if (rebuilt)
        rebuildRows(transform, { shrinkOf(out[2]), shrinkOf(out[3]) }, levels, prediction, step, classes, rebuilt, job);
    std::vector<std::int16_t> sizes;
    encodeLevels(layoutOf(transform, sizes, logOfStep(step), classes), levels.data(), out, job);
    return out;
}

StoredSide::StoredSide(SideTransform transform, ByteSpan bytes, double step, std::vector<std::int8_t> classes)
    : m_transform(std::move(transform))
    , m_bytes(bytes)
    , m_step(step)
    , m_classes(std::move(classes))
{
    if (m_bytes.size() < headBytes)
        throw inputError("a stream of levels ends too early");
}

void StoredSide::readLevels(StoredSide& one, StoredSide& other, const JobControl& job)
{
    std::array<std::vector<std::int16_t>, 2> sizes;
    const auto stored = [](StoredSide& side, std::vector<std::int16_t>& expected) {
        side.m_levels.resize(side.m_classes.size() * static_cast<std::size_t>(side.m_transform.width()));
        return StoredLevels { layoutOf(side.m_transform, expected, loadLe<std::int16_t>(side.m_bytes.data()),
                                  side.m_classes),
            side.m_bytes.subspan(headBytes), side.m_levels.data() };
    };
    decodeLevels(stored(one, sizes[0]), stored(other, sizes[1]), job);
}

void StoredSide::rebuild(const at::Tensor& prediction, const RowSink& put, const JobControl& job) const
{
    const std::array<float, 2> shrinks { shrinkOf(m_bytes[2]), shrinkOf(m_bytes[3]) };
    rebuildRows(m_transform, shrinks, m_levels, prediction, m_step, m_classes, put, job);
}

} // namespace pikv
