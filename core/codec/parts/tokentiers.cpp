// SPDX-License-Identifier: GPL-3.0-or-later
// Tokens in tiers by importance, shares falling from tier to tier, and the map that decode needs.
#include "core/codec/parts/tokentiers.h"
#include "core/codec/parts/headrows.h"
#include "core/codec/parts/planes.h"
#include "core/kernels/energy.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace pikv {

std::vector<std::int64_t> TokenTiers::rows(int l) const
{
    std::vector<std::int64_t> list;
    for (std::size_t i = 0; i < level.size(); ++i)
        if (level[i] == l)
            list.push_back(static_cast<std::int64_t>(i));
    return list;
}

std::vector<double> levelShares(int levels, double decay)
{
    std::vector<double> shares;
    double left = 1;
    for (int i = 0; i + 1 < levels; ++i) {
        shares.push_back(left * (1 - decay) * std::pow(decay, i));
        left -= shares.back();
    }
    shares.push_back(left);
    return shares;
}

at::Tensor tokenEnergy(const at::Tensor& tensor, const CodecContext& context)
{
    const at::Tensor rows = rowTensor(tensor);
    const auto seq = static_cast<std::size_t>(rows.size(2)), dim = static_cast<std::size_t>(rows.size(3));
    const at::Tensor energy = at::zeros({ rows.size(0), rows.size(2) }, at::kFloat);
    forEachPlane(c10::kCPU, rows.size(0), context.job, [&](std::int64_t item) {
        std::vector<float> values(seq * dim);
        for (std::int64_t head = 0; head < rows.size(1); ++head) {
            HeadRows(rows, head, nullptr).load(item, 0, rows.size(2), values.data());
            addRowEnergies(values.data(), seq, dim, energy.data_ptr<float>() + item * rows.size(2));
        }
    });
    return energy / energy.mean().clamp_min(1e-30);
}

TokenTiers tiersByScore(const at::Tensor& score, const std::vector<double>& shares)
{
    const at::Tensor values = score.cpu().to(at::kFloat).contiguous();
    const std::int64_t batch = values.size(0), seq = values.size(1);
    TokenTiers tiers { static_cast<int>(shares.size()),
        std::vector<std::uint8_t>(static_cast<std::size_t>(batch * seq)) };
    std::vector<std::int64_t> order(static_cast<std::size_t>(seq));
    for (std::int64_t b = 0; b < batch; ++b) {
        const float* row = values.data_ptr<float>() + b * seq;
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t x, std::int64_t y) { return row[x] > row[y]; });
        double end = 0;
        std::int64_t at = 0;
        for (std::size_t l = 0; l < shares.size(); ++l) {
            end += shares[l];
            const std::int64_t stop
                = l + 1 == shares.size() ? seq : std::min<std::int64_t>(seq, std::llround(end * double(seq)));
            for (; at < stop; ++at)
                tiers.level[static_cast<std::size_t>(b * seq + order[static_cast<std::size_t>(at)])]
                    = static_cast<std::uint8_t>(l);
        }
    }
    return tiers;
}

} // namespace pikv
