// SPDX-License-Identifier: GPL-3.0-or-later
// Weighted k-means over a stream of vectors of one sub-space.
#pragma once
#include "core/base/counterrng.h"
#include "core/base/jobcontrol.h"
#include "core/kernels/nearestcentroid.h"
#include <vector>

namespace pikv {

/// Vectors in the order of the stream, channel by channel: channel j of vector i is channels[j * stride + i].
struct VectorStream {
    const float* channels = nullptr;
    std::size_t stride = 0, count = 0, width = 0;
    const float* weights = nullptr; ///< [count], >= 0; null: all 1
};

/// Centroids of one sub-space, row by row, as nearestCentroids() wants them.
struct Centroids {
    std::size_t count = 0, width = 0;
    std::vector<float> rows, halfNorms;

    Centroids(std::size_t count, std::size_t width);
    void updateNorm(std::size_t k);
    void updateNorms();
    CentroidView view() const { return { rows.data(), halfNorms.data(), count, width }; }
};

/// nearestCentroids() of vectors [first, first + n), polling `job` on the way.
void assignCodes(const VectorStream& stream, std::size_t first, std::size_t n, const Centroids& centroids,
    std::uint8_t* codes, const JobControl& job);

/// k-means++ (Arthur & Vassilvitskii 2007): vectors drawn with probability weight x squared distance to those drawn.
Centroids seedCentroids(const VectorStream& stream, std::size_t count, const CounterRng& random);

/// Lloyd's iteration with refreshes within a pass: vectors join the nearest centroid as they come, and after every
/// `interval` of them (>= 1) each centroid moves to the weighted mean of its members. Neither step can raise the error.
/// From the second pass on, centroids that no vector uses are put where the last vectors are described worst. Ends
/// after `passes` or when a pass moves no vector.
void refineCentroids(
    Centroids& centroids, const VectorStream& stream, int passes, std::size_t interval, const JobControl& job);

} // namespace pikv
