// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/cache_reduction/bitallocation.h"
#include "core/codec/cache_reduction/headbasis.h"
#include "core/codec/cache_reduction/tiers.h"
#include "core/codec/compressor.h"

namespace pikv {

/// One head of K or V on its way to bytes: coefficients by component, tokens grouped by level.
struct PyramidPlane {
    HeadBasis basis;
    at::Tensor centred; ///< f32 [rows, dim] in level order, without the basis' mean
    at::Tensor coefficients; ///< f32 CPU [dim, rows]; of raw channels only when makeCoefficients() was called
    std::vector<double> variances; ///< [levels * dim] of the coefficients
    std::int64_t dim = 0;
    double energyScale = 0; ///< 1 / signal energy of the plane's tensor (K or V): errors count relative to it
};

/// Rows in level order and where each level begins.
struct LevelOrder {
    at::Tensor rows; ///< i64 [batch * seq]: row at each place of the order
    std::vector<std::int64_t> begin; ///< [levels + 1]
    std::vector<double> weight; ///< [levels], mean importance (1 without)

    LevelOrder(const TokenTiers& tiers, const at::Tensor& importance);
    std::int64_t count(int level) const { return begin[static_cast<std::size_t>(level) + 1] - begin[static_cast<std::size_t>(level)]; }
    int levels() const { return static_cast<int>(weight.size()); }
};

/// Transforms every head of key and value; keys come first.
std::vector<PyramidPlane> makePlanes(const LayerInput& input, const LevelOrder& order, bool klt, const CodecContext& context);
/// The same heads without a transform.
std::vector<PyramidPlane> rawPlanes(const std::vector<PyramidPlane>& planes, const LevelOrder& order, const CodecContext& context);
void makeCoefficients(PyramidPlane& plane);

/// Widths of every (plane, level, component), in that order, and the relative error they promise.
struct PyramidPlan {
    std::vector<int> bits;
    double error = 0;
};
PyramidPlan planBits(const std::vector<PyramidPlane>& planes, const LevelOrder& order, bool klt, std::int64_t budget);

} // namespace pikv
