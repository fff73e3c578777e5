// SPDX-License-Identifier: GPL-3.0-or-later
// The coefficients of all levels as one stream of packed codes, and back, block by block.
#include "core/codec/methods/pyramid/pyramidcodes.h"
#include "core/base/error.h"
#include "core/cache/torchdtype.h"
#include "core/codec/parts/coefficientcoder.h"
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
                encodeCoefficients(
                    coefficients.data_ptr<float>() + c * stride + order.begin[static_cast<std::size_t>(l)],
                    order.count(l), width, codes);
    return codes;
}

std::vector<ByteSpan> PyramidReader::runs(ByteSpan codes, std::size_t& at, std::int64_t count, const int* widths) const
{
    std::vector<ByteSpan> list;
    for (std::int64_t c = 0; c < dim; ++c) {
        const std::size_t size = widths[c] > 0 && count > 0 ? coefficientBytes(widths[c], count) : 0;
        if (at > codes.size() || size > codes.size() - at)
            throw inputError("the section with the coefficients ends too early");
        list.push_back(codes.subspan(at, size));
        at += size;
    }
    return list;
}

void PyramidReader::decode(
    ByteSpan codes, const LevelOrder& order, const RopeTable* rope, const at::Tensor& target) const
{
    // Coefficients and rows of a block stay in the processor's cache until the rows are stored; a multiple of 8.
    constexpr std::int64_t blockRows = 512;
    const auto stride = static_cast<std::int64_t>(spreadStride(blockRows));
    const at::Tensor coefficients = at::empty({ dim, stride }, at::kFloat);
    float* block = coefficients.data_ptr<float>();
    std::size_t position = at;
    for (int l = 0; l < order.levels(); ++l) {
        const std::int64_t begin = order.begin[static_cast<std::size_t>(l)], count = order.count(l);
        const int* widths = bits + l * dim;
        const std::vector<ByteSpan> level = runs(codes, position, count, widths);
        for (std::int64_t first = 0; first < count; first += blockRows) {
            const std::int64_t rows = std::min(blockRows, count - first);
            for (std::int64_t c = 0; c < dim; ++c)
                if (widths[c] > 0)
                    decodeCoefficientsFrom(
                        level[static_cast<std::size_t>(c)], first, widths[c], block + c * stride, rows);
                else
                    std::fill_n(block + c * stride, rows, 0.0f);
            const at::Tensor rebuilt = basis.rebuild(coefficients.narrow(1, 0, rows)).contiguous();
            if (rope)
                order.rotate(rebuilt, *rope, begin + first, 1);
            storeRows(rebuilt, order.rows.data_ptr<std::int64_t>() + begin + first, target);
        }
    }
}

void PyramidReader::storeRows(const at::Tensor& rows, const std::int64_t* places, const at::Tensor& target) const
{
    const std::int64_t seq = target.size(1), batchStride = target.stride(0);
    const DType dtype = dtypeOf(target.scalar_type());
    const float* row = rows.data_ptr<float>();
    auto* out = static_cast<std::byte*>(target.data_ptr());
    for (std::int64_t i = 0; i < rows.size(0); ++i, row += dim) {
        const std::int64_t element = places[i] / seq * batchStride + places[i] % seq * dim;
        fromFloats(
            row, dtype, static_cast<std::size_t>(dim), out + static_cast<std::size_t>(element) * dtypeSize(dtype));
    }
}

} // namespace pikv
