// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

namespace pikv {

/// How likely each of eight symbols is, learned from those that were seen: fast at first, then over a window. As
/// cumulative probabilities, so that one vector of eight numbers tells and learns all (after Giesen 2015, "Models for
/// adaptive arithmetic coding"). Integers only: the same on every machine.
struct alignas(16) SymbolModel {
    static constexpr int symbols = 8, precision = 15;
    /// What every symbol has at least, in units of 2^-15, beside its part of the rest.
    static constexpr int least = 1, rest = (1 << precision) - symbols * least;
    static constexpr int window = 160;

    /// [i], i < 7: that a symbol is at most i, of `rest`; [7]: how many were seen, at most `window`.
    std::array<std::int16_t, symbols> state {};

    SymbolModel() = default;
    /// Begins with a guess that is worth as much as `seen` symbols: that a symbol is 0, and that one which is above n
    /// is n + 1, both in units of 2^-15.
    SymbolModel(std::uint32_t zero, std::uint32_t next, int seen)
    {
        constexpr std::uint32_t whole = 1U << precision;
        std::uint32_t above = whole - zero;
        for (std::size_t i = 0; i + 1 < symbols; ++i) {
            state[i] = static_cast<std::int16_t>((whole - above) * rest >> precision);
            above = above * (whole - next) >> precision;
        }
        state.back() = static_cast<std::int16_t>(std::min(seen, window));
    }
};

/// What is added to a model's state after a symbol: rate * (target - state) / 2^15, rounded.
struct SymbolLessons {
    using Eight = std::array<std::int16_t, SymbolModel::symbols>;
    /// By how many were seen. The last lane counts: its rate makes 1 of what is between its target and 0.
    alignas(16) std::array<Eight, SymbolModel::window + 1> rates {};
    alignas(16) std::array<Eight, SymbolModel::symbols> targets {}; ///< by the symbol that was seen

    constexpr SymbolLessons()
    {
        for (int seen = 0; seen <= SymbolModel::window; ++seen) {
            Eight& rate = rates[static_cast<std::size_t>(seen)];
            rate.fill(static_cast<std::int16_t>(std::min(32767, 327680 / (10 * seen + 16)))); // 2^15 / (seen + 1.6)
            rate.back() = seen < SymbolModel::window ? 2 : 0;
        }
        for (std::size_t symbol = 0; symbol < targets.size(); ++symbol) {
            for (std::size_t i = 0; i + 1 < SymbolModel::symbols; ++i)
                targets[symbol][i] = static_cast<std::int16_t>(symbol <= i ? SymbolModel::rest : 0);
            targets[symbol].back() = 1 << 14;
        }
    }
};
inline constexpr SymbolLessons symbolLessons;

} // namespace pikv
