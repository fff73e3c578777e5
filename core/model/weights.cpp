// SPDX-License-Identifier: GPL-3.0-or-later
// Takes every tensor that the forward pass needs from a source of weights, checks its shape and turns it to f32.
#include "core/model/weights.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

namespace pikv {
namespace {

class Loader {
public:
    Loader(const WeightSource& source, const ModelConfig& config)
        : m_source(source)
        , m_config(config)
    {
    }
    LayerWeights layer(std::int64_t index) const
    {
        const ModelConfig& c = m_config;
        const std::string prefix = "model.layers." + std::to_string(index) + ".";
        const std::string attention = prefix + "self_attn.", mlp = prefix + "mlp.";
        const std::int64_t query = c.heads * c.headDim, kv = c.kvHeads * c.headDim;
        LayerWeights w;
        w.attentionNorm = m_source.read(prefix + "input_layernorm.weight", { c.hidden });
        w.qkv = at::cat({ m_source.read(attention + "q_proj.weight", { query, c.hidden }),
            m_source.read(attention + "k_proj.weight", { kv, c.hidden }),
            m_source.read(attention + "v_proj.weight", { kv, c.hidden }) });
        if (m_source.has(attention + "q_proj.bias") || m_source.has(attention + "k_proj.bias")
            || m_source.has(attention + "v_proj.bias"))
            w.qkvBias = at::cat({ bias(attention + "q_proj.bias", query), bias(attention + "k_proj.bias", kv),
                bias(attention + "v_proj.bias", kv) });
        refuseBias(attention + "o_proj.bias");
        refuseBias(mlp + "gate_proj.bias");
        if (c.architecture == "qwen3") {
            w.queryNorm = m_source.read(attention + "q_norm.weight", { c.headDim });
            w.keyNorm = m_source.read(attention + "k_norm.weight", { c.headDim });
        }
        w.output = m_source.read(attention + "o_proj.weight", { c.hidden, query });
        w.feedForwardNorm = m_source.read(prefix + "post_attention_layernorm.weight", { c.hidden });
        w.gateUp = at::cat({ m_source.read(mlp + "gate_proj.weight", { c.feedForward, c.hidden }),
            m_source.read(mlp + "up_proj.weight", { c.feedForward, c.hidden }) });
        w.down = m_source.read(mlp + "down_proj.weight", { c.hidden, c.feedForward });
        return w;
    }

private:
    at::Tensor bias(const std::string& name, std::int64_t size) const
    {
        return m_source.has(name) ? m_source.read(name, { size }) : at::zeros({ size }, at::kFloat);
    }
    void refuseBias(const std::string& name) const
    {
        if (m_source.has(name))
            throw inputError(m_config.source + ": the tensor '" + name + "' is a bias that is not supported");
    }
    const WeightSource& m_source;
    const ModelConfig& m_config;
};

} // namespace

ModelWeights loadWeights(const WeightSource& source, const ModelConfig& config, const JobControl& job)
{
    requireMemory(static_cast<std::uint64_t>(config.parameters()) * sizeof(float), "The model " + config.name);
    const Loader loader(source, config);
    ModelWeights weights;
    weights.embedding = source.read("model.embed_tokens.weight", { config.vocabulary, config.hidden });
    weights.finalNorm = source.read("model.norm.weight", { config.hidden });
    weights.output
        = config.tied ? weights.embedding : source.read("lm_head.weight", { config.vocabulary, config.hidden });
    if (source.has("rope_freqs.weight"))
        weights.ropeDivisors = source.read("rope_freqs.weight", { config.headDim / 2 });
    for (std::int64_t i = 0; i < config.layers; ++i) {
        job.checkpoint();
        job.report({ "Loading layer", static_cast<int>(i), static_cast<int>(config.layers) });
        weights.layers.push_back(loader.layer(i));
    }
    return weights;
}

} // namespace pikv
