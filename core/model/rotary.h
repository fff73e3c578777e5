// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include "core/model/modelconfig.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// Rotary position embedding (RoPE, Su et al. 2021, arXiv 2104.09864) in half layout: channels i and i + d/2 are a
/// pair.
class Rotary {
public:
    /// `divisors`: f32 [head_dim/2] that divide the frequencies (GGUF's rope_freqs); undefined: none.
    Rotary(const ModelConfig& config, const at::Tensor& divisors);

    /// For the positions first … first + count - 1; RopeTable::turned() applies it.
    RopeTable table(std::int64_t first, std::int64_t count) const;

private:
    at::Tensor m_frequencies; ///< f64 [head_dim/2]
};

} // namespace pikv
