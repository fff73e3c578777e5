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
#include <utility>
#include <vector>

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

/// The share of a head that is rotated where the configuration does not say; 1 unless the model type has its own.
double defaultShare(const std::string& modelType)
{
    static const std::map<std::string, double> shares { { "phi", 0.5 }, { "persimmon", 0.5 }, { "nemotron", 0.5 },
        { "glm", 0.5 }, { "glm4", 0.5 }, { "stablelm", 0.25 }, { "gpt_neox", 0.25 } };
    const auto at = shares.find(modelType);
    return at == shares.end() ? 1 : at->second;
}

/// Of types that rotate the keys of every layer that its configuration does not except.
std::optional<RopeInfo::Layout> transformersLayout(const std::string& modelType)
{
    static constexpr std::array half { "llama", "mistral", "mixtral", "ministral", "qwen2", "qwen2_moe", "qwen3",
        "qwen3_moe", "gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n_text", "phi", "phi3", "olmo", "olmo2",
        "olmo3", "stablelm", "gpt_neox", "starcoder2", "granite", "granitemoe", "smollm3", "gpt_oss", "nemotron",
        "persimmon", "seed_oss", "lfm2" };
    static constexpr std::array interleaved { "cohere", "cohere2", "glm", "glm4", "llama4", "llama4_text", "gptj",
        "helium", "ernie4_5" };
    if (std::find(half.begin(), half.end(), modelType) != half.end())
        return RopeInfo::Layout::Half;
    if (std::find(interleaved.begin(), interleaved.end(), modelType) != interleaved.end())
        return RopeInfo::Layout::Interleaved;
    return {};
}

/// A Hugging Face configuration as far as it tells of RoPE.
class RopeConfig {
public:
    explicit RopeConfig(const Json& root)
        : m_config(inner(root))
        , m_parameters(member(m_config, "rope_parameters"))
        , m_type(textMember(m_config, "model_type"))
    {
        if (m_parameters && !m_parameters->is_object())
            m_parameters = nullptr;
        m_byType = m_parameters
            && std::any_of(m_parameters->begin(), m_parameters->end(), [](const Json& v) { return v.is_object(); });
    }

    const std::string& modelType() const { return m_type; }

