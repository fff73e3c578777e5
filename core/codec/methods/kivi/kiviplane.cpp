// SPDX-License-Identifier: GPL-3.0-or-later
// KIVI's arithmetic, block by block: what a block needs stays in the first-level cache.
#include "core/codec/methods/kivi/kiviplane.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/groupquant.h"
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

KiviPlane::KiviPlane(
    std::size_t seqLength, std::size_t quantised, std::size_t channels, std::size_t groupSize, int width, bool isKey)
    : seq(seqLength)
    , tokens(quantised)
    , dim(channels)
    , group(groupSize)
    , bits(width)
    , perChannel(isKey)
{
}

/// Blocks hold a multiple of 8 tokens, so that every block but the last ends on a whole byte.
std::size_t KiviPlane::blockTokens() const { return perChannel ? group : 32; }
std::size_t KiviPlane::groupsPerBlock(std::size_t n) const { return perChannel ? dim : n * ceilDiv(dim, group); }
std::size_t KiviPlane::scaleBytes() const
{
    return 4 * (perChannel ? tokens / group * dim : tokens * ceilDiv(dim, group));
}

std::size_t KiviPlane::codeBytes() const
{
    const std::size_t whole = tokens / blockTokens(), rest = tokens % blockTokens();
    return whole * packedBytes(blockTokens() * dim, bits) + packedBytes(rest * dim, bits);
}

std::vector<PlaneSection> KiviPlane::sections() const
{
    return { { "codes", codeBytes() }, { "scales", scaleBytes() }, { "window", 2 * (seq - tokens) * dim } };
}

void KiviPlane::encode(const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl& job) const
{
    Block block(blockTokens() * dim, groupsPerBlock(blockTokens()));
    std::byte *codes = parts[0].data(), *scales = parts[1].data();
    for (std::size_t t = 0; t < tokens; t += blockTokens()) {
        job.checkpoint();
        const std::size_t n = std::min(blockTokens(), tokens - t), elements = n * dim;
        rows.load(static_cast<std::int64_t>(t), static_cast<std::int64_t>(n), block.values.data());
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
    rows.keep(static_cast<std::int64_t>(tokens), static_cast<std::int64_t>(seq - tokens), parts[2].data());
}

void KiviPlane::decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl& job) const
{
    Block block(blockTokens() * dim, groupsPerBlock(blockTokens()));
    const std::byte *codes = parts[0].data(), *scales = parts[1].data();
    for (std::size_t t = 0; t < tokens; t += blockTokens()) {
        job.checkpoint();
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
        rows.store(static_cast<std::int64_t>(t), static_cast<std::int64_t>(n), block.values.data());
        codes += packedBytes(elements, bits);
        scales += groupsPerBlock(n) * 4;
    }
    rows.restore(static_cast<std::int64_t>(tokens), static_cast<std::int64_t>(seq - tokens), parts[2].data());
}

} // namespace pikv
