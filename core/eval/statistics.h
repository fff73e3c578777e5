// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/metrics.h"
#include <cstdint>
#include <vector>

namespace pikv {

/// The quantile `q` (0 to 1) of ascending values, at least one: linear interpolation between order statistics.
double quantile(const std::vector<double>& sorted, double q);

/// A mean and how far it may be off.
struct MeanInterval {
    double mean = kNoValue;
    double low = kNoValue, high = kNoValue; ///< NaN with fewer than two values
    std::size_t count = 0; ///< values that are not NaN
};

constexpr int bootstrapResamples = 10'000;

/// The mean of the values that are not NaN, and its 95 % percentile-bootstrap interval: of bootstrapResamples samples,
/// each as many values drawn with replacement, the 2.5th and the 97.5th percentile (quantile()) of their means. Draw i
/// of sample r is value floor(u n) with u the 64 bits r n + i of CounterRng(seed), as a fraction: series of one length
/// draw alike, so their intervals may be compared.
MeanInterval bootstrapMean(const std::vector<double>& values, std::uint64_t seed);

} // namespace pikv
