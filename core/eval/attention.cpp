// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/attention.h"
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <cmath>
#include <limits>

namespace pikv {

AttentionQueries attentionQueries(
    const LayerKv& kv, const at::Tensor& queryPositions, const at::Tensor& keyPositions, std::int64_t standIns)
{
    if (kv.query.defined() && queryPositions.defined() && kv.query.size(2) > 0)
        return { kv.query.to(at::kFloat), queryPositions, true };
    const std::int64_t seq = kv.key.size(2), count = std::min(standIns, seq);
    return { kv.key.narrow(2, seq - count, count).to(at::kFloat), keyPositions.narrow(0, seq - count, count), false };
}

at::Tensor attentionOutput(const at::Tensor& query, const at::Tensor& queryPositions, const at::Tensor& key,
    const at::Tensor& value, const at::Tensor& keyPositions, const at::Tensor& keep)
{
    // query [group, queries, d] → [group * queries, d]; the mask repeats for every head of the group.
    const std::int64_t group = query.size(0), queries = query.size(1), seq = key.size(0);
    const double scale = 1.0 / std::sqrt(static_cast<double>(key.size(1)));
    at::Tensor scores = at::matmul(query.reshape({ group * queries, query.size(2) }), key.t()).mul_(scale);
    at::Tensor hidden = queryPositions.unsqueeze(1).lt(keyPositions.unsqueeze(0));
    if (keep.defined())
        hidden = hidden.logical_or(keep.logical_not().unsqueeze(0));
    scores.view({ group, queries, seq }).masked_fill_(hidden.unsqueeze(0), -std::numeric_limits<float>::infinity());
    // A query that sees no key would be 0/0; its output is defined as zero. Any other NaN is the method's and stays.
    at::Tensor output = at::matmul(at::softmax(scores, -1), value);
    output.view({ group, queries, value.size(1) }).masked_fill_(hidden.all(1).view({ 1, queries, 1 }), 0.0);
    return output;
}

} // namespace pikv
