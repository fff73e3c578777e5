// SPDX-License-Identifier: GPL-3.0-or-later
// Which token has which rank: shares of the tokens by importance, and the bytes that say so.
#include "core/codec/methods/lora/ranktiers.h"
#include "core/base/error.h"
#include "core/kernels/bitpack.h"
#include <algorithm>
#include <bit>
#include <numeric>

namespace pikv {
namespace {
int tierBits(int tiers) { return std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(tiers - 1)))); }
}

RankTiers RankTiers::byScore(const at::Tensor& score, const std::vector<double>& thresholds)
{
    const std::int64_t batch = score.size(0), seq = score.size(1);
    const at::Tensor values = score.contiguous();
    RankTiers result;
    result.m_tiers = static_cast<int>(thresholds.size()) + 1;
    result.m_tier.resize(static_cast<std::size_t>(batch * seq));
    std::vector<std::int64_t> order(static_cast<std::size_t>(seq));
    for (std::int64_t b = 0; b < batch; ++b) {
        const float* row = values.data_ptr<float>() + b * seq;
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t x, std::int64_t y) { return row[x] < row[y]; });
        for (std::size_t at = 0, end = 0; at < order.size(); at = end) {
            ++end; // even where the score is NaN, which does not equal itself
            while (end < order.size() && row[order[end]] == row[order[at]])
                ++end;
            const double quantile = double(at + end) / 2 / double(seq);
            const auto tier = std::upper_bound(thresholds.begin(), thresholds.end(), quantile) - thresholds.begin();
            for (std::size_t i = at; i < end; ++i)
                result.m_tier[static_cast<std::size_t>(b * seq + order[i])] = static_cast<std::uint8_t>(tier);
        }
    }
    return result;
}

std::size_t RankTiers::packedSize(std::int64_t tokens, int tiers)
{
    return packedBytes(static_cast<std::size_t>(tokens), tierBits(tiers));
}

Bytes RankTiers::pack() const
{
    Bytes bytes(packedSize(static_cast<std::int64_t>(m_tier.size()), m_tiers));
    packBits(m_tier, tierBits(m_tiers), bytes);
    return bytes;
}

RankTiers RankTiers::unpack(ByteSpan bytes, std::int64_t tokens, int tiers)
{
    RankTiers result;
    result.m_tiers = tiers;
    result.m_tier.resize(static_cast<std::size_t>(tokens));
    unpackBits(bytes, tierBits(tiers), result.m_tier);
    if (std::any_of(result.m_tier.begin(), result.m_tier.end(), [&](std::uint8_t t) { return t >= tiers; }))
        throw inputError("the map of token tiers is damaged");
    return result;
}

std::vector<std::int64_t> RankTiers::order() const
{
    std::vector<std::int64_t> list;
    list.reserve(m_tier.size());
    for (int tier = m_tiers - 1; tier >= 0; --tier)
        for (std::size_t i = 0; i < m_tier.size(); ++i)
            if (m_tier[i] == tier)
                list.push_back(static_cast<std::int64_t>(i));
    return list;
}

std::int64_t RankTiers::size(int tier) const { return std::count(m_tier.begin(), m_tier.end(), tier); }

std::vector<std::int64_t> RankTiers::counts(const std::vector<std::int64_t>& ranks) const
{
    std::vector<std::int64_t> list(static_cast<std::size_t>(ranks.back()), 0);
    for (int tier = 0; tier < m_tiers; ++tier) {
        const std::int64_t n = size(tier);
        for (std::int64_t i = 0; i < ranks[static_cast<std::size_t>(tier)]; ++i)
            list[static_cast<std::size_t>(i)] += n;
    }
    return list;
}

} // namespace pikv
