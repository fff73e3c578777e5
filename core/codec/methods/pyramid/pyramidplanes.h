// SPDX-License-Identifier: GPL-3.0-or-later
// Heads on their way to bytes.
#pragma once
#include "core/cache/rope.h"
#include "core/codec/compressor.h"
#include "core/codec/parts/bitallocation.h"
#include "core/codec/parts/headbasis.h"
#include "core/codec/parts/tokentiers.h"
#include "core/model/fisherinformation.h"
#include <optional>
#include <utility>

namespace pikv {

/// One head of K or V on its way to bytes: coefficients by component, tokens grouped by level.
struct PyramidPlane {
    HeadBasis basis;
    at::Tensor centred; ///< f32 [rows, dim] in level order, without the basis' mean
    std::vector<double> variances; ///< [levels * dim], mean squares of the coefficients; of long levels by a sample
    std::int64_t dim = 0;
    double energyScale = 0; ///< 1 / signal energy of the plane's tensor (K or V): errors count relative to it
};

/// Rows in level order and where each level begins.
struct LevelOrder {
    at::Tensor rows; ///< i64 [batch * seq]: row at each place of the order
    std::vector<std::int64_t> begin; ///< [levels + 1]
    std::vector<double> weight; ///< [levels], mean importance (1 without)

    LevelOrder(const TokenTiers& tiers, const at::Tensor& importance);
    std::int64_t count(int level) const
    {
        return begin[static_cast<std::size_t>(level) + 1] - begin[static_cast<std::size_t>(level)];
    }
    int levels() const { return static_cast<int>(weight.size()); }
    /// Turns the head vectors at the places from `first` on, f32 [count, dim], in place: direction 1, or back: -1.
    void rotate(const at::Tensor& vectors, const RopeTable& rope, std::int64_t first, float direction) const;
    /// Places in the order, evenly spread over every level, and where each level begins in them: enough for mean
    /// squares.
    std::pair<at::Tensor, std::vector<std::int64_t>> sample() const;
};

/// What makePlanes() does with a head's rows.
struct PyramidTransform {
    std::optional<RopeTable> rope; ///< that keys come without
    bool klt = true; ///< fitted; false: channels
    const LayerFisher* fisher = nullptr; ///< what fitted ones measure errors by; null: plain squares
    bool inMetric = false; ///< errors of all planes' coefficients count alike; false: relative to their tensor's energy
    std::vector<HeadBasis> shared; ///< one a plane, on the device and ready to project; empty: they are fitted
};

/// Transforms every head of key and value; keys come first.
std::vector<PyramidPlane> makePlanes(
    const LayerInput& input, const LevelOrder& order, const PyramidTransform& transform, const CodecContext& context);
/// The same heads without a transform.
std::vector<PyramidPlane> rawPlanes(
    const std::vector<PyramidPlane>& planes, const LevelOrder& order, const CodecContext& context);
/// f32 CPU [dim, rows], the rows' stride being the tensor's.
at::Tensor coefficientsOf(const PyramidPlane& plane);

/// Widths of every (plane, level, component), in that order, and the relative error they promise.
struct PyramidPlan {
    std::vector<int> bits;
    double error = 0;
};
/// `storesVectors`: the basis vectors that get used are paid for from the `budget` [bits].
PyramidPlan planBits(
    const std::vector<PyramidPlane>& planes, const LevelOrder& order, bool storesVectors, std::int64_t budget);

} // namespace pikv
