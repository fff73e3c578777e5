// SPDX-License-Identifier: GPL-3.0-or-later
// Second moments of what queries see of errors, head by head.
#include "core/codec/parts/querymetric.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <cmath>
#include <limits>
#include <vector>

namespace pikv {
namespace {

struct HeadMetric {
    at::Tensor key; ///< f64 [dim, dim]
    double value = 0; ///< times the identity
    double keyVariance = 0, valueVariance = 0; ///< mean over channels, over the tokens
};

/// By heads: whole layers would take long in one piece.
at::Tensor host(const at::Tensor& x) { return x.to(c10::kCPU, at::kFloat).nan_to_num(0); }

double meanVariance(const at::Tensor& rows) { return rows.var(0, false).mean().item<double>(); }

/// `query` [group, queries, dim], `hidden` [queries, seq]: keys that a query does not see.
HeadMetric headMetric(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& hidden,
    const std::optional<RopeTable>& rope, const JobControl& job)
{
    const double root = std::sqrt(static_cast<double>(key.size(1)));
    const at::Tensor a = at::softmax(
        (at::matmul(query, key.t()) / root).masked_fill(hidden, -std::numeric_limits<float>::infinity()), -1)
                             .nan_to_num();
    const at::Tensor output = at::matmul(a, value), square = a.square();
    const at::Tensor change
        = value.square().sum(1).unsqueeze(0) - 2 * at::matmul(output, value.t()) + output.square().sum(-1, true);
    const at::Tensor weight = (square * change.clamp_min(0)).sqrt() / root; // [group, queries, seq]
    HeadMetric metric { at::zeros({ key.size(1), key.size(1) }, at::kDouble),
        square.sum().item<double>() / static_cast<double>(key.size(0)), meanVariance(key), meanVariance(value) };
    for (std::int64_t g = 0; g < query.size(0); ++g)
        for (std::int64_t t = 0; t < query.size(1); ++t) {
            job.checkpoint();
            at::Tensor seen = query[g][t].unsqueeze(0).expand({ key.size(0), key.size(1) });
            if (rope)
                seen = rope->turned(seen.unsqueeze(0).unsqueeze(0).contiguous(), -1)[0][0];
            seen = seen * weight[g][t].unsqueeze(1);
            metric.key.add_(at::matmul(seen.t(), seen).to(at::kDouble), 1 / static_cast<double>(key.size(0)));
        }
    return metric;
}

} // namespace

std::optional<LayerFisher> queryMetric(
    const LayerInput& input, const std::optional<RopeTable>& rope, const JobControl& job)
{
    if (!input.kv.query.defined() || !input.queryPositions.defined() || input.kv.query.size(2) == 0)
        return {};
    const at::Tensor &query = input.kv.query, &key = input.kv.key, &value = input.kv.value;
    const std::int64_t heads = key.size(1), group = query.size(1) / heads, keyDim = key.size(3), dim = value.size(3);
    const at::Tensor hidden = input.queryPositions.cpu().unsqueeze(1).lt(input.positions.cpu().unsqueeze(0));
    LayerFisher fisher;
    fisher.key.metric = at::zeros({ heads * keyDim, heads * keyDim }, at::kDouble);
    fisher.value.metric = at::zeros({ heads * dim, heads * dim }, at::kDouble);
    double keyVariance = 0, valueVariance = 0;
    std::vector<HeadMetric> metrics(static_cast<std::size_t>(heads));
    for (std::int64_t b = 0; b < key.size(0); ++b) {
        forEachPlane(c10::kCPU, heads, job, [&](std::int64_t h) {
            metrics[static_cast<std::size_t>(h)] = headMetric(
                host(query[b].narrow(0, h * group, group)), host(key[b][h]), host(value[b][h]), hidden, rope, job);
        });
        for (std::int64_t h = 0; h < heads; ++h) {
            const HeadMetric& one = metrics[static_cast<std::size_t>(h)];
            keyVariance += one.keyVariance / static_cast<double>(key.size(0) * heads);
            valueVariance += one.valueVariance / static_cast<double>(key.size(0) * heads);
            fisher.key.metric.narrow(0, h * keyDim, keyDim).narrow(1, h * keyDim, keyDim).add_(one.key);
            fisher.value.metric.narrow(0, h * dim, dim)
                .narrow(1, h * dim, dim)
                .add_(at::eye(dim, at::kDouble), one.value);
        }
    }
    const double energy = (fisher.key.metric.diagonal().mean().item<double>() * keyVariance
                              + fisher.value.metric.diagonal().mean().item<double>() * valueVariance)
        / 2;
    if (!(energy > 0) || !std::isfinite(energy))
        return {};
    const double scale = (fisherStep / plainStep) * (fisherStep / plainStep) / energy;
    fisher.key.metric.mul_(scale);
    fisher.value.metric.mul_(scale);
    return fisher;
}

} // namespace pikv
