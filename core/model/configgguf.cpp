// SPDX-License-Identifier: GPL-3.0-or-later
// The geometry of a model from a GGUF file's metadata.
#include "core/base/error.h"
#include "core/formats/gguf.h"
#include "core/model/modelconfig.h"
#include <algorithm>

namespace pikv {
namespace {

/// Metadata below the architecture's prefix, with fallbacks.
class Keys {
public:
    Keys(const GgufHeader& header, std::string prefix)
        : m_header(header)
        , m_prefix(std::move(prefix) + ".")
    {
    }
    bool has(const char* key) const { return m_header.has(m_prefix + key); }
    std::int64_t integer(const char* key) const { return m_header.integer(m_prefix + key); }
    std::int64_t integer(const char* key, std::int64_t fallback) const { return has(key) ? integer(key) : fallback; }
    double real(const char* key, double fallback) const { return has(key) ? m_header.real(m_prefix + key) : fallback; }
    std::string text(const char* key) const { return has(key) ? m_header.text(m_prefix + key) : std::string(); }
    /// A number, or a list in which all layers have the same one.
    std::int64_t uniform(const char* key, std::int64_t fallback) const
    {
        const auto it = m_header.metadata().find(m_prefix + key);
        if (it == m_header.metadata().end())
            return fallback;
        const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second);
        if (!list)
            return integer(key);
        if (list->empty() || std::any_of(list->begin(), list->end(), [&](auto n) { return n != list->front(); }))
            throw inputError(
                m_header.name() + ": '" + m_prefix + key + "' differs between layers, which is not supported");
        return list->front();
    }

private:
    const GgufHeader& m_header;
    std::string m_prefix;
};

RopeScaling scalingOf(const GgufHeader& header, const Keys& keys)
{
    RopeScaling scaling;
    const std::string type = keys.text("rope.scaling.type");
    if (type == "linear") {
        scaling.kind = RopeScaling::Kind::Linear;
        scaling.factor = keys.real("rope.scaling.factor", 1);
    } else if (!type.empty() && type != "none") {
        throw inputError(header.name() + ": RoPE scaling '" + type + "' is not supported; none, linear and llama3 are");
    }
    return scaling;
}

} // namespace

ModelConfig configFromGguf(const GgufHeader& header)
{
    ModelConfig c;
    c.source = header.name();
    c.name = modelNameFromPath(header.name());
    c.architecture = header.text("general.architecture");
    if (c.architecture != "llama" && c.architecture != "qwen2" && c.architecture != "qwen3")
        throw inputError(
            c.source + ": architecture '" + c.architecture + "' cannot be run; llama, qwen2 and qwen3 can");
    const Keys keys(header, c.architecture);
    c.layers = keys.integer("block_count");
    c.context = keys.integer("context_length");
    c.hidden = keys.integer("embedding_length");
    c.feedForward = keys.uniform("feed_forward_length", 0);
    c.heads = keys.uniform("attention.head_count", 0);
    c.kvHeads = keys.uniform("attention.head_count_kv", c.heads);
    c.headDim = keys.integer("attention.key_length", c.heads > 0 ? c.hidden / c.heads : 0);
    if (keys.integer("attention.value_length", c.headDim) != c.headDim)
        throw inputError(c.source + ": keys and values of different widths are not supported");
    if (keys.integer("rope.dimension_count", c.headDim) != c.headDim)
        throw inputError(c.source + ": RoPE over a part of the head is not supported");
    if (keys.integer("expert_count", 0) > 0 || header.find("blk.0.ffn_gate_inp.weight"))
        throw inputError(c.source + ": mixture-of-experts models are not supported");
    c.rmsEpsilon = keys.real("attention.layer_norm_rms_epsilon", 1e-5);
    c.ropeTheta = keys.real("rope.freq_base", 10000);
    c.scaling = scalingOf(header, keys);
    c.tied = header.find("output.weight") == nullptr;
    const GgufTensor* embedding = header.find("token_embd.weight");
    if (!embedding || embedding->shape.size() != 2)
        throw inputError(c.source + ": the tensor 'token_embd.weight' is missing");
    c.vocabulary = embedding->shape.front();
    checkConfig(c);
    return c;
}

} // namespace pikv
