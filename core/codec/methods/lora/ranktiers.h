// SPDX-License-Identifier: GPL-3.0-or-later
// Which tokens of a layer get which rank of lora_plus.
#pragma once
#include "core/base/bytes.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// Tier of every token, [batch * seq]; a token of tier t stores its first ranks[t] coefficients, ranks ascending.
class RankTiers {
public:
    /// Cuts at `thresholds`, ascending in (0, 1), on the scores' mid-rank quantiles within each batch item; equal
    /// scores share a quantile. `score` f32 [batch, seq] on the CPU, larger is more important.
    static RankTiers byScore(const at::Tensor& score, const std::vector<double>& thresholds);
    /// Reads what pack() wrote. Throws Error{Input} at a tier that does not exist.
    static RankTiers unpack(ByteSpan bytes, std::int64_t tokens, int tiers);
    static std::size_t packedSize(std::int64_t tokens, int tiers);
    Bytes pack() const;

    /// Tokens by falling tier, in their own order within a tier.
    std::vector<std::int64_t> order() const;
    /// How many tokens store coefficient i, for i < ranks.back().
    std::vector<std::int64_t> counts(const std::vector<std::int64_t>& ranks) const;
    /// Tokens of tier t.
    std::int64_t size(int tier) const;

private:
    int m_tiers = 1;
    std::vector<std::uint8_t> m_tier;
};

} // namespace pikv
