// SPDX-License-Identifier: GPL-3.0-or-later
// The closed loop of differential coding: every vector is predicted from the one that decode will have, and the
// difference is quantised, so that errors do not add up.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pikv {

/// Levels stay within ±32767.
struct ResidualQuantiser {
    std::vector<float> gain; ///< by channel: prediction = gain * previous reconstruction
    std::vector<float> rounding; ///< by channel: 0.5 rounds to nearest, less widens the zero bin
    std::vector<float> shrink; ///< by channel: a level q != 0 is rebuilt as sign(q) * (|q| - shrink) steps

    std::size_t dim() const { return gain.size(); }
};

/// A stretch of vectors: the step of each, and whether it is coded by itself (1) or predicted (0).
struct ResidualRows {
    std::size_t count = 0;
    const float* steps = nullptr;
    const std::uint8_t* isKey = nullptr;
};

/// Sums over the levels of a channel; of predicted vectors at [0, dim), of the others at [dim, 2 dim). Floats: for some
/// hundred vectors.
struct LevelSums {
    float* size; ///< |level|
    float* square;
};

/// Quantises `values` [count, dim] (finite) to `levels` [count, dim]. `previous` [dim] is the reconstruction before the
/// first vector, and after the call that of the last. Adds to `sums`.
void quantiseResiduals(const ResidualQuantiser& quantiser, const ResidualRows& rows, const float* values,
    float* previous, std::int16_t* levels, const LevelSums& sums);
/// The inverse: the reconstructions that quantiseResiduals() worked with, to the bit.
void rebuildResiduals(const ResidualQuantiser& quantiser, const ResidualRows& rows, const std::int16_t* levels,
    float* previous, float* values);

} // namespace pikv
