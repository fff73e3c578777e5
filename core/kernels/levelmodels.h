// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/kernels/adaptivecoder.h"
#include "core/kernels/levelcontext.h"
#include <array>
#include <cstdint>

namespace pikv {

/// The probabilities of the level coder, as both directions begin with them and learn them.
struct LevelModels {
    static constexpr int contexts = highestContext - lowestContext + 1, bands = contexts / 4 + 1;
    static constexpr std::uint32_t unary = 18; ///< levels above come whole
    static constexpr int escapeBits = 15;
    std::array<std::array<BitModel, unary + 1>, contexts> above; ///< by size: whether a level is above 0, 1, 2, …
    std::array<std::array<BitModel, 81>, bands> zero; ///< by band and neighbours, beside the above

    LevelModels();
    /// How many low bits of a level are kept apart, at one bit each: of levels of about 2 and more.
    static constexpr int plainBitsOf(int q)
    {
        constexpr int plainFrom = 64 + 4;
        return q > plainFrom ? (q - plainFrom + 3) / 4 : 0;
    }
};

} // namespace pikv
