// SPDX-License-Identifier: GPL-3.0-or-later
// Contexts of the level coder, the same for both directions: all of it in integers, so that what one machine wrote
// another reads.
#include "core/kernels/levelstream.h"
#include "core/kernels/adaptivecoder.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

namespace pikv {
namespace {

/// Sizes are 16.16 fixed-point numbers; their logarithms count quarters of octaves, 64 is 1.
using Size = std::uint64_t;
constexpr int one = 16;
constexpr Size largest = Size { 1 } << 32;

int quarters(Size size)
{
    const int high = static_cast<int>(std::bit_width(size)) - 1;
    const Size next = high >= 2 ? size >> (high - 2) : size << (2 - high);
    return 4 * high + static_cast<int>(next & 3);
}

/// 2^(q/4) in 16.16.
Size sizeOf(int q)
{
    static constexpr Size fractions[] = { 65536, 77936, 92682, 110218 };
    const int octave = q >= 0 ? q / 4 : -((3 - q) / 4);
    const Size fraction = fractions[q - 4 * octave];
    return octave >= 0 ? fraction << octave : std::max<Size>(1, fraction >> -octave);
}

constexpr Size floorSize = (Size { 1 } << one) / 50; ///< no component is taken for surer than this
constexpr int lowest = 40, highest = 120; ///< of the contexts' logarithms
constexpr int fine = highest - lowest + 1, bands = fine / 4 + 1;
constexpr int unary = 18, escapeBits = 15;
/// So many components and tokens are remembered.
constexpr Size memory = 8, tokenMemory = 32;
/// How many bits the promises below are worth.
constexpr int trustInSizes = 20, trustInNeighbours = 6;
constexpr int plainFrom = 64 + 4; ///< levels of about 2 and more keep their low bits apart

constexpr int plainBitsOf(int q) { return q > plainFrom ? (q - plainFrom + 3) / 4 : 0; }

/// What a Laplacian of a size promises, P(n) = (1 - r) / (1 + r) r^|n|, of the levels without their plain bits; in
/// units of 2^-15.
struct Promise {
    std::uint32_t zero, next; ///< that a level is 0; that one which is above n is not above n + 1

    explicit Promise(int q)
    {
        constexpr std::uint64_t whole = 1U << BitModel::precision;
        const Size mean = sizeOf(q - 64); // 2 r / (1 - r²), so that r = (√(1 + mean²) - 1) / mean
        const auto root = static_cast<Size>(std::sqrt(static_cast<double>((Size { 1 } << (2 * one)) + mean * mean)));
        std::uint64_t r = ((root - (Size { 1 } << one)) << BitModel::precision) / mean, power = r;
        for (int i = 0; i < plainBitsOf(q); ++i)
            power = power * power >> BitModel::precision;
        next = static_cast<std::uint32_t>(whole - power);
        zero = static_cast<std::uint32_t>(whole - 2 * power * whole / (whole + r));
    }
};

struct Models {
    std::array<std::array<BitModel, unary + 1>, fine> above; ///< by size: whether a level is above 0, 1, 2, …
    std::array<std::array<BitModel, 81>, bands> zero; ///< by band and neighbours, beside the above

    Models()
    {
        // What is promised holds nearly, so that little has to be learned.
        for (int q = lowest; q <= highest; ++q) {
            const Promise promise(q);
            auto& models = above[static_cast<std::size_t>(q - lowest)];
            models.fill(BitModel(promise.next, trustInSizes));
            models[0] = BitModel(promise.zero, trustInSizes);
        }
        for (int band = 0; band < bands; ++band)
            zero[static_cast<std::size_t>(band)].fill(
                BitModel(Promise(std::min(lowest + 4 * band + 2, highest)).zero, trustInNeighbours));
    }
};

/// What is known before a level is coded.
struct Expectation {
    int context = 0, band = 0, neighbours = 0, plainBits = 0;
};

/// The one walk over all levels; `code` puts or gets the level of a component.
class Walk {
public:
    explicit Walk(const LevelLayout& layout)
        : m_layout(layout)
        , m_sizes(layout.components)
        , m_before(layout.components, 0)
    {
        for (std::size_t j = 0; j < m_sizes.size(); ++j)
            m_sizes[j] = std::min(largest, sizeOf(std::clamp<int>(layout.sizes[j], leastLevelSize, largestLevelSize)));
    }

