// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/levelmodels.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

/// How many bits the promises below are worth.
constexpr int trustInSizes = 20, trustInNeighbours = 12;

/// What a Laplacian of a size promises, P(n) = (1 - r) / (1 + r) r^|n|, of the levels without their plain bits; in
/// units of 2^-15.
struct Promise {
    std::uint32_t zero, next; ///< that a symbol is 0; that one which is above n is n + 1

    explicit Promise(int q)
    {
        constexpr std::uint64_t whole = 1U << SymbolModel::precision;
        // 2 r / (1 - r²), so that r = (√(1 + mean²) - 1) / mean: one by one the same on every machine.
        const double mean = levelSizeOf(q - 64);
        std::uint64_t r = static_cast<std::uint64_t>((std::sqrt(1 + mean * mean) - 1) / mean * double(whole)),
                      power = r;
        for (int i = 0; i < LevelModels::plainBitsOf(q); ++i)
            power = power * power >> SymbolModel::precision;
        next = static_cast<std::uint32_t>(whole - power);
        zero = static_cast<std::uint32_t>(whole - 2 * power * whole / (whole + r));
    }
};

} // namespace

LevelModels::LevelModels()
{
    // What is promised holds nearly, so that little has to be learned.
    for (int q = lowestContext; q <= highestContext; ++q) {
        const Promise promise(q);
        bySize[static_cast<std::size_t>(q - lowestContext)] = SymbolModel(promise.zero, promise.next, trustInSizes);
    }
    for (int band = 0; band < bands; ++band) {
        const Promise promise(std::min(lowestContext + 4 * band + 2, highestContext));
        byNeighbours[static_cast<std::size_t>(band)].fill(SymbolModel(promise.zero, promise.next, trustInNeighbours));
    }
}

LevelContexts::LevelContexts(LevelModels& models)
{
    constexpr int around = 2 * (mostSurprise / 2); // ends are reached from so far beyond, by either
    for (int i = 0; i < static_cast<int>(m_contexts.size()); ++i) {
        const int q = std::clamp(i - around, 0, LevelModels::contexts - 1);
        m_contexts[static_cast<std::size_t>(i)] = { &models.bySize[static_cast<std::size_t>(q)],
            models.byNeighbours[static_cast<std::size_t>(q) / 4].data(), LevelModels::plainBitsOf(q + lowestContext) };
    }
}

} // namespace pikv
