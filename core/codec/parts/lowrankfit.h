// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// The best low-rank description of rows, x ~ mean + coefficients * directions (Eckart & Young 1936), under row
/// weights.
struct LowRankFit {
    at::Tensor mean; ///< f32 [width], weighted, rounded to f16
    at::Tensor directions; ///< f32 [rank, width], orthonormal, by falling variance
    std::vector<double> variances; ///< [rank], weighted mean square of the coefficients
    /// f32 [width, width], what errors are measured by: directions * metric * directions^T = 1. Undefined: plain
    /// squares.
    at::Tensor metric = {};
    at::Tensor root = {}, rootInverse = {}; ///< f32 [width, width], symmetric, of the metric; undefined where it is

    /// f32 [rank, width]: products of a centred row with these are its coefficients.
    at::Tensor duals() const;
};

/// Fits `rows` f32 [n, width], which are centred in place on the way; `weights` f32 [n] (>= 0) or undefined.
/// rank <= min(n, width). Exact where many directions are wanted, else a seeded subspace iteration (Halko, Martinsson &
/// Tropp 2011, algorithm 4.4) whose error stays within 1 % of the optimum. Runs on the rows' device; polls `job`.
LowRankFit fitLowRank(
    const at::Tensor& rows, const at::Tensor& weights, std::int64_t rank, std::uint64_t seed, const JobControl& job);
/// As fitLowRank(), with the errors of rows measured by `metric` M, f32 [width, width], positive definite: the least
/// square error of rows * M^(1/2). Undefined: plain squares.
LowRankFit fitLowRankIn(const at::Tensor& metric, const at::Tensor& rows, const at::Tensor& weights, std::int64_t rank,
    std::uint64_t seed, const JobControl& job);

/// rows f32 [n, width] times `matrix` [width, k], block by block, so that it can be stopped.
at::Tensor rowsTimes(const at::Tensor& rows, const at::Tensor& matrix, const JobControl& job);

/// Row weights importance^(alpha / 16), f32 [batch * seq] with mean 1 and a floor that keeps every row in the fit;
/// undefined where `importance` [batch, seq] is, or has no effect.
at::Tensor rowWeights(const at::Tensor& importance, double alpha);

} // namespace pikv