    template <typename Code>
    void token(std::size_t t, Code code)
    {
        const int stepClass = m_layout.stepClasses[t];
        Size seen = 0, meant = 0; // of the stronger components, nearer ones count more
        int left = 0, second = 0;
        for (std::size_t j = 0; j < m_layout.components; ++j) {
            const Size expected = scaled(m_sizes[j], -2 * stepClass);
            const int level = code(j, expect(j, expected, seen, meant, left, second));
            const int size = std::abs(level);
            const Size at = Size(size) << one;
            seen = seen - seen / memory + at;
            meant = meant - meant / memory + expected;
            second = left;
            left = size;
            const Size plain = std::min(largest, scaled(at, 2 * stepClass));
            m_sizes[j] = plain > m_sizes[j] ? m_sizes[j] + (plain - m_sizes[j]) / tokenMemory
                                            : m_sizes[j] - (m_sizes[j] - plain) / tokenMemory;
            m_before[j] = static_cast<std::uint8_t>(std::min(size, 2));
        }
    }

private:
    static Size scaled(Size size, int byQuarters)
    {
        return byQuarters == 0 ? size : std::max<Size>(1, size * sizeOf(byQuarters) >> one);
    }

    Expectation expect(std::size_t j, Size expected, Size seen, Size meant, int left, int second) const
    {
        constexpr Size doubt = (Size { 1 } << one) * 2 / 5;
        const int surprise = std::clamp(quarters(seen + doubt) - quarters(meant + doubt), -7, 7);
        const int q = std::clamp(quarters(expected + floorSize) + surprise / 2, lowest, highest);
        const int next = j + 1 < m_before.size() ? m_before[j + 1] : 0;
        return { q - lowest, (q - lowest) / 4,
            ((m_before[j] * 3 + std::min(left, 2)) * 3 + std::min(second, 2)) * 3 + next, plainBitsOf(q) };
    }

    const LevelLayout& m_layout;
    std::vector<Size> m_sizes; ///< of |level| at step class 0, by component
    std::vector<std::uint8_t> m_before; ///< |level| of the token before, at most 2
};

void putLevel(AdaptiveEncoder& coder, Models& models, const Expectation& e, int level)
{
    const auto size = static_cast<std::uint32_t>(std::abs(level));
    const std::uint32_t upper = size >> e.plainBits;
    auto& above = models.above[static_cast<std::size_t>(e.context)];
    coder.put(
        upper > 0, above[0], models.zero[static_cast<std::size_t>(e.band)][static_cast<std::size_t>(e.neighbours)]);
    std::uint32_t reached = upper > 0;
    for (; reached > 0 && reached <= unary; ++reached) {
        coder.put(upper > reached, above[reached]);
        if (upper <= reached)
            break;
    }
    if (upper > unary)
        coder.putPlain(upper, escapeBits);
    coder.putPlain(size & ((1U << e.plainBits) - 1), e.plainBits);
    if (size > 0)
        coder.putPlain(level < 0, 1);
}

int getLevel(AdaptiveDecoder& coder, Models& models, const Expectation& e)
{
    auto& above = models.above[static_cast<std::size_t>(e.context)];
    std::uint32_t upper
        = coder.get(above[0], models.zero[static_cast<std::size_t>(e.band)][static_cast<std::size_t>(e.neighbours)]);
    while (upper > 0 && upper <= unary && coder.get(above[upper]))
        ++upper;
    if (upper > unary)
        upper = coder.getPlain(escapeBits);
    const std::uint32_t size = std::min(upper << e.plainBits | coder.getPlain(e.plainBits), 32767U);
    return size > 0 && coder.getPlain(1) ? -static_cast<int>(size) : static_cast<int>(size);
}

constexpr std::size_t pollTokens = 64;

} // namespace

void encodeLevels(const LevelLayout& layout, const std::int16_t* levels, Bytes& out, const JobControl& job)
{
    AdaptiveEncoder coder(out);
    const auto models = std::make_unique<Models>();
    Walk walk(layout);
    for (std::size_t t = 0; t < layout.stepClasses.size(); ++t, levels += layout.components) {
        if (t % pollTokens == 0)
            job.checkpoint();
        walk.token(t, [&](std::size_t j, const Expectation& e) {
            putLevel(coder, *models, e, levels[j]);
            return levels[j];
        });
    }
    coder.finish();
}

void decodeLevels(const LevelLayout& layout, ByteSpan bytes, std::int16_t* levels, const JobControl& job)
{
    AdaptiveDecoder coder(bytes);
    const auto models = std::make_unique<Models>();
    Walk walk(layout);
    for (std::size_t t = 0; t < layout.stepClasses.size(); ++t, levels += layout.components) {
        if (t % pollTokens == 0)
            job.checkpoint();
        walk.token(t, [&](std::size_t j, const Expectation& e) {
            const int level = getLevel(coder, *models, e);
            levels[j] = static_cast<std::int16_t>(level);
            return level;
        });
    }
    coder.finish();
}

} // namespace pikv