    /// Of layers that are not told apart, or have no window.
    void read(RopeInfo& rope) const
    {
        const Json* rule = m_parameters ? m_parameters : member(m_config, "rope_scaling");
        if (m_byType)
            rule = member(*m_parameters, "full_attention");
        readRule(rule, rope);
        if (m_byType && !rule) // one rule per layer type that nobody knows: it stays unknown
            rope.scaling = m_parameters->dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    /// `rope`: what read() and the metadata made of it.
    RopeInfo ofLayer(std::size_t layer, const RopeInfo& rope) const
    {
        RopeInfo own = rope;
        if (isUnrotated(layer)) {
            if (own.state == RopeInfo::State::Post)
                own.state = RopeInfo::State::Pre;
            return own;
        }
        if (layerType(layer) != "sliding_attention")
            return own;
        if (const Json* rule = m_byType ? member(*m_parameters, "sliding_attention") : nullptr) {
            own.theta.reset();
            readRule(rule, own);
        } else if (const auto local = numberMember(m_config, "rope_local_base_freq")) {
            own.theta = local;
            own.scaling = "none"; // the rule is that of the global layers
        }
        return own;
    }

private:
    static const Json& inner(const Json& root)
    {
        const Json* text = member(root, "text_config");
        return text && text->is_object() ? *text : root;
    }

    void readRule(const Json* rule, RopeInfo& rope) const
    {
        const bool isObject = rule && rule->is_object();
        if (isObject)
            rope.theta = numberMember(*rule, "rope_theta");
        rope.scaling = scalingText(rule);
        if (!rope.theta)
            rope.theta = numberMember(m_config, "rope_theta");
        if (!rope.theta)
            rope.theta = numberMember(m_config, "rotary_emb_base"); // GPT-NeoX
        if (!rope.theta && hasDefaultTheta(m_type))
            rope.theta = 10000.0;
        auto share = isObject ? numberMember(*rule, "partial_rotary_factor") : std::nullopt;
        for (const char* key : { "partial_rotary_factor", "rotary_pct" })
            if (!share)
                share = numberMember(m_config, key);
        setShare(share.value_or(defaultShare(m_type)), rope);
    }

    void setShare(double share, RopeInfo& rope) const
    {
        auto headDim = numberMember(m_config, "head_dim");
        const auto hidden = numberMember(m_config, "hidden_size"),
                   heads = numberMember(m_config, "num_attention_heads");
        if (!headDim && hidden && heads && *heads > 0)
            headDim = *hidden / *heads;
        if (share > 0 && share < 1 && headDim && *headDim > 0 && *headDim < maxRopeDim)
            rope.dim = static_cast<int>(*headDim * share) & ~1; // HF cuts, and pairs are two
    }

    std::string layerType(std::size_t layer) const
    {
        if (const Json* types = member(m_config, "layer_types"); types && types->is_array())
            return layer < types->size() && (*types)[layer].is_string() ? (*types)[layer].get<std::string>() : "";
        if (!numberMember(m_config, "rope_local_base_freq"))
            return "";
        // Gemma 3 before its configurations listed the layers: every sixth sees all.
        const double pattern = numberMember(m_config, "sliding_window_pattern").value_or(6);
        return pattern >= 1 && (layer + 1) % static_cast<std::size_t>(pattern) != 0 ? "sliding_attention" : "";
    }

    bool isUnrotated(std::size_t layer) const
    {
        if (m_type == "cohere2")
            return layerType(layer) == "full_attention";
        const Json* rotates = member(m_config, "no_rope_layers"); // 1: rotates, whatever the name says
        return rotates && rotates->is_array() && layer < rotates->size() && (*rotates)[layer].is_number()
            && (*rotates)[layer].get<double>() == 0;
    }

    const Json& m_config;
    const Json* m_parameters;
    std::string m_type;
    bool m_byType = false;
};

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

namespace {

using Metadata = std::map<std::string, std::string>;

const std::string* find(const Metadata& metadata, const char* key)
{
    const auto at = metadata.find(key);
    return at == metadata.end() ? nullptr : &at->second;
}

/// What the dump's own words say wins over what `rope` knows already.
void readOwnWords(const Metadata& metadata, const std::string& file, RopeInfo& rope)
{
    if (const auto* text = find(metadata, "key_rope"))
        rope.state = choice<RopeInfo::State>(*text, stateNames, "key_rope", file);
    if (const auto* text = find(metadata, "rope_layout"))
        rope.layout = choice<RopeInfo::Layout>(*text, layoutNames, "rope_layout", file);
    if (const auto* text = find(metadata, "rope_theta"))
        rope.theta = number<double>(*text, "rope_theta", file);
    if (const auto* text = find(metadata, "rope_dim"))
        rope.dim = number<int>(*text, "rope_dim", file);
    if (const auto* text = find(metadata, "rope_scaling")) {
        const Json rule = *text == "none" ? Json() : parseJson(*text, file + ": metadata rope_scaling");
        rope.scaling = scalingText(&rule);
    }
    if (rope.theta && !(std::isfinite(*rope.theta) && *rope.theta > 0))
        throw inputError(file + ": the base of the rotation (rope_theta) is " + std::to_string(*rope.theta)
            + "; it must be a finite number above 0.");
    if (rope.dim < 0 || rope.dim > maxRopeDim || rope.dim % 2)
        throw inputError(file + ": metadata rope_dim is " + std::to_string(rope.dim)
            + "; it must be an even number of channels, or 0 for all of them.");
}

Metadata ownWords(const RopeInfo& rope)
{
    Metadata metadata;
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

/// `rope_layers`: a JSON list with one object of those words a layer.
std::vector<RopeInfo> readLayers(const std::string& text, std::size_t layers, const std::string& file)
{
    const Json list = parseJson(text, file + ": metadata rope_layers");
    if (!list.is_array() || list.size() != layers)
        throw inputError(file + ": metadata rope_layers is no list of one object for each of the "
            + std::to_string(layers) + " layers.");
    std::vector<RopeInfo> ropes;
    for (const Json& object : list) {
        Metadata words;
        for (const auto& [key, value] : object.items())
            if (value.is_string())
                words[key] = value.get<std::string>();
        readOwnWords(words, file, ropes.emplace_back());
    }
    return ropes;
}

} // namespace

void setLayerRopes(CacheInfo& info, std::vector<RopeInfo> ropes)
{
    const bool alike
        = std::all_of(ropes.begin(), ropes.end(), [&](const RopeInfo& rope) { return rope == ropes.front(); });
    if (alike && !ropes.empty())
        info.rope = ropes.front();
    info.layerRopes = alike ? std::vector<RopeInfo>() : std::move(ropes);
}

void acceptRope(CacheInfo& info, const Metadata& metadata, const std::string& file)
{
    Json config;
    if (const auto* text = find(metadata, "config")) {
        config = parseJson(*text, file + ": metadata config");
        if (!config.is_object())
            throw inputError(file + ": metadata config is not a JSON object.");
        RopeConfig(config).read(info.rope);
    }
    readOwnWords(metadata, file, info.rope);
    std::vector<RopeInfo> ropes;
    if (const auto* text = find(metadata, "rope_layers"))
        ropes = readLayers(*text, info.layers.size(), file);
    else if (config.is_object() && !find(metadata, "rope_theta"))
        for (std::size_t i = 0; i < info.layers.size(); ++i)
            ropes.push_back(RopeConfig(config).ofLayer(static_cast<std::size_t>(info.layerNumber(i)), info.rope));
    setLayerRopes(info, std::move(ropes));
    for (const RopeInfo& rope : info.layerRopes)
        if (rope.theta && !(std::isfinite(*rope.theta) && *rope.theta > 0))
            throw inputError(file + ": the base of a layer's rotation is " + std::to_string(*rope.theta)
                + "; it must be a finite number above 0.");
}

bool assumeTransformersRope(RopeInfo& rope, const Metadata& metadata, const std::string& file)
{
    const auto* text = find(metadata, "config");
    if (!text || find(metadata, "key_rope") || find(metadata, "rope_layout"))
        return false;
    const Json config = parseJson(*text, file + ": metadata config");
    const auto layout = config.is_object() ? transformersLayout(RopeConfig(config).modelType()) : std::nullopt;
    if (!layout)
        return false;
    rope.state = RopeInfo::State::Post;
    rope.layout = *layout;
    return true;
}

std::map<std::string, std::string> ropeToMetadata(const CacheInfo& info)
{
    Metadata metadata = ownWords(info.rope);
    if (info.layerRopes.empty())
        return metadata;
    Json list = Json::array();
    for (const RopeInfo& rope : info.layerRopes)
        list.push_back(ownWords(rope));
    metadata["rope_layers"] = list.dump();
    return metadata;
}

} // namespace pikv
