// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>

namespace pikv {

/// A codebook of one sub-space: `count` (1 … 256) centroids of `width` channels, row by row, and |c|^2 / 2 of each.
struct CentroidView {
    const float* centroids = nullptr;
    const float* halfNorms = nullptr;
    std::size_t count = 0, width = 0;
};

/// codes[i] = the centroid nearest to vector i, the first of equals; NaN gets code 0. Vectors are channel by channel:
/// channel j of vector i is channels[j * stride + i]. Compares |c|^2 / 2 - x.c in floats, in the same order of
/// operations on every machine, each vector by itself: results depend on neither blocks nor threads.
void nearestCentroids(
    const float* channels, std::size_t stride, std::size_t vectors, const CentroidView& book, std::uint8_t* codes);
/// Takes from every vector the centroid of its code (< book.count).
void subtractCentroids(
    float* channels, std::size_t stride, std::size_t vectors, const CentroidView& book, const std::uint8_t* codes);

} // namespace pikv
