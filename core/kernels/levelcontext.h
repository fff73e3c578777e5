// SPDX-License-Identifier: GPL-3.0-or-later
// What the level coder knows of a token's components before it codes them, for a whole token at once.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace pikv {

/// A 20.12 fixed-point number: sums of sizes. Logarithms count quarters of octaves; that of a level of 1 is 64.
using LevelSize = std::uint32_t;
inline constexpr int levelOne = 12;
/// Of the contexts' logarithms.
inline constexpr int lowestContext = 40, highestContext = 120;
/// By how much what is seen of a token may move its contexts, either way.
inline constexpr int mostSurprise = 7;
/// What a level's neighbours may be, as LevelExpectations counts them.
inline constexpr int levelNeighbours = 27;
/// What the sums of a token begin with, so that little is no surprise.
inline constexpr LevelSize surpriseDoubt = (LevelSize { 1 } << levelOne) * 2 / 5;
/// Sums over the stronger components of a token forget with 1 / 2^levelMemory of each.
inline constexpr int levelMemory = 3;

/// 2^(q/4)
float levelSizeOf(int q);

/// The sizes that levels are expected to have, learned token by token.
class LevelExpectations {
public:
    /// `sizes` by component: log2 in quarters, at step class 0.
    explicit LevelExpectations(std::span<const std::int16_t> sizes);

    /// For a token of this step class: what of() gives.
    void expect(int stepClass);
    /// Learns from the levels of the token that was expected last.
    void learn(const std::int16_t* levels);

    struct Component {
        std::uint32_t bits;
        /// log2 of its expected size in quarters, less lowestContext - mostSurprise / 2, between 0 and
        /// highestContext - lowestContext + 2 * (mostSurprise / 2).
        std::uint32_t own() const { return bits & 0xFF; }
        /// Of the token before: 9 |level| of the component, at most 2, and 1 where the next one is not 0. What a level
        /// says of its own token leaves room for: 3 |level| of the one in front, at most 2, and 1 for the one before.
        std::uint32_t before() const { return bits >> beforeAt & 0xFF; }
        /// log2 in quarters of the expected sum over the stronger components but the last, with surpriseDoubt, as a
        /// LevelSize.
        std::uint32_t sum() const { return bits >> sumAt; }

        static constexpr int beforeAt = 8, sumAt = 16;
    };
    Component of(std::size_t component) const { return { m_context[component] }; }

private:
    std::size_t m_count;
    float m_remembered; ///< how many tokens sizes are a mean of
    // Of components, padded to whole vectors.
    std::vector<float> m_sizes; ///< that |level| has at step class 0
    std::vector<LevelSize> m_expected, m_sums, m_before, m_context;
    std::vector<std::int16_t> m_levels;
    int m_stepClass = 0;
};

} // namespace pikv
