// SPDX-License-Identifier: GPL-3.0-or-later
// How keys were rotated, from a dump's own metadata or from Hugging Face's config.json in both of its forms.
#include "core/formats/ropeconfig.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/formats/jsontext.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pikv {
namespace {

using Json = nlohmann::json;
constexpr int maxRopeDim = 1 << 20;

const Json* member(const Json& object, const char* name)
{
    const auto at = object.find(name);
    return at == object.end() || at->is_null() ? nullptr : &*at;
}

std::optional<double> numberMember(const Json& object, const char* name)
{
    const Json* value = member(object, name);
    return value && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

std::string textMember(const Json& object, const char* name)
{
    const Json* value = member(object, name);
    return value && value->is_string() ? value->get<std::string>() : std::string();
}

/// "none" for the plain rotation, else the rule's JSON.
std::string scalingText(const Json* rule)
{
    if (!rule || !rule->is_object())
        return "none";
    std::string type = textMember(*rule, "rope_type");
    if (type.empty())
        type = textMember(*rule, "type");
    return type.empty() || type == "default" ? "none" : rule->dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Hugging Face writes only what differs from a model type's defaults, and 10000 is the default of these.
bool hasDefaultTheta(const std::string& modelType)
{
    static constexpr std::array types { "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "olmo2" };
    return std::find(types.begin(), types.end(), modelType) != types.end();
}

void readConfig(const Json& root, RopeInfo& rope)
{
    const Json* text = member(root, "text_config");
    const Json& config = text && text->is_object() ? *text : root;
    const Json* parameters = member(config, "rope_parameters");
    if (parameters && parameters->is_object()) {
        // One rule per layer type ({"full_attention": {…}, …}) cannot be said in one RopeInfo: it stays unknown.
        const bool perLayerType
            = std::any_of(parameters->begin(), parameters->end(), [](const Json& v) { return v.is_object(); });
        if (perLayerType) {
            rope.scaling = parameters->dump(-1, ' ', false, Json::error_handler_t::replace);
            return;
        }
        rope.theta = numberMember(*parameters, "rope_theta");
        rope.scaling = scalingText(parameters);
    } else {
        rope.scaling = scalingText(member(config, "rope_scaling"));
    }
    if (!rope.theta)
        rope.theta = numberMember(config, "rope_theta");
    if (!rope.theta && hasDefaultTheta(textMember(config, "model_type")))
        rope.theta = 10000.0;

    auto fraction = numberMember(config, "partial_rotary_factor");
    if (!fraction && parameters)
        fraction = numberMember(*parameters, "partial_rotary_factor");
    auto headDim = numberMember(config, "head_dim");
    const auto hidden = numberMember(config, "hidden_size"), heads = numberMember(config, "num_attention_heads");
    if (!headDim && hidden && heads && *heads > 0)
        headDim = *hidden / *heads;
    if (fraction && *fraction > 0 && *fraction < 1 && headDim && *headDim > 0 && *headDim < maxRopeDim)
        rope.dim = static_cast<int>(*headDim * *fraction);
}

template <typename T>
T number(const std::string& text, const char* key, const std::string& file)
{
    T value {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw inputError(file + ": metadata " + key + " is " + inQuotes(text) + ", not a number.");
    return value;
}

template <typename E>
E choice(const std::string& text, const std::array<const char*, 3>& names, const char* key, const std::string& file)
{
    for (std::size_t i = 0; i < names.size(); ++i)
        if (text == names[i])
            return static_cast<E>(i);
    throw inputError(file + ": metadata " + key + " is " + inQuotes(text) + "; it can be " + names[1] + ", " + names[2]
        + " or " + names[0] + ".");
}

constexpr std::array stateNames { "unknown", "post", "pre" };
constexpr std::array layoutNames { "unknown", "half", "interleaved" };

} // namespace

RopeInfo ropeFromMetadata(const std::map<std::string, std::string>& metadata, const std::string& file)
{
    RopeInfo rope;
    const auto find = [&](const char* key) {
        const auto at = metadata.find(key);
        return at == metadata.end() ? nullptr : &at->second;
    };
    if (const auto* config = find("config")) {
        const Json json = parseJson(*config, file + ": metadata config");
        if (!json.is_object())
            throw inputError(file + ": metadata config is not a JSON object.");
        readConfig(json, rope);
    }
    if (const auto* text = find("key_rope"))
        rope.state = choice<RopeInfo::State>(*text, stateNames, "key_rope", file);
    if (const auto* text = find("rope_layout"))
        rope.layout = choice<RopeInfo::Layout>(*text, layoutNames, "rope_layout", file);
    if (const auto* text = find("rope_theta"))
        rope.theta = number<double>(*text, "rope_theta", file);
    if (const auto* text = find("rope_dim"))
        rope.dim = number<int>(*text, "rope_dim", file);
    if (const auto* text = find("rope_scaling")) {
        const Json rule = *text == "none" ? Json() : parseJson(*text, file + ": metadata rope_scaling");
        rope.scaling = scalingText(&rule);
    }
    if (rope.theta && !(std::isfinite(*rope.theta) && *rope.theta > 0))
        throw inputError(file + ": the base of the rotation (rope_theta) is " + std::to_string(*rope.theta)
            + "; it must be a finite number above 0.");
    if (rope.dim < 0 || rope.dim > maxRopeDim || rope.dim % 2)
        throw inputError(file + ": metadata rope_dim is " + std::to_string(rope.dim)
            + "; it must be an even number of channels, or 0 for all of them.");
    return rope;
}

std::map<std::string, std::string> ropeToMetadata(const RopeInfo& rope)
{
    std::map<std::string, std::string> metadata;
    if (rope.state != RopeInfo::State::Unknown)
        metadata["key_rope"] = stateNames[static_cast<std::size_t>(rope.state)];
    if (rope.layout != RopeInfo::Layout::Unknown)
        metadata["rope_layout"] = layoutNames[static_cast<std::size_t>(rope.layout)];
    if (rope.theta) {
        char text[40];
        *std::to_chars(text, text + sizeof text - 1, *rope.theta).ptr = '\0';
        metadata["rope_theta"] = text;
    }
    if (rope.dim > 0)
        metadata["rope_dim"] = std::to_string(rope.dim);
    if (!rope.scaling.empty())
        metadata["rope_scaling"] = rope.scaling;
    return metadata;
}

} // namespace pikv
