// SPDX-License-Identifier: GPL-3.0-or-later
// What the next tokens say of every layer of a cache: which errors matter.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/kvcache.h"
#include "core/model/languagemodel.h"
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pikv {

/// What the next tokens' distribution says of one layer of a cache: to second order, a perturbation δ of the rows costs
/// KL = 1/2 δᵀ F δ, F the Fisher information (Amari 1998, Natural gradient works efficiently in learning, section 2).
struct LayerFisher {
    /// Rows by their distance to the end, two classes an octave: 0, 1, 2, 3, 4 to 5, 6 to 7, 8 to 11, …
    static constexpr std::size_t distances = 64;
    static std::size_t distanceClass(std::int64_t distance)
    {
        const auto from1 = static_cast<std::uint64_t>(distance) + 1;
        const int octave = std::bit_width(from1) - 1;
        return static_cast<std::size_t>(2 * octave) + (octave > 0 ? from1 >> (octave - 1) & 1 : 0);
    }
    struct Side {
        /// Mean of g gᵀ over tokens (but the sinks), per predicted position, f64 [kv_heads * dim, kv_heads * dim].
        at::Tensor metric;
        std::array<double, distances> squares {},
            rows {}; ///< of each class, but the sinks: sum of |g|², and of how many
        /// Of one cache, and no mean: |g|² of each of its rows before the predictions, the sinks', too.
        std::vector<double> rowSquares;
    };
    Side key, value;

    /// The mean with what another cache said; this one has been of `caches` before.
    void average(const LayerFisher& other, int caches);
};

struct FisherRequest {
    std::int64_t predict = 128; ///< tokens at the end of the cache that are predicted from the rows before them
    std::int64_t sinks = 4; ///< first rows, left out of the means
    int samples = 2; ///< label samples, a backward pass each
    bool undoesRope = true; ///< of keys before their rotation
    std::uint64_t seed = 0;
};

/// Why no model's gradients can be taken with respect to this cache; "" where the model decides.
std::string gradientObstacle(const CacheInfo& info, const FisherRequest& request);
/// Why this model's cannot; "" where they can.
std::string gradientObstacle(const LanguageModel& model, const CacheInfo& info, const FisherRequest& request);
/// Of every layer, one after the other, from the cache's own token ids: the last `predict` tokens are run against the
/// rows before them, labels are drawn from the model's predictions (so that the expectation is the Fisher information
/// and not the empirical one), and the gradient of their log likelihood with respect to keys and values is taken.
/// Throws Error{Usage} with the obstacle where there is one.
std::vector<LayerFisher> fisherInformation(
    const LanguageModel& model, const KvCache& cache, const FisherRequest& request, const JobControl& job);

/// Of one cache, with what it took to compute.
struct CacheFisher {
    std::vector<LayerFisher> layers;
    double seconds = 0;
};
/// fisherInformation(), computed once for the last few caches, models and requests: every setting of a method asks for
/// the same. From any thread.
std::shared_ptr<const CacheFisher> sharedFisher(const std::shared_ptr<const LanguageModel>& model, const KvCache& cache,
    const FisherRequest& request, const JobControl& job);

} // namespace pikv
