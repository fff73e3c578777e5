// SPDX-License-Identifier: GPL-3.0-or-later
// The affine quantisation of MLX (mlx.core.quantize) undone: factor x code + offset, group by group.
#include "core/formats/mlxquantised.h"
#include "core/base/text.h"
#include "core/formats/stridedread.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

constexpr std::array<std::int64_t, 6> knownBits { 2, 3, 4, 5, 6, 8 };
constexpr std::array<std::int64_t, 3> knownGroups { 32, 64, 128 };

struct Decoder {
    TensorEntry codes, scales, biases;
    MlxQuantisation how;
    std::int64_t rows, dim;

    void operator()(const ByteSource& file, std::span<float> out) const
    {
        const std::int64_t stored = codes.shape[2], planes = codes.shape[0] * codes.shape[1];
        const std::size_t used = static_cast<std::size_t>(rows);
        const std::size_t codeRow = codes.bytes / static_cast<std::uint64_t>(planes * stored);
        const std::size_t scaleRow = scales.bytes / static_cast<std::uint64_t>(planes * stored);
        Bytes packed(used * codeRow), factors(used * scaleRow), offsets(used * scaleRow);
        for (std::int64_t plane = 0; plane < planes; ++plane) {
            const auto first = static_cast<std::uint64_t>(plane * stored);
            file.read(codes.begin + first * codeRow, packed);
            file.read(scales.begin + first * scaleRow, factors);
            file.read(biases.begin + first * scaleRow, offsets);
            for (std::size_t row = 0; row < used; ++row)
                decodeRow(ByteSpan(packed).subspan(row * codeRow, codeRow), factors.data() + row * scaleRow,
                    offsets.data() + row * scaleRow,
                    out.data() + (static_cast<std::size_t>(plane) * used + row) * static_cast<std::size_t>(dim));
        }
    }

    void decodeRow(ByteSpan packed, const std::byte* factors, const std::byte* offsets, float* out) const
    {
        const auto bits = static_cast<std::size_t>(how.bits), group = static_cast<std::size_t>(how.groupSize);
        const std::size_t size = dtypeSize(scales.dtype);
        float factor = 0, offset = 0;
        for (std::size_t e = 0; e < static_cast<std::size_t>(dim); ++e) {
            if (e % group == 0) {
                factor = elementToFloat(scales.dtype, factors + e / group * size);
                offset = elementToFloat(scales.dtype, offsets + e / group * size);
            }
            const std::size_t bit = e * bits, at = bit / 8; // little-endian words: a stream of bytes as well
            unsigned window = std::to_integer<unsigned>(packed[at]);
            if (at + 1 < packed.size())
                window |= std::to_integer<unsigned>(packed[at + 1]) << 8;
            out[e] = factor * static_cast<float>(window >> bit % 8 & ((1u << bits) - 1)) + offset;
        }
    }
};

std::string described(const TensorEntry& t)
{
    return inQuotes(t.name) + " " + shapeText(t.shape) + " " + std::string(dtypeName(t.dtype));
}

} // namespace

StoredTensor mlxDequantised(
    const MlxTensors& tensors, const MlxQuantisation& how, std::int64_t rows, const std::string& file)
{
    const TensorEntry &codes = tensors.codes, &scales = tensors.scales, &biases = tensors.biases;
    const auto refuse = [&](const std::string& what) {
        throw inputError(file + ": tensors " + described(codes) + ", " + described(scales) + " and " + described(biases)
            + " are no affine quantisation of " + std::to_string(how.bits) + " bits in groups of "
            + std::to_string(how.groupSize) + ": " + what + "; save the cache again with mlx_lm.cache_prompt.");
    };
    if (std::find(knownBits.begin(), knownBits.end(), how.bits) == knownBits.end()
        || std::find(knownGroups.begin(), knownGroups.end(), how.groupSize) == knownGroups.end())
        refuse("bits must be 2, 3, 4, 5, 6 or 8, groups 32, 64 or 128");
    if (codes.dtype != DType::U32 || !isCacheDtype(scales.dtype) || scales.dtype != biases.dtype)
        refuse("u32 words with factors and offsets of one floating-point type were expected");
    if (codes.shape.size() != 4 || scales.shape.size() != 4 || scales.shape != biases.shape
        || !std::equal(codes.shape.begin(), codes.shape.begin() + 3, scales.shape.begin()))
        refuse("equal batch, kv_heads and seq were expected");
    const auto tooLarge = [](std::int64_t n) { return n < 1 || n > maxDimension; };
    if (std::any_of(codes.shape.begin(), codes.shape.end(), tooLarge) || tooLarge(scales.shape[3])
        || codes.shape[3] * 32 != scales.shape[3] * how.groupSize * how.bits)
        refuse("a row of words does not hold its groups");
    if (rows < 1 || rows > codes.shape[2])
        refuse("the metadata count " + std::to_string(rows) + " rows");
    StoredTensor tensor(codes);
    const std::int64_t dim = scales.shape[3] * how.groupSize;
    tensor.dtype = DType::F32;
    tensor.shape = { codes.shape[0], codes.shape[1], rows, dim };
    tensor.decode = Decoder { codes, scales, biases, how, rows, dim };
    return tensor;
}

} // namespace pikv
