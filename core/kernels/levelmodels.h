// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/kernels/levelcontext.h"
#include "core/kernels/symbolmodel.h"
#include <array>
#include <cstdint>

namespace pikv {

/// The probabilities of the level coder, as both directions begin with them and learn them. A symbol is a level's size
/// without its plain bits; the last one stands for all that are greater, too.
struct LevelModels {
    static constexpr int contexts = highestContext - lowestContext + 1, bands = contexts / 4 + 1;
    std::array<SymbolModel, contexts> bySize;
    std::array<std::array<SymbolModel, levelNeighbours>, bands>
        byNeighbours; ///< by band and neighbours, beside the above

    LevelModels();
    /// How many low bits of a level are kept apart, at one bit each: of levels of about 2 and more.
    static constexpr int plainBitsOf(int q)
    {
        constexpr int plainFrom = 64 + 4;
        return q > plainFrom ? (q - plainFrom + 3) / 4 : 0;
    }
};

/// What a level is coded with.
struct alignas(32) LevelContext {
    SymbolModel *bySize, *byNeighbours; ///< LevelModels' of its size, and of its band
    int plainBits;
};

/// By LevelExpectations' own() and how far the stronger components move it, from -mostSurprise / 2 on.
class LevelContexts {
public:
    explicit LevelContexts(LevelModels& models);
    const LevelContext& operator[](std::size_t i) const { return m_contexts[i]; }

private:
    std::array<LevelContext, LevelModels::contexts + 4 * (mostSurprise / 2)> m_contexts;
};

} // namespace pikv
