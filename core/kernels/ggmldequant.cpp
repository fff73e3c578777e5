// SPDX-License-Identifier: GPL-3.0-or-later
// The blocks of ggml's quantised types (block_q4_0 and its kin in ggml-common.h) to f32, as ggml's own dequantize_row
// functions.
#include "core/kernels/ggmldequant.h"
#include "core/base/half.h"
#include <array>
#include <stdexcept>

namespace pikv {
namespace {

using Byte = std::uint8_t;

float half(const Byte* at) { return halfToFloat(static_cast<std::uint16_t>(at[0] | at[1] << 8)); }

void f32Block(const Byte* in, float* out) { std::memcpy(out, in, sizeof *out); }
void f16Block(const Byte* in, float* out) { *out = half(in); }
void bf16Block(const Byte* in, float* out) { *out = bfloatToFloat(static_cast<std::uint16_t>(in[0] | in[1] << 8)); }

void q80Block(const Byte* in, float* out)
{
    const float d = half(in);
    for (int j = 0; j < 32; ++j)
        out[j] = d * static_cast<float>(static_cast<std::int8_t>(in[2 + j]));
}

void q40Block(const Byte* in, float* out)
{
    const float d = half(in);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>((in[2 + j] & 15) - 8);
        out[j + 16] = d * static_cast<float>((in[2 + j] >> 4) - 8);
    }
}

void q41Block(const Byte* in, float* out)
{
    const float d = half(in), m = half(in + 2);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(in[4 + j] & 15) + m;
        out[j + 16] = d * static_cast<float>(in[4 + j] >> 4) + m;
    }
}

/// The fifth bits of 32 quants stand in one little-endian word.
std::uint32_t highBits(const Byte* in) { return loadLe<std::uint32_t>(reinterpret_cast<const std::byte*>(in)); }
int fifthBit(std::uint32_t high, int j) { return static_cast<int>(high >> j & 1U) << 4; }

void q50Block(const Byte* in, float* out)
{
    const float d = half(in);
    const std::uint32_t high = highBits(in + 2);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(((in[6 + j] & 15) | fifthBit(high, j)) - 16);
        out[j + 16] = d * static_cast<float>(((in[6 + j] >> 4) | fifthBit(high, j + 16)) - 16);
    }
}

void q51Block(const Byte* in, float* out)
{
    const float d = half(in), m = half(in + 2);
    const std::uint32_t high = highBits(in + 4);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>((in[8 + j] & 15) | fifthBit(high, j)) + m;
        out[j + 16] = d * static_cast<float>((in[8 + j] >> 4) | fifthBit(high, j + 16)) + m;
    }
}

struct ScaleMin {
    float scale, minimum;
};
/// The 6-bit scale and minimum of group g (of 8) in the twelve packed bytes of Q4_K and Q5_K.
ScaleMin scaleMin(const Byte* s, int g)
{
    if (g < 4)
        return { static_cast<float>(s[g] & 63), static_cast<float>(s[g + 4] & 63) };
    return { static_cast<float>((s[g + 4] & 15) | (s[g - 4] >> 6) << 4),
        static_cast<float>((s[g + 4] >> 4) | (s[g] >> 6) << 4) };
}

void q4kBlock(const Byte* in, float* out)
{
    const float d = half(in), dmin = half(in + 2);
    for (int g = 0; g < 8; ++g) {
        const auto [scale, minimum] = scaleMin(in + 4, g);
        const Byte* run = in + 16 + 32 * (g / 2);
        const int shift = g % 2 * 4;
        for (int l = 0; l < 32; ++l)
            out[32 * g + l] = d * scale * static_cast<float>(run[l] >> shift & 15) - dmin * minimum;
    }
}

void q5kBlock(const Byte* in, float* out)
{
    const float d = half(in), dmin = half(in + 2);
    const Byte* high = in + 16;
    for (int g = 0; g < 8; ++g) {
        const auto [scale, minimum] = scaleMin(in + 4, g);
        const Byte* run = in + 48 + 32 * (g / 2);
        const int shift = g % 2 * 4;
        for (int l = 0; l < 32; ++l) {
            const int q = (run[l] >> shift & 15) + 16 * (high[l] >> g & 1);
            out[32 * g + l] = d * scale * static_cast<float>(q) - dmin * minimum;
        }
    }
}

