// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace pikv {

/// The scalar quantiser of least squared error for one density (Lloyd 1982, Max 1960).
struct LloydMaxTable {
    std::vector<float> levels; ///< 2^bits centroids, ascending
    std::vector<float> cuts; ///< 2^bits - 1 midpoints between them
    double distortion = 0; ///< mean squared error for the density it was made for
};

/// For one coordinate of a uniformly random vector of `dim` channels and length sqrt(dim): density ~ (1 -
/// t^2/dim)^((dim-3)/2), which tends to N(0, 1) (TurboQuant, arXiv 2504.19874, lemma 1). 1 <= bits <= 8, dim >= 1. The
/// last few are kept; safe to call from several threads.
std::shared_ptr<const LloydMaxTable> sphereTable(int bits, std::size_t dim);

/// codes[i] = index of the level nearest to values[i].
void nearestLevels(const LloydMaxTable& table, const float* values, std::size_t count, std::uint8_t* codes);

} // namespace pikv
