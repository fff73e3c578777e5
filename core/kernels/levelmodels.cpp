// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/kernels/levelmodels.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

/// How many bits the promises below are worth.
constexpr int trustInSizes = 20, trustInNeighbours = 6;

/// What a Laplacian of a size promises, P(n) = (1 - r) / (1 + r) r^|n|, of the levels without their plain bits; in
/// units of 2^-15.
struct Promise {
    std::uint32_t zero, next; ///< that a level is 0; that one which is above n is not above n + 1

    explicit Promise(int q)
    {
        constexpr std::uint64_t whole = 1U << BitModel::precision;
        const LevelSize mean = levelSizeOf(q - 64); // 2 r / (1 - r²), so that r = (√(1 + mean²) - 1) / mean
        const auto root
            = static_cast<LevelSize>(std::sqrt(static_cast<double>((LevelSize { 1 } << (2 * levelOne)) + mean * mean)));
        std::uint64_t r = ((root - (LevelSize { 1 } << levelOne)) << BitModel::precision) / mean, power = r;
        for (int i = 0; i < LevelModels::plainBitsOf(q); ++i)
            power = power * power >> BitModel::precision;
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
        auto& models = above[static_cast<std::size_t>(q - lowestContext)];
        models.fill(BitModel(promise.next, trustInSizes));
        models[0] = BitModel(promise.zero, trustInSizes);
    }
    for (int band = 0; band < bands; ++band)
        zero[static_cast<std::size_t>(band)].fill(
            BitModel(Promise(std::min(lowestContext + 4 * band + 2, highestContext)).zero, trustInNeighbours));
}

} // namespace pikv
