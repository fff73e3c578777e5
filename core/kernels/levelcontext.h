// SPDX-License-Identifier: GPL-3.0-or-later
// What the level coder knows of a token's components before it codes them, for a whole token at once.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace pikv {

/// Sizes are 16.16 fixed-point numbers; their logarithms count quarters of octaves, 64 is 1.
using LevelSize = std::uint64_t;
inline constexpr int levelOne = 16;
inline constexpr LevelSize largestLevelMean = LevelSize { 1 } << 32;
/// Of the contexts' logarithms.
inline constexpr int lowestContext = 40, highestContext = 120;
/// By how much what is seen of a token may move its contexts, either way.
inline constexpr int mostSurprise = 7;
/// What the sums of a token begin with, so that little is no surprise.
inline constexpr LevelSize surpriseDoubt = (LevelSize { 1 } << levelOne) * 2 / 5;
/// Sums over the stronger components of a token forget with 1 / 2^levelMemory of each.
inline constexpr int levelMemory = 3;

/// 2^(q/4) in 16.16.
LevelSize levelSizeOf(int q);

/// The sizes that levels are expected to have, learned token by token.
class LevelExpectations {
public:
    /// `sizes` by component: log2 in quarters, at step class 0.
    explicit LevelExpectations(std::span<const std::int16_t> sizes);

    /// For a token of this step class: what own() and sum() give.
    void expect(int stepClass);
    /// Learns from the levels of the token that was expected last.
    void learn(const std::int16_t* levels);

    /// log2 of the component's expected size in quarters, less lowestContext - mostSurprise / 2, between 0 and
    /// highestContext - lowestContext + 2 * (mostSurprise / 2).
    std::uint32_t own(std::size_t component) const { return m_context[component] & 0xFF; }
    /// log2 in quarters of the expected sum over the stronger components, with surpriseDoubt.
    std::uint32_t sum(std::size_t component) const { return m_context[component] >> 32 & 0xFF; }
    /// Of the token before: 27 |level| of the component + |level| of the next one, both at most 2.
    std::uint32_t before(std::size_t component) const { return m_before[component]; }

private:
    std::size_t m_count;
    std::vector<LevelSize> m_sizes; ///< of |level| at step class 0
    std::vector<LevelSize> m_expected, m_sums, m_context; ///< of this token
    std::vector<std::uint8_t> m_before;
    int m_stepClass = 0;
};

} // namespace pikv
