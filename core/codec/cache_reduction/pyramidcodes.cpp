// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/pyramidcodes.h"
#include "core/cache/torchdtype.h"
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/kernels/floatrows.h"
#include "core/kernels/transpose.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {

std::vector<std::uint8_t> usedVectors(const int* bits, int levels, std::int64_t dim)
{
    std::vector<std::uint8_t> used(static_cast<std::size_t>(dim), 0);
    for (int l = 0; l < levels; ++l)
        for (std::int64_t c = 0; c < dim; ++c)
            used[static_cast<std::size_t>(c)] |= bits[l * dim + c] != 0;
    return used;
}

std::size_t codeBytes(const int* bits, const LevelOrder& order, std::int64_t dim)
{
    std::size_t size = 0;
    for (int l = 0; l < order.levels(); ++l)
        for (std::int64_t c = 0; c < dim; ++c)
            if (const int width = bits[l * dim + c]; width > 0 && order.count(l) > 0)
                size += coefficientBytes(width, order.count(l));
    return size;
}

Bytes encodePlane(const PyramidPlane& plane, const int* bits, const LevelOrder& order)
{
    const at::Tensor coefficients = coefficientsOf(plane);
    const std::int64_t stride = coefficients.stride(0);
    Bytes codes;
    codes.reserve(codeBytes(bits, order, plane.dim));
    for (int l = 0; l < order.levels(); ++l)
        for (std::int64_t c = 0; c < plane.dim; ++c)
            if (const int width = bits[l * plane.dim + c]; width > 0 && order.count(l) > 0)
                encodeCoefficients(coefficients.data_ptr<float>() + c * stride + order.begin[static_cast<std::size_t>(l)],
                    order.count(l), width, codes);
    return codes;
}

at::Tensor PyramidReader::coefficients(ByteSpan codes, const LevelOrder& order) const
{
    const std::int64_t rows = order.rows.numel();
    const auto stride = static_cast<std::int64_t>(spreadStride(static_cast<std::size_t>(rows)));
    const at::Tensor coefficients = at::empty({ dim, stride }, at::kFloat).narrow(1, 0, rows);
    std::size_t position = at;
    for (int l = 0; l < order.levels(); ++l)
        for (std::int64_t c = 0; c < dim; ++c) {
            float* out = coefficients.data_ptr<float>() + c * stride + order.begin[static_cast<std::size_t>(l)];
            if (const int width = bits[l * dim + c]; width > 0 && order.count(l) > 0)
                decodeCoefficients(codes, position, width, out, order.count(l));
            else
                std::fill_n(out, order.count(l), 0.0f);
        }
    return coefficients;
}

void PyramidReader::decode(
    ByteSpan codes, const LevelOrder& order, const RopeTable* rope, const at::Tensor& target) const
{
    constexpr std::int64_t blockRows = 512; // stay in the processor's cache until they are stored
    const at::Tensor all = coefficients(codes, order);
    const std::int64_t rows = order.rows.numel(), seq = target.size(1);
    const DType dtype = dtypeOf(target.scalar_type());
    auto* out = static_cast<std::byte*>(target.data_ptr());
    for (std::int64_t first = 0; first < rows; first += blockRows) {
        const std::int64_t count = std::min(blockRows, rows - first);
        const at::Tensor rebuilt = basis.rebuild(all.narrow(1, first, count)).contiguous();
        if (rope)
            order.rotate(rebuilt, *rope, first, 1);
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t row = order.rows.data_ptr<std::int64_t>()[first + i];
            const std::int64_t place = row / seq * target.stride(0) + row % seq * dim;
            fromFloats(rebuilt.data_ptr<float>() + i * dim, dtype, static_cast<std::size_t>(dim),
                out + static_cast<std::size_t>(place) * dtypeSize(dtype));
        }
    }
}

} // namespace pikv
