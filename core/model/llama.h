// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/jobcontrol.h"
#include "core/model/kvbuffer.h"
#include "core/model/modelconfig.h"
#include "core/model/rotary.h"
#include "core/model/weights.h"
#include <ATen/core/Tensor.h>
#include <functional>
#include <span>

namespace pikv {

/// New tokens of one sequence on their way through the model.
struct Pass {
    std::span<const std::int64_t> tokens;
    std::int64_t first = 0; ///< position of the first one
    /// Gets the new tokens' keys and values of a layer, f32 [kv_heads, count, head_dim], and gives back what they
    /// attend to: first + count rows, of which the last `count` belong to the new tokens.
    std::function<Attended(int layer, const at::Tensor& key, const at::Tensor& value)> attend;
    /// Optional: gets the queries after RoPE, f32 [heads, count, head_dim].
    std::function<void(int layer, const at::Tensor& query)> queries;
};

/// The forward pass of a Llama-family causal language model in f32. Safe to use from several threads at once.
class Llama {
public:
    Llama(ModelConfig config, ModelWeights weights);

    /// Hidden states after the last norm, f32 [count, hidden]. Polls cancellation in every layer. Throws Error{Usage}
    /// for a token outside the vocabulary and for positions beyond the model's context.
    at::Tensor forward(const Pass& pass, const JobControl& job) const;
    /// f32 [count, vocabulary].
    at::Tensor logits(const at::Tensor& hidden) const;

    const ModelConfig& config() const { return m_config; }
    /// How this model rotates its keys: the configuration's rule, and what the weights divide the frequencies by.
    const RopeInfo& rope() const { return m_rope; }
    const at::Tensor& embedding() const { return m_weights.embedding; }

private:
    at::Tensor attention(
        const LayerWeights& w, int layer, const at::Tensor& x, const Pass& pass, const RopeTable& table) const;
    at::Tensor normalised(const at::Tensor& x, const at::Tensor& weight) const;
    at::Tensor feedForward(const LayerWeights& w, const at::Tensor& x) const;

    ModelConfig m_config;
    ModelWeights m_weights;
    RopeInfo m_rope;
    Rotary m_rotary;
};

/// softmax(q k^T / sqrt d) v for grouped query heads: q [heads, count, d] are the queries of the last `count` rows of
/// k; causal, dropped rows left out (a token always attends to itself). Returns [count, heads d].
at::Tensor causalAttention(const at::Tensor& query, const Attended& attended);

} // namespace pikv
