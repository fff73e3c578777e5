// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methods/fastv/fastvbook.h"

namespace pikv {

struct FastVTraining {
    int passes = 8;
    std::size_t interval = 100; ///< tokens between refreshes
    enum class Transform { Auto, Klt, None } transform = Transform::Auto;
    std::size_t tokens = 0; ///< the codebook will describe so many; weighs the transform's bytes against its gain
};

/// Learns a book from `rows` f32 [n, dim] in stream order; `weights` f32 [n] or undefined.
FastVBook learnBook(const at::Tensor& rows, const at::Tensor& weights, const FastVShape& shape,
    const FastVTraining& training, const CounterRng& random, const JobControl& job);

} // namespace pikv
