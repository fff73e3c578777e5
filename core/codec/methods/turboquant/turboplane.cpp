// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors as length, rotated direction in Lloyd-Max levels, and, if asked for, the signs of a projected residual (QJL,
// arXiv:2406.03482).
#include "core/codec/methods/turboquant/turboplane.h"
#include "core/base/half.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/reduce.h"
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <span>

namespace pikv {
namespace {

constexpr std::int64_t blockRows = 256; ///< a multiple of 8, so that every block's codes begin at a whole byte

void storeHalf(std::span<std::byte> out, std::int64_t index, float value)
{
    const std::uint16_t half = floatToHalf(value);
    std::memcpy(out.data() + 2 * index, &half, sizeof half);
}

float lengthOf(const float* row, std::int64_t dim) { return std::sqrt(rowSquares(row, static_cast<std::size_t>(dim))); }

} // namespace

TurboPlane::TurboPlane(std::int64_t seq, std::int64_t dim, int bits, bool qjl, Rotation::Kind kind, std::uint64_t seed)
    : m_seq(seq)
    , m_dim(dim)
    , m_bits(bits)
    , m_qjl(qjl)
    , m_rotation(Rotation::make(kind, dim, seed))
    , m_table(sphereTable(scalarBits(), static_cast<std::size_t>(dim)))
{
    if (qjl)
        m_projection = gaussianMatrix(dim, ~seed);
}

std::vector<PlaneSection> TurboPlane::sections() const
{
    const auto values = static_cast<std::size_t>(m_seq * m_dim), lengths = static_cast<std::size_t>(m_seq) * 2;
    std::vector<PlaneSection> list { { "codes", packedBytes(values, scalarBits()) }, { "lengths", lengths } };
    if (m_qjl) {
        list.push_back({ "signs", packedBytes(values, 1) });
        list.push_back({ "residuals", lengths });
    }
    return list;
}

void TurboPlane::encode(const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const
{
    const std::span<std::byte> codes = parts[0], lengths = parts[1];
    const auto dim = static_cast<std::size_t>(m_dim);
    std::vector<float> block(static_cast<std::size_t>(blockRows) * dim);
    std::vector<std::uint8_t> indices(block.size());
    const float root = std::sqrt(static_cast<float>(m_dim));
    for (std::int64_t first = 0; first < m_seq; first += blockRows) {
        job.checkpoint();
        const std::int64_t count = std::min(blockRows, m_seq - first);
        const std::size_t values = static_cast<std::size_t>(count) * dim, at = static_cast<std::size_t>(first) * dim;
        rows.loadFinite(first, count, block.data());
        m_rotation->apply(block.data(), count);
        for (std::int64_t r = 0; r < count; ++r) {
            float* row = block.data() + static_cast<std::size_t>(r) * dim;
            std::uint8_t* index = indices.data() + static_cast<std::size_t>(r) * dim;
            const float length = lengthOf(row, m_dim), inverse = length > 0 ? root / length : 0.0f;
            for (std::size_t i = 0; i < dim; ++i)
                row[i] *= inverse;
            nearestLevels(*m_table, row, dim, index);
            // Least squares: the length that fits the quantised direction best.
            float dot = 0, energy = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                const float level = m_table->levels[index[i]];
                dot += row[i] * level;
                energy += level * level;
            }
            const std::uint16_t half = floatToHalf(length / root * dot / energy);
            std::memcpy(lengths.data() + 2 * (first + r), &half, sizeof half);
            if (!m_qjl)
                continue;
            const float scale = halfToFloat(half), size = length / root;
            for (std::size_t i = 0; i < dim; ++i)
                row[i] = row[i] * size - m_table->levels[index[i]] * scale;
            storeHalf(parts[3], first + r, lengthOf(row, m_dim));
        }
        packBits(std::span(indices).first(values), scalarBits(),
            codes.subspan(packedBytes(at, scalarBits()), packedBytes(values, scalarBits())));
        if (m_qjl)
            project(block.data(), count, parts[2].subspan(packedBytes(at, 1), packedBytes(values, 1)));
    }
}

void TurboPlane::decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const
{
    const ByteSpan codes = parts[0], lengths = parts[1];
    const auto dim = static_cast<std::size_t>(m_dim);
    std::vector<float> block(static_cast<std::size_t>(blockRows) * dim), scales(static_cast<std::size_t>(blockRows));
    std::vector<std::uint8_t> indices(block.size());
    for (std::int64_t first = 0; first < m_seq; first += blockRows) {
        job.checkpoint();
        const std::int64_t count = std::min(blockRows, m_seq - first);
        const std::size_t values = static_cast<std::size_t>(count) * dim, at = static_cast<std::size_t>(first) * dim;
        unpackBits(codes.subspan(packedBytes(at, scalarBits()), packedBytes(values, scalarBits())), scalarBits(),
            std::span(indices).first(values));
        for (std::int64_t r = 0; r < count; ++r) {
            const float length = halfToFloat(loadLe<std::uint16_t>(lengths.data() + 2 * (first + r)));
            float* row = block.data() + static_cast<std::size_t>(r) * dim;
            const std::uint8_t* index = indices.data() + static_cast<std::size_t>(r) * dim;
            for (std::size_t i = 0; i < dim; ++i)
                row[i] = m_table->levels[index[i]] * length;
        }
        if (m_qjl) {
            for (std::int64_t r = 0; r < count; ++r)
                scales[static_cast<std::size_t>(r)]
                    = halfToFloat(loadLe<std::uint16_t>(parts[3].data() + 2 * (first + r)));
            addProjected(
                parts[2].subspan(packedBytes(at, 1), packedBytes(values, 1)), scales.data(), count, block.data());
        }
        m_rotation->undo(block.data(), count);
        rows.store(first, count, block.data());
    }
}

void TurboPlane::project(const float* residuals, std::int64_t count, std::span<std::byte> signs) const
{
    const at::Tensor rows = at::from_blob(const_cast<float*>(residuals), { count, m_dim }, at::kFloat);
    const at::Tensor matrix = at::from_blob(const_cast<float*>(m_projection.data()), { m_dim, m_dim }, at::kFloat);
    const at::Tensor projected = at::mm(rows, matrix.t()).contiguous();
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(projected.numel()));
    for (std::size_t i = 0; i < bits.size(); ++i)
        bits[i] = projected.data_ptr<float>()[i] > 0;
    packBits(bits, 1, signs);
}

void TurboPlane::addProjected(ByteSpan signs, const float* scales, std::int64_t count, float* rows) const
{
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(count * m_dim));
    unpackBits(signs, 1, bits);
    std::vector<float> values(bits.size());
    const float factor = std::sqrt(std::numbers::pi_v<float> / 2) / static_cast<float>(m_dim);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = (bits[i] ? factor : -factor) * scales[i / static_cast<std::size_t>(m_dim)];
    const at::Tensor matrix = at::from_blob(const_cast<float*>(m_projection.data()), { m_dim, m_dim }, at::kFloat);
    const at::Tensor target = at::from_blob(rows, { count, m_dim }, at::kFloat);
    target.addmm_(at::from_blob(values.data(), { count, m_dim }, at::kFloat), matrix);
}

} // namespace pikv
