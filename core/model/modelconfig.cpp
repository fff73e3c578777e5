// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of a model's geometry, and what it means for a cache's RoPE.
#include "core/model/modelconfig.h"
#include "core/base/error.h"
#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

/// Larger than any model this program could run, small enough that no product of two overflows.
constexpr std::int64_t kMaxWidth = std::int64_t { 1 } << 24, kMaxLayers = 4096;

nlohmann::json scalingJson(const RopeScaling& scaling, double theta)
{
    nlohmann::json json { { "rope_theta", theta }, { "rope_type", "default" } };
    if (scaling.kind == RopeScaling::Kind::Linear)
        json.update({ { "rope_type", "linear" }, { "factor", scaling.factor } });
    if (scaling.kind == RopeScaling::Kind::Llama3)
        json.update({ { "rope_type", "llama3" }, { "factor", scaling.factor },
            { "low_freq_factor", scaling.lowFrequencyFactor }, { "high_freq_factor", scaling.highFrequencyFactor },
            { "original_max_position_embeddings", static_cast<std::int64_t>(scaling.originalContext) } });
    return json;
}

/// ".Q4_1", "-q4_k_m", ".F16", "-bf16": what converters append to a model's name.
bool isQuantisationSuffix(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (text == "f16" || text == "f32" || text == "bf16" || text == "fp16")
        return true;
    const bool quantised = text.starts_with("q") || text.starts_with("iq");
    const std::size_t digit = text.find_first_of("0123456789");
    return quantised && digit != std::string::npos && digit <= 2 && text.find('_') == digit + 1;
}

} // namespace

std::int64_t ModelConfig::parameters() const
{
    const std::int64_t attention = hidden * headDim * (2 * heads + 2 * kvHeads);
    return vocabulary * hidden * (tied ? 1 : 2) + layers * (attention + 3 * hidden * feedForward + 2 * hidden) + hidden;
}

RopeInfo ModelConfig::ropeInfo() const
{
    RopeInfo info;
    info.state = RopeInfo::State::Post;
    info.layout = RopeInfo::Layout::Half;
    info.theta = ropeTheta;
    info.dim = static_cast<int>(headDim);
    info.scaling = scaling.kind == RopeScaling::Kind::None ? "none" : scalingJson(scaling, ropeTheta).dump();
    return info;
}

std::string ModelConfig::toJson() const
{
    const std::string cls = architecture == "llama" ? "Llama" : architecture == "qwen2" ? "Qwen2" : "Qwen3";
    const nlohmann::json json { { "architectures", { cls + "ForCausalLM" } }, { "model_type", architecture },
        { "hidden_size", hidden }, { "intermediate_size", feedForward }, { "num_hidden_layers", layers },
        { "num_attention_heads", heads }, { "num_key_value_heads", kvHeads }, { "head_dim", headDim },
        { "rms_norm_eps", rmsEpsilon }, { "vocab_size", vocabulary }, { "max_position_embeddings", context },
        { "hidden_act", "silu" }, { "tie_word_embeddings", tied }, { "rope_theta", ropeTheta },
        { "rope_parameters", scalingJson(scaling, ropeTheta) } };
    return json.dump();
}

std::string modelNameFromPath(std::string_view path)
{
    while (path.ends_with('/'))
        path.remove_suffix(1);
    std::string name(path.substr(path.rfind('/') + 1));
    if (name.ends_with(".gguf"))
        name.resize(name.size() - 5);
    const std::size_t mark = name.find_last_of(".-");
    if (mark != std::string::npos && mark > 0 && isQuantisationSuffix(name.substr(mark + 1)))
        name.resize(mark);
    return name;
}

void checkConfig(const ModelConfig& c)
{
    const auto fail = [&](const std::string& what) { throw inputError(c.source + ": " + what); };
    const auto bounded = [&](const char* what, std::int64_t value, std::int64_t limit) {
        if (value < 1 || value > limit)
            fail(std::string(what) + " is " + std::to_string(value) + "; 1 to " + std::to_string(limit)
                + " is possible");
    };
    bounded("the layer count", c.layers, kMaxLayers);
    bounded("the hidden size", c.hidden, kMaxWidth);
    bounded("the feed-forward size", c.feedForward, kMaxWidth);
    bounded("the head count", c.heads, 65536);
    bounded("the KV head count", c.kvHeads, 65536);
    bounded("the head dimension", c.headDim, 65536);
    bounded("the vocabulary size", c.vocabulary, kMaxWidth);
    bounded("the context length", c.context, std::int64_t { 1 } << 31);
    if (c.heads % c.kvHeads != 0)
        fail("the KV head count " + std::to_string(c.kvHeads) + " does not divide the head count "
            + std::to_string(c.heads));
    if (c.headDim % 2 != 0)
        fail("the head dimension " + std::to_string(c.headDim) + " is odd; RoPE rotates pairs");
    if (!(c.rmsEpsilon > 0 && c.rmsEpsilon < 1))
        fail("the RMS norm's epsilon is out of bounds");
    if (!(c.ropeTheta > 0 && std::isfinite(c.ropeTheta)))
        fail("RoPE's base is out of bounds");
    const RopeScaling& s = c.scaling;
    if (!(s.factor > 0 && std::isfinite(s.factor)) || !(s.originalContext > 0)
        || !(s.lowFrequencyFactor > 0 && s.highFrequencyFactor > s.lowFrequencyFactor))
        fail("RoPE's scaling parameters are out of bounds");
}

} // namespace pikv
