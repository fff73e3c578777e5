// SPDX-License-Identifier: GPL-3.0-or-later
// llama.cpp's cache types q8_0 and q4_0, byte for byte (ggml-common.h, quantize_row_q8_0_ref and
// quantize_row_q4_0_ref).
#include "core/base/half.h"
#include "core/codec/parts/planecodec.h"
#include "core/codec/parts/planes.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

constexpr std::size_t blockSize = 32; ///< values a block, along head_dim

void storeScale(float scale, std::byte* block)
{
    const std::uint16_t half = floatToHalf(scale);
    std::memcpy(block, &half, sizeof half);
}

float loadScale(const std::byte* block) { return halfToFloat(loadLe<std::uint16_t>(block)); }

/// ggml's cast, defined for every input: NaN, infinity and blocks so small that 1 / d overflows give 0.
std::int8_t toCode(float level) { return level > -129.0f && level < 128.0f ? static_cast<std::int8_t>(level) : 0; }

/// f16 d = max|x| / 127, then 32 signed bytes round(x / d).
struct Q8 {
    static constexpr std::size_t blockBytes = 2 + blockSize;

    static void encode(const float* x, std::byte* block)
    {
        float largest = 0;
        for (std::size_t i = 0; i < blockSize; ++i)
            largest = std::max(largest, std::abs(x[i]));
        const float d = largest / 127.0f, inverse = d != 0 ? 1.0f / d : 0.0f;
        storeScale(d, block);
        for (std::size_t i = 0; i < blockSize; ++i)
            block[2 + i] = static_cast<std::byte>(toCode(std::round(x[i] * inverse)));
    }
    static void decode(const std::byte* block, float* x)
    {
        const float d = loadScale(block);
        for (std::size_t i = 0; i < blockSize; ++i)
            x[i] = float(static_cast<std::int8_t>(block[2 + i])) * d;
    }
};

/// f16 d = (value of largest magnitude) / -8, then nibbles min(15, x / d + 8.5): the first 16 values in the low halves.
struct Q4 {
    static constexpr std::size_t blockBytes = 2 + blockSize / 2;

    static int nibble(float x, float inverse) { return std::min<int>(15, toCode(x * inverse + 8.5f)); }
    static void encode(const float* x, std::byte* block)
    {
        float extreme = 0;
        for (std::size_t i = 0; i < blockSize; ++i)
            if (std::abs(x[i]) > std::abs(extreme))
                extreme = x[i];
        const float d = extreme / -8.0f, inverse = d != 0 ? 1.0f / d : 0.0f;
        storeScale(d, block);
        for (std::size_t i = 0; i < blockSize / 2; ++i)
            block[2 + i] = std::byte(nibble(x[i], inverse) | nibble(x[i + blockSize / 2], inverse) << 4);
    }
    static void decode(const std::byte* block, float* x)
    {
        const float d = loadScale(block);
        for (std::size_t i = 0; i < blockSize / 2; ++i) {
            const int both = std::to_integer<int>(block[2 + i]);
            x[i] = float((both & 15) - 8) * d;
            x[i + blockSize / 2] = float((both >> 4) - 8) * d;
        }
    }
};

/// A plane's rows as blocks one after the other; a row is a whole number of blocks.
template <typename Block>
class GgmlPlane final : public PlaneCodec {
public:
    GgmlPlane(std::int64_t seq, std::int64_t dim)
        : m_seq(seq)
        , m_dim(dim)
    {
    }
    std::vector<PlaneSection> sections() const override { return { { "", blocksOf(m_seq) * Block::blockBytes } }; }

    void encode(
        const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const override
    {
        std::vector<float> values(static_cast<std::size_t>(rowsAtOnce * m_dim));
        std::byte* out = parts[0].data();
        forEachBlock(m_seq, rowsAtOnce, job, [&](std::int64_t first, std::int64_t count) {
            rows.load(first, count, values.data());
            for (std::size_t b = 0; b < blocksOf(count); ++b, out += Block::blockBytes)
                Block::encode(values.data() + b * blockSize, out);
        });
    }

    void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const override
    {
        std::vector<float> values(static_cast<std::size_t>(rowsAtOnce * m_dim));
        const std::byte* in = parts[0].data();
        forEachBlock(m_seq, rowsAtOnce, job, [&](std::int64_t first, std::int64_t count) {
            for (std::size_t b = 0; b < blocksOf(count); ++b, in += Block::blockBytes)
                Block::decode(in, values.data() + b * blockSize);
            rows.store(first, count, values.data());
        });
    }

private:
    static constexpr std::int64_t rowsAtOnce = 32; ///< stay in the first-level cache
    std::size_t blocksOf(std::int64_t rows) const { return static_cast<std::size_t>(rows * m_dim) / blockSize; }
    std::int64_t m_seq, m_dim;
};

template <typename Block>
class GgmlBlocks : public PlanewiseCompressor {
public:
    using PlanewiseCompressor::PlanewiseCompressor;

    void validate(const CacheInfo& info) const override
    {
        PlanewiseCompressor::validate(info);
        for (std::size_t i = 0; i < info.layers.size(); ++i)
            for (std::int64_t dim : { info.layers[i].keyDim, info.layers[i].valueDim })
                if (dim % std::int64_t(blockSize) != 0)
                    throw usageError(spec().id + ": head_dim " + std::to_string(dim) + " of layer " + std::to_string(i)
                        + " is not a multiple of its block of " + std::to_string(blockSize) + " values");
    }

protected:
    std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& shape, bool isKey, std::uint64_t) const override
    {
        return std::make_unique<GgmlPlane<Block>>(shape.seq, isKey ? shape.keyDim : shape.valueDim);
    }
};

/// A block begins with its scale.
template <typename Block>
std::vector<SectionParts> blocksWith()
{
    constexpr double share = 2.0 / double(Block::blockBytes);
    return { { "k", LedgerPart::Scales, share }, { "v", LedgerPart::Scales, share } };
}

const MethodRegistration q8 { withFactory<GgmlBlocks<Q8>>({
    .id = "q8_0",
    .label = "q8_0",
    .family = "Quantization",
    .sentence = "llama.cpp's 8-bit cache type: blocks of 32 values with one f16 scale, 8.5 bits a value.",
    .reference = "ggml-common.h of llama.cpp",
    .sections = blocksWith<Q8>(),
}) };

const MethodRegistration q4 { withFactory<GgmlBlocks<Q4>>({
    .id = "q4_0",
    .label = "q4_0",
    .family = "Quantization",
    .sentence = "llama.cpp's 4-bit cache type: blocks of 32 values with one f16 scale, 4.5 bits a value.",
    .reference = "ggml-common.h of llama.cpp",
    .sections = blocksWith<Q4>(),
}) };

} // namespace
} // namespace pikv
