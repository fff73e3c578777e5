// SPDX-License-Identifier: GPL-3.0-or-later
// What people save beside a cache: token ids, masks, the model's name and configuration, the text.
#include "core/formats/pickledwords.h"
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Kind = PickleValue::Kind;
using Json = nlohmann::json;

constexpr int maxJsonDepth = 32;
constexpr std::size_t maxJsonValues = 100'000, maxWords = 1024;

struct Alias {
    std::string_view said;
    const char* meant;
};
constexpr std::array companionNames { Alias { "input_ids", "input_ids" }, Alias { "token_ids", "input_ids" },
    Alias { "tokens", "input_ids" }, Alias { "ids", "input_ids" }, Alias { "attention_mask", "attention_mask" },
    Alias { "decoder_input_ids", "decoder_input_ids" }, Alias { "decoder_attention_mask", "decoder_attention_mask" },
    Alias { "positions", "positions" }, Alias { "position_ids", "positions" }, Alias { "importance", "importance" } };
constexpr std::array wordNames { Alias { "model_name", "model" }, Alias { "model_id", "model" },
    Alias { "model_name_or_path", "model" }, Alias { "prompt", "text" }, Alias { "model_config", "config" } };

template <std::size_t N>
const char* meant(std::string_view said, const std::array<Alias, N>& names)
{
    const auto at = std::find_if(names.begin(), names.end(), [&](const Alias& a) { return a.said == said; });
    return at == names.end() ? nullptr : at->meant;
}

/// A configuration as JSON. What a pickle repeats by reference would be written again and again: the number of values
/// is bounded, and what goes beyond is null.
class JsonWriter {
public:
    explicit JsonWriter(const PickleTree& tree)
        : m_tree(tree)
    {
    }
    Json write(const PickleValue& value, int depth = 0)
    {
        if (depth == maxJsonDepth || ++m_values > maxJsonValues)
            return nullptr;
        switch (value.kind) {
        case Kind::Bool:
            return value.integer != 0;
        case Kind::Int:
            return value.integer;
        case Kind::Float:
            return value.number;
        case Kind::Text:
            return std::string(m_tree.text(value));
        case Kind::Name:
            return std::string(m_tree.node(value).name); // torch.float16
        case Kind::Tuple:
        case Kind::List: {
            Json list = Json::array();
            for (const PickleValue& item : m_tree.node(value).items) {
                if (m_values > maxJsonValues)
                    break;
                list.push_back(write(item, depth + 1));
            }
            return list;
        }
        case Kind::Dict:
        case Kind::Record:
            return object(value.kind == Kind::Record ? m_tree.node(value).state : value, depth);
        default:
            return nullptr;
        }
    }

private:
    Json object(const PickleValue& dict, int depth)
    {
        Json object = Json::object();
        if (dict.kind != Kind::Dict)
            return object;
        const auto& items = m_tree.node(dict).items;
        for (std::size_t i = 0; i + 1 < items.size() && m_values <= maxJsonValues; i += 2)
            if (items[i].kind == Kind::Text)
                object[std::string(m_tree.text(items[i]))] = write(items[i + 1], depth + 1);
        return object;
    }

    const PickleTree& m_tree;
    std::size_t m_values = 0;
};

/// The integers of a list, or of a list of lists of one length; nothing where it is neither.
std::optional<IntegerList> integersOf(const PickleTree& tree, const PickleValue& value, const char* name)
{
    IntegerList list { name, {}, {} };
    const auto append = [&](const PickleValue& row) {
        for (const PickleValue& item : tree.node(row).items) {
            if (item.kind != Kind::Int)
                return false;
            list.values.push_back(item.integer);
        }
        return true;
    };
    const auto& items = tree.node(value).items;
    const auto length = [&](const PickleValue& row) { return tree.node(row).items.size(); };
    const auto isRow = [](const PickleValue& v) { return v.kind == Kind::List || v.kind == Kind::Tuple; };
    constexpr std::size_t maxRows = 4096, maxIntegers = 4'000'000;
    if (!items.empty() && items.size() <= maxRows && std::all_of(items.begin(), items.end(), isRow)) {
        const std::size_t columns = length(items.front());
        list.shape = { static_cast<std::int64_t>(items.size()), static_cast<std::int64_t>(columns) };
        for (const PickleValue& row : items)
            if (length(row) != columns || items.size() * columns > maxIntegers || !append(row))
                return {};
        return list;
    }
    list.shape = { static_cast<std::int64_t>(items.size()) };
    return append(value) ? std::optional(std::move(list)) : std::nullopt;
}

bool has(const PickledCache& cache, const char* name)
{
    const auto named = [&](const auto& x) { return x.name == name; };
    return std::any_of(cache.companions.begin(), cache.companions.end(), named)
        || std::any_of(cache.lists.begin(), cache.lists.end(), named);
}

void takeCompanion(
    PickledCache& cache, const PickleTree& tree, const PickleValue& value, const char* name, const LocateTensor& locate)
{
    if (has(cache, name))
        return;
    if (value.kind == Kind::Tensor)
        cache.companions.push_back(locate(tree.tensor(value), name));
    else if (value.kind == Kind::List || value.kind == Kind::Tuple)
        if (auto list = integersOf(tree, value, name))
            cache.lists.push_back(std::move(*list));
}

/// A word in the metadata's form: text as it is, the rest as JSON. Nothing where it is no word.
std::optional<std::string> wordOf(const PickleTree& tree, const std::string& key, const PickleValue& value)
{
    const bool isObject = value.kind == Kind::Dict || value.kind == Kind::Record;
    if (key == "config" && value.kind == Kind::Text && !tree.text(value).starts_with('{'))
        return {}; // a path, or a name
    if (value.kind == Kind::Text)
        return std::string(tree.text(value));
    const bool isNumber = value.kind == Kind::Bool || value.kind == Kind::Int || value.kind == Kind::Float;
    if (isNumber || (isObject && (key == "config" || key == "rope_scaling")))
        return JsonWriter(tree).write(value).dump(-1, ' ', false, Json::error_handler_t::replace);
    return {};
}

} // namespace

void takeWords(PickledCache& cache, const PickleTree& tree, const PickleValue& dict, const LocateTensor& locate)
{
    const auto& items = tree.node(dict).items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        const std::string_view said = tree.text(items[i]);
        if (said.empty())
            continue;
        if (const char* name = meant(said, companionNames)) {
            takeCompanion(cache, tree, items[i + 1], name, locate);
            continue;
        }
        const char* name = meant(said, wordNames);
        const std::string key = name ? name : std::string(said);
        if (cache.metadata.size() < maxWords && !cache.metadata.contains(key))
            if (auto word = wordOf(tree, key, items[i + 1]))
                cache.metadata[key] = std::move(*word);
    }
}

} // namespace pikv
