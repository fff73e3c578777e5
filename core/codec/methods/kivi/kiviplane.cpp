// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methods/kivi/kiviplane.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/floatrows.h"
#include "core/kernels/groupquant.h"
#include "core/kernels/pastcaches.h"
#include <algorithm>
#include <vector>

namespace pikv {
namespace {

std::size_t ceilDiv(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// Scratch of one block: small enough to stay in the first-level cache for the usual head_dim and group.
struct Block {
    std::vector<float> values;
    std::vector<std::uint8_t> codes;
    std::vector<std::uint16_t> scales, minima;

    Block(std::size_t elements, std::size_t groups)
        : values(elements)
        , codes(elements)
        , scales(groups)
        , minima(groups)
    {
    }
};

void storePairs(const Block& block, std::size_t groups, std::byte* out)
{
    for (std::size_t g = 0; g < groups; ++g) {
        std::memcpy(out + 4 * g, &block.scales[g], 2);
        std::memcpy(out + 4 * g + 2, &block.minima[g], 2);
    }
}

void loadPairs(const std::byte* in, std::size_t groups, Block& block)
{
    for (std::size_t g = 0; g < groups; ++g) {
        block.scales[g] = loadLe<std::uint16_t>(in + 4 * g);
        block.minima[g] = loadLe<std::uint16_t>(in + 4 * g + 2);
    }
}

} // namespace

/// Blocks hold a multiple of 8 tokens, so that every block but the last ends on a whole byte.
std::size_t KiviPlane::blockTokens() const { return perChannel ? group : 32; }
std::size_t KiviPlane::groupsPerBlock(std::size_t n) const { return perChannel ? dim : n * ceilDiv(dim, group); }
std::size_t KiviPlane::groups() const { return perChannel ? tokens / group * dim : tokens * ceilDiv(dim, group); }

std::size_t KiviPlane::codeBytes() const
{
    const std::size_t whole = tokens / blockTokens(), rest = tokens % blockTokens();
    return whole * packedBytes(blockTokens() * dim, bits) + packedBytes(rest * dim, bits);
}

void KiviPlane::encode(const void* rows, DType dtype, std::byte* codes, std::byte* scales) const
{
    Block block(blockTokens() * dim, groupsPerBlock(blockTokens()));
    const auto* source = static_cast<const std::byte*>(rows);
    for (std::size_t t = 0; t < tokens && !stopped(); t += blockTokens()) {
        const std::size_t n = std::min(blockTokens(), tokens - t), elements = n * dim;
        toFloats(source + t * dim * dtypeSize(dtype), dtype, elements, block.values.data());
        if (perChannel) {
            quantiseChannels(
                block.values.data(), n, dim, bits, block.scales.data(), block.minima.data(), block.codes.data());
        } else {
            std::size_t g = 0;
            for (std::size_t row = 0; row < n; ++row)
                for (std::size_t c = 0; c < dim; c += group, ++g)
                    quantiseGroup(block.values.data() + row * dim + c, std::min(group, dim - c), bits, block.scales[g],
                        block.minima[g], block.codes.data() + row * dim + c);
        }
        packBits({ block.codes.data(), elements }, bits, { codes, packedBytes(elements, bits) });
        storePairs(block, groupsPerBlock(n), scales);
        codes += packedBytes(elements, bits);
        scales += groupsPerBlock(n) * 4;
    }
}

void KiviPlane::decode(const std::byte* codes, const std::byte* scales, DType dtype, void* rows) const
{
    Block block(blockTokens() * dim, groupsPerBlock(blockTokens()));
    auto* target = static_cast<std::byte*>(rows);
    for (std::size_t t = 0; t < tokens && !stopped(); t += blockTokens()) {
        const std::size_t n = std::min(blockTokens(), tokens - t), elements = n * dim;
        unpackBits({ codes, packedBytes(elements, bits) }, bits, { block.codes.data(), elements });
        loadPairs(scales, groupsPerBlock(n), block);
        if (perChannel) {
            dequantiseChannels(
                block.codes.data(), n, dim, block.scales.data(), block.minima.data(), block.values.data());
        } else {
            std::size_t g = 0;
            for (std::size_t row = 0; row < n; ++row)
                for (std::size_t c = 0; c < dim; c += group, ++g)
                    dequantiseGroup(block.codes.data() + row * dim + c, std::min(group, dim - c), block.scales[g],
                        block.minima[g], block.values.data() + row * dim + c);
        }
        const auto store = pastCaches ? fromFloatsPastCaches : fromFloats;
        store(block.values.data(), dtype, elements, target + t * dim * dtypeSize(dtype));
        codes += packedBytes(elements, bits);
        scales += groupsPerBlock(n) * 4;
    }
}

} // namespace pikv