void q6kBlock(const Byte* in, float* out)
{
    const float d = half(in + 208);
    for (int p = 0; p < 2; ++p) {
        const Byte *low = in + 64 * p, *high = in + 128 + 32 * p, *scales = in + 192 + 8 * p;
        float* y = out + 128 * p;
        for (int t = 0; t < 32; ++t) {
            for (int part = 0; part < 4; ++part) {
                const int nibble = low[t + 32 * (part % 2)] >> (4 * (part / 2)) & 15;
                const int q = (nibble | (high[t] >> (2 * part) & 3) << 4) - 32;
                const auto scale = static_cast<std::int8_t>(scales[t / 16 + 2 * part]);
                y[t + 32 * part] = d * static_cast<float>(scale) * static_cast<float>(q);
            }
        }
    }
}

/// The loop over blocks, with the block's code inlined.
template <void (*Block)(const Byte*, float*), int Elements, int BlockBytes>
void run(const Byte* in, float* out, std::size_t blocks)
{
    for (std::size_t i = 0; i < blocks; ++i, in += BlockBytes, out += Elements)
        Block(in, out);
}

struct Codec {
    GgmlTypeInfo info;
    void (*run)(const Byte*, float*, std::size_t);
};
template <void (*Block)(const Byte*, float*), int Elements, int BlockBytes>
constexpr Codec codec(GgmlType type, std::string_view name)
{
    return { { type, name, Elements, BlockBytes }, run<Block, Elements, BlockBytes> };
}
constexpr std::array codecs {
    codec<f32Block, 1, 4>(GgmlType::F32, "F32"),
    codec<f16Block, 1, 2>(GgmlType::F16, "F16"),
    codec<q40Block, 32, 18>(GgmlType::Q4_0, "Q4_0"),
    codec<q41Block, 32, 20>(GgmlType::Q4_1, "Q4_1"),
    codec<q50Block, 32, 22>(GgmlType::Q5_0, "Q5_0"),
    codec<q51Block, 32, 24>(GgmlType::Q5_1, "Q5_1"),
    codec<q80Block, 32, 34>(GgmlType::Q8_0, "Q8_0"),
    codec<q4kBlock, 256, 144>(GgmlType::Q4_K, "Q4_K"),
    codec<q5kBlock, 256, 176>(GgmlType::Q5_K, "Q5_K"),
    codec<q6kBlock, 256, 210>(GgmlType::Q6_K, "Q6_K"),
    codec<bf16Block, 1, 2>(GgmlType::BF16, "BF16"),
};

const Codec& codecOf(GgmlType type)
{
    for (const Codec& codec : codecs)
        if (codec.info.type == type)
            return codec;
    throw std::invalid_argument("not a ggml type that can be decoded");
}

} // namespace

std::optional<GgmlTypeInfo> ggmlTypeInfo(std::uint32_t number)
{
    for (const Codec& codec : codecs)
        if (static_cast<std::uint32_t>(codec.info.type) == number)
            return codec.info;
    return {};
}

const GgmlTypeInfo& ggmlTypeInfo(GgmlType type) { return codecOf(type).info; }

void ggmlDequantise(GgmlType type, ByteSpan blocks, std::span<float> out)
{
    const Codec& codec = codecOf(type);
    const std::size_t count = out.size() / static_cast<std::size_t>(codec.info.blockElements);
    if (count * static_cast<std::size_t>(codec.info.blockElements) != out.size()
        || blocks.size() != count * static_cast<std::size_t>(codec.info.blockBytes))
        throw std::invalid_argument("ggmlDequantise: sizes of input and output do not belong together");
    codec.run(reinterpret_cast<const Byte*>(blocks.data()), out.data(), count);
}

} // namespace pikv
