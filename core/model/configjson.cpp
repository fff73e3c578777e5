// SPDX-License-Identifier: GPL-3.0-or-later
// The geometry of a model from Hugging Face's config.json, and the refusal of what this forward pass does not compute.
#include "core/base/error.h"
#include "core/formats/jsontext.h"
#include "core/model/modelconfig.h"
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::json;

/// A value that may be absent or null.
template <typename T>
T valueOr(const Json& json, const char* key, T fallback)
{
    const auto it = json.find(key);
    return it == json.end() || it->is_null() ? fallback : it->get<T>();
}

std::string architectureOf(const ModelConfig& c, const Json& json)
{
    const Json list = json.value("architectures", Json::array());
    const std::string cls = !list.empty() && list.is_array() ? list.front().get<std::string>() : "";
    const std::string type = valueOr<std::string>(json, "model_type", "");
    for (const char* known : { "llama", "qwen2", "qwen3" }) {
        std::string expected = std::string(known) + "ForCausalLM";
        expected.front() = static_cast<char>(expected.front() - 'a' + 'A');
        if (cls == expected || (cls.empty() && type == known))
            return known;
    }
    throw inputError(c.source + ": architecture '" + (cls.empty() ? type : cls)
        + "' cannot be run; LlamaForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM can");
}

/// rope_parameters (transformers 5), else rope_theta and rope_scaling (before).
void readRope(ModelConfig& c, const Json& json)
{
    const Json modern = valueOr(json, "rope_parameters", Json::object());
    c.ropeTheta = valueOr(modern, "rope_theta", valueOr(json, "rope_theta", 10000.0));
    const Json rule = modern.empty() ? valueOr(json, "rope_scaling", Json::object()) : modern;
    const std::string type = valueOr(rule, "rope_type", valueOr<std::string>(rule, "type", "default"));
    if (type == "default")
        return;
    if (type != "linear" && type != "llama3")
        throw inputError(c.source + ": RoPE scaling '" + type + "' is not supported; default, linear and llama3 are");
    c.scaling.kind = type == "linear" ? RopeScaling::Kind::Linear : RopeScaling::Kind::Llama3;
    c.scaling.factor = rule.at("factor").get<double>();
    c.scaling.lowFrequencyFactor = valueOr(rule, "low_freq_factor", 1.0);
    c.scaling.highFrequencyFactor = valueOr(rule, "high_freq_factor", 4.0);
    c.scaling.originalContext = valueOr(rule, "original_max_position_embeddings", 8192.0);
}

void refuseWhatDiffers(const ModelConfig& c, const Json& json)
{
    const std::string activation = valueOr<std::string>(json, "hidden_act", "silu");
    if (activation != "silu")
        throw inputError(c.source + ": the activation '" + activation + "' is not supported; silu is");
    if (json.contains("quantization_config"))
        throw inputError(c.source + ": a quantised checkpoint; take the 16-bit one or a GGUF file");
    if (valueOr(json, "use_sliding_window", false))
        throw inputError(c.source + ": sliding-window attention is not supported");
    for (const Json& type : valueOr(json, "layer_types", Json::array()))
        if (type != "full_attention")
            throw inputError(c.source + ": layers of type " + type.dump() + " are not supported");
    if (valueOr(json, "partial_rotary_factor", 1.0) != 1.0)
        throw inputError(c.source + ": RoPE over a part of the head is not supported");
}

} // namespace

ModelConfig configFromJson(const std::string& folder, std::string_view configJson)
{
    ModelConfig c;
    c.source = folder + "/config.json";
    c.name = modelNameFromPath(folder);
    try {
        const Json json = parseJson(configJson, c.source);
        c.architecture = architectureOf(c, json);
        refuseWhatDiffers(c, json);
        c.hidden = json.at("hidden_size").get<std::int64_t>();
        c.feedForward = json.at("intermediate_size").get<std::int64_t>();
        c.layers = json.at("num_hidden_layers").get<std::int64_t>();
        c.heads = json.at("num_attention_heads").get<std::int64_t>();
        c.kvHeads = valueOr(json, "num_key_value_heads", c.heads);
        c.headDim = valueOr(json, "head_dim", c.heads > 0 ? c.hidden / c.heads : 0);
        c.vocabulary = json.at("vocab_size").get<std::int64_t>();
        c.context = valueOr<std::int64_t>(json, "max_position_embeddings", 2048);
        c.rmsEpsilon = valueOr(json, "rms_norm_eps", 1e-6);
        c.tied = valueOr(json, "tie_word_embeddings", false);
        readRope(c, json);
    } catch (const Json::exception& error) {
        throw inputError(c.source + ": not the form of a model's config.json: " + error.what());
    }
    checkConfig(c);
    return c;
}

} // namespace pikv
