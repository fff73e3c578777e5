// SPDX-License-Identifier: GPL-3.0-or-later
// The forward pass of Llama and its kin (RMSNorm, rotary attention with grouped heads, SwiGLU), as transformers'
// LlamaModel computes it, f32 throughout.
#include "core/model/llama.h"
#include "core/base/error.h"
#include "core/cache/ropefrequencies.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace pikv {

at::Tensor causalAttention(const at::Tensor& query, const Attended& attended)
{
    const std::int64_t heads = query.size(0), count = query.size(1), dim = query.size(2);
    const std::int64_t kvHeads = attended.key.size(0), rows = attended.key.size(1), group = heads / kvHeads;
    const std::int64_t first = rows - count;
    constexpr double never = -std::numeric_limits<double>::infinity();

    const at::Tensor grouped
        = query.reshape({ kvHeads, group * count, dim }) * (1.0 / std::sqrt(static_cast<double>(dim)));
    const at::Tensor scores = at::bmm(grouped, attended.key.transpose(1, 2)).view({ kvHeads, group, count, rows });
    if (count > 1)
        scores.narrow(3, first, count).masked_fill_(at::ones({ count, count }, at::kBool).triu_(1), never);
    if (attended.keep.defined()) {
        at::Tensor dropped = attended.keep.logical_not().unsqueeze(1).expand({ kvHeads, count, rows }).clone();
        dropped.narrow(2, first, count).diagonal(0, 1, 2).fill_(false);
        scores.masked_fill_(dropped.unsqueeze(1), never);
    }
    const at::Tensor weights = at::softmax(scores, -1).view({ kvHeads, group * count, rows });
    return at::bmm(weights, attended.value).view({ heads, count, dim }).transpose(0, 1).reshape({ count, heads * dim });
}

namespace {

/// `divisors` f32 [head_dim/2] (GGUF's rope_freqs) or undefined. The rule says what divides the plain frequencies.
RopeInfo ropeOf(const ModelConfig& config, const at::Tensor& divisors)
{
    RopeInfo rope = config.ropeInfo();
    if (!divisors.defined())
        return rope;
    const std::vector<double> scaled = ropeFrequencies(rope, config.headDim);
    rope.scaling = "none";
    std::vector<double> factors = ropeFrequencies(rope, config.headDim);
    const at::Tensor each = divisors.to(at::kDouble).contiguous();
    for (std::size_t i = 0; i < factors.size(); ++i)
        factors[i] *= each.data_ptr<double>()[i] / scaled[i];
    rope.scaling = ropeFactors(factors);
    return rope;
}

} // namespace

Llama::Llama(ModelConfig config, ModelWeights weights)
    : m_config(std::move(config))
    , m_weights(std::move(weights))
    , m_rope(ropeOf(m_config, m_weights.ropeDivisors))
    , m_rotary(m_rope, m_config.headDim)
{
}

at::Tensor Llama::normalised(const at::Tensor& x, const at::Tensor& weight) const
{
    const at::Tensor scale = x.square().mean(-1, true).add_(m_config.rmsEpsilon).rsqrt_();
    return (x * scale).mul_(weight);
}

at::Tensor Llama::attention(
    const LayerWeights& w, int layer, const at::Tensor& x, const Pass& pass, const RopeTable& table) const
{
    const ModelConfig& c = m_config;
    const std::int64_t count = x.size(0);
    const at::Tensor qkv = at::linear(normalised(x, w.attentionNorm), w.qkv, w.qkvBias)
                               .view({ count, c.heads + 2 * c.kvHeads, c.headDim });
    const auto part = [&](std::int64_t from, std::int64_t heads) { return qkv.narrow(1, from, heads).transpose(0, 1); };
    at::Tensor query = part(0, c.heads), key = part(c.heads, c.kvHeads);
    if (w.queryNorm.defined()) {
        query = normalised(query, w.queryNorm);
        key = normalised(key, w.keyNorm);
    }
    query = table.turned(query, 1);
    key = table.turned(key, 1);
    if (pass.queries)
        pass.queries(layer, query);
    const Attended attended = pass.attend(layer, key, part(c.heads + c.kvHeads, c.kvHeads));
    return at::linear(causalAttention(query, attended), w.output);
}

at::Tensor Llama::feedForward(const LayerWeights& w, const at::Tensor& x) const
{
    const at::Tensor both = at::linear(normalised(x, w.feedForwardNorm), w.gateUp);
    const at::Tensor gate = both.narrow(1, 0, m_config.feedForward);
    return at::linear(at::silu(gate) * both.narrow(1, m_config.feedForward, m_config.feedForward), w.down);
}

at::Tensor Llama::forward(const Pass& pass, const JobControl& job) const
{
    const auto count = static_cast<std::int64_t>(pass.tokens.size());
    if (pass.first < 0 || count < 1 || pass.first + count > m_config.context)
        throw usageError("Positions " + std::to_string(pass.first) + " to " + std::to_string(pass.first + count)
            + " leave the context of " + std::to_string(m_config.context) + " tokens of " + m_config.name);
    for (const std::int64_t token : pass.tokens)
        if (token < 0 || token >= m_config.vocabulary)
            throw usageError("Token " + std::to_string(token) + " is outside the vocabulary of "
                + std::to_string(m_config.vocabulary) + " tokens of " + m_config.name);
    const at::Tensor ids = at::from_blob(const_cast<std::int64_t*>(pass.tokens.data()), { count }, at::kLong);
    const RopeTable table = m_rotary.table(pass.first, count);
    at::Tensor x = at::embedding(m_weights.embedding, ids);
    for (int layer = 0; layer < static_cast<int>(m_weights.layers.size()); ++layer) {
        job.checkpoint();
        const LayerWeights& w = m_weights.layers[static_cast<std::size_t>(layer)];
        x = x + attention(w, layer, x, pass, table);
        x = x + feedForward(w, x);
    }
    return normalised(x, m_weights.finalNorm);
}

at::Tensor Llama::logits(const at::Tensor& hidden) const { return at::linear(hidden, m_weights.output); }

} // namespace pikv
