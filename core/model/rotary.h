// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// Rotary position embedding (RoPE, Su et al. 2021, arXiv 2104.09864) of a model's queries and keys.
class Rotary {
public:
    /// `rope` as a cache of the model tells it.
    Rotary(const RopeInfo& rope, std::int64_t headDim)
        : m_rope(rope)
        , m_headDim(headDim)
    {
    }
    /// For the positions first … first + count - 1; RopeTable::turned() applies it.
    RopeTable table(std::int64_t first, std::int64_t count) const;

private:
    RopeInfo m_rope;
    std::int64_t m_headDim;
};

} // namespace pikv
