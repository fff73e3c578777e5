// SPDX-License-Identifier: GPL-3.0-or-later
// The two measured sources of importance. Attention: softmax of the stored queries with the keys that each may see,
// turned into a share of the fair one. Key norm: the share of tokens whose keys are longer.
#include "core/cache/importancesource.h"
#include "core/cache/crossattention.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pikv {
namespace {

constexpr std::int64_t scoresAtOnce = 1 << 24;

at::Tensor indices(const std::vector<std::int64_t>& values)
{
    at::Tensor tensor = at::empty({ static_cast<std::int64_t>(values.size()) }, at::kLong);
    std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
    return tensor;
}

/// Sums over layers; a layer that keeps only the last tokens adds to those.
struct TokenMean {
    at::Tensor sum, count; ///< f64 [batch, seq]
    explicit TokenMean(const CacheInfo& info)
        : sum(at::zeros({ info.batch(), info.seq() }, at::kDouble))
        , count(at::zeros({ info.batch(), info.seq() }, at::kDouble))
    {
    }
    void add(std::int64_t batch, const at::Tensor& values, const at::Tensor& weights)
    {
        const std::int64_t rows = values.size(0), start = sum.size(1) - rows;
        sum[batch].narrow(0, start, rows).add_(values);
        count[batch].narrow(0, start, rows).add_(weights);
    }
    at::Tensor mean(double otherwise) const
    {
        const at::Tensor mean = sum / count;
        return at::where(mean.ge(0), mean, at::full({}, otherwise, at::kDouble));
    }
};

/// One kv head of one sequence: what its queries give each key. `visible` bool [queries, rows].
void addHead(
    TokenMean& result, std::int64_t batch, const at::Tensor& key, const at::Tensor& query, const at::Tensor& visible)
{
    const std::int64_t rows = key.size(0), heads = query.size(0), queries = query.size(1);
    const at::Tensor keys = key.to(at::kFloat).t();
    const std::int64_t step = std::clamp<std::int64_t>(scoresAtOnce / (heads * rows), 1, queries);
    for (std::int64_t first = 0; first < queries; first += step) {
        const std::int64_t count = std::min(step, queries - first);
        const at::Tensor seen = visible.narrow(0, first, count);
        const at::Tensor scores = at::matmul(query.narrow(1, first, count).to(at::kFloat), keys)
                                      .mul_(1.0 / std::sqrt(static_cast<double>(key.size(1))))
                                      .masked_fill_(seen.logical_not(), -std::numeric_limits<float>::infinity());
        const at::Tensor fair = seen.sum(1, true).to(at::kFloat);
        // A row that sees nothing is NaN after the softmax.
        const at::Tensor share = at::softmax(scores, -1).mul_(fair).masked_fill_(seen.logical_not(), 0.0);
        result.add(batch, share.sum(c10::IntArrayRef { 0, 1 }).to(at::kDouble),
            seen.sum(0).to(at::kDouble) * static_cast<double>(heads));
    }
}

void addLayer(
    TokenMean& result, const CacheInfo& info, const LayerKv& layer, const at::Tensor& mask, const JobControl& job)
{
    const std::int64_t rows = layer.key.size(2), start = info.seq() - rows, kvHeads = layer.key.size(1);
    const std::int64_t group = layer.query.size(1) / kvHeads;
    const at::Tensor positions
        = (info.positions.empty() ? at::arange(info.seq(), at::kLong) : indices(info.positions)).narrow(0, start, rows);
    at::Tensor seen = positions.unsqueeze(0).le(indices(info.queryPositions).unsqueeze(1));
    if (isCross(info))
        seen.fill_(true);
    for (std::int64_t b = 0; b < layer.key.size(0); ++b)
        for (std::int64_t h = 0; h < kvHeads; ++h) {
            job.checkpoint();
            at::Tensor visible = seen;
            if (mask.defined())
                visible = visible.logical_and(mask[b].narrow(0, start, rows));
            if (layer.keep.defined())
                visible = visible.logical_and(layer.keep[b][h]);
            addHead(result, b, layer.key[b][h], layer.query[b].narrow(0, h * group, group), visible);
        }
}

/// Share of rows with a larger norm; ties by row, later rows count as the larger importance.
at::Tensor longerShare(const at::Tensor& norms)
{
    const std::int64_t rows = norms.size(0);
    const auto* values = norms.data_ptr<float>();
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), std::int64_t(0));
    // NaN norms go to the end, where importance is smallest.
    const auto magnitude = [&](std::int64_t i) { return std::isnan(values[i]) ? HUGE_VALF : values[i]; };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return magnitude(a) > magnitude(b); });
    at::Tensor share = at::zeros({ rows }, at::kDouble);
    for (std::int64_t rank = 0; rank < rows; ++rank)
        share.data_ptr<double>()[order[static_cast<std::size_t>(rank)]]
            = rows > 1 ? static_cast<double>(rank) / static_cast<double>(rows - 1) : 0.5;
    return share;
}

} // namespace

at::Tensor attentionImportance(const KvCache& cache, const JobControl& job)
{
    const CacheInfo& info = cache.info();
    TokenMean result(info);
    const at::Tensor mask = cache.attentionMask();
    for (int i = 0; i < cache.layerCount(); ++i) {
        job.report({ "Measuring attention of layer", i, cache.layerCount() });
        addLayer(result, info, cache.layer(i), mask, job);
    }
    const at::Tensor ratio = result.mean(1.0);
    return ratio / (ratio + 1.0);
}

at::Tensor keyNormImportance(const KvCache& cache, const JobControl& job)
{
    const at::Tensor mask = cache.attentionMask();
    TokenMean result(cache.info());
    for (int i = 0; i < cache.layerCount(); ++i) {
        job.report({ "Measuring keys of layer", i, cache.layerCount() });
        const LayerKv layer = cache.layer(i);
        const at::Tensor norms
            = at::linalg_vector_norm(layer.key.to(at::kFloat), 2, c10::IntArrayRef { -1 }).contiguous();
        const std::int64_t rows = norms.size(2);
        const at::Tensor once = at::ones({ rows }, at::kDouble);
        for (std::int64_t b = 0; b < norms.size(0); ++b) {
            const at::Tensor tokens = mask.defined() ? mask[b].narrow(0, mask.size(1) - rows, rows).nonzero().squeeze(1)
                                                     : at::arange(rows, at::kLong); // padding has no rank
            for (std::int64_t h = 0; h < norms.size(1); ++h) {
                job.checkpoint();
                at::Tensor share = at::zeros({ rows }, at::kDouble);
                share.index_copy_(0, tokens, longerShare(norms[b][h].index_select(0, tokens)));
                result.add(b, share, once);
            }
        }
    }
    return result.mean(0.5);
}

} // namespace pikv
