// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/compressor.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// Which level every token of a layer belongs to: level 0 is the most important. Tokens are ranked within their batch
/// item.
struct TokenTiers {
    int levels = 1;
    std::vector<std::uint8_t> level; ///< [batch * seq]

    /// Rows of level l, ascending.
    std::vector<std::int64_t> rows(int l) const;
};

/// Shares of the tokens a level gets, as the seed's Pyramid: level i < levels-1 gets (1 - decay) * decay^i of what is
/// left, the last level the rest (levels 3, decay 0.8: 20 %, 12.8 %, 67.2 %).
std::vector<double> levelShares(int levels, double decay);

/// Energy of every token about its head's mean over the tokens, relative to the mean over all: f32 CPU [batch, seq]
/// from [batch, kv_heads, seq, dim].
at::Tensor tokenEnergy(const at::Tensor& tensor, const CodecContext& context);

/// Ranks tokens by `score` f32 [batch, seq] (larger is more important; ties by position) and cuts at the shares.
TokenTiers tiersByScore(const at::Tensor& score, const std::vector<double>& shares);

} // namespace pikv
