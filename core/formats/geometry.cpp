// SPDX-License-Identifier: GPL-3.0-or-later
// Heads, tokens and layers as the configuration beside a dump has them: swapped axes and repeated heads are told from
// it, and what fits neither is said.
#include "core/formats/geometry.h"
#include "core/base/text.h"
#include "core/formats/jsontext.h"
#include <algorithm>
#include <cstring>

namespace pikv {
namespace {

std::optional<std::int64_t> count(const nlohmann::json& config, const char* key)
{
    const auto at = config.find(key);
    if (at == config.end() || !at->is_number_integer() || *at < 1 || *at > maxDimension)
        return {};
    return at->get<std::int64_t>();
}

/// Falcon and GPTBigCode say so, beside a number of heads that means nothing then.
bool sharesOneHead(const nlohmann::json& config)
{
    const auto is = [&](const char* key) {
        const auto at = config.find(key);
        return at != config.end() && at->is_boolean() && at->get<bool>();
    };
    return is("multi_query") && !is("new_decoder_architecture");
}

bool among(const std::vector<std::int64_t>& list, std::int64_t number)
{
    return std::find(list.begin(), list.end(), number) != list.end();
}

void swapSeqAndHeads(FoundLayer& layer)
{
    for (auto* tensor : { &layer.key, &layer.value })
        (*tensor)->swapAxes(1, 2);
}

bool isRank4(const FoundLayer& layer)
{
    return layer.key && layer.value && layer.key->shape.size() == 4 && layer.value->shape.size() == 4;
}

/// How often every head of the layers is stored, where the configuration names fewer; 1 where the heads differ.
std::int64_t repeatsOf(const DumpLayout& layout, std::int64_t kvHeads, const ByteSource& file)
{
    const LayerEntries& first = layout.layers.front();
    const LayerShape& shape = layout.info.layers.front();
    const auto fits = [&](const LayerEntries& entries) { return !entries.key.decode && !entries.keep; };
    const auto sameHeads = [&](const LayerShape& other) { return other.kvHeads == shape.kvHeads; };
    if (shape.kvHeads <= kvHeads || shape.kvHeads % kvHeads != 0
        || !std::all_of(layout.layers.begin(), layout.layers.end(), fits)
        || !std::all_of(layout.info.layers.begin(), layout.info.layers.end(), sameHeads))
        return 1;
    const std::int64_t repeats = shape.kvHeads / kvHeads;
    const Bytes keys = readElements(layout.fileOf(first.key, file), first.key);
    const std::size_t head = keys.size() / static_cast<std::size_t>(shape.batch * shape.kvHeads);
    for (std::size_t at = 0; at < keys.size(); at += head) {
        const std::size_t original = at - at / head % static_cast<std::size_t>(repeats) * head;
        if (std::memcmp(keys.data() + at, keys.data() + original, head) != 0)
            return 1;
    }
    return repeats;
}

} // namespace

ModelGeometry geometryFromMetadata(const std::map<std::string, std::string>& metadata, const std::string& file)
{
    const auto at = metadata.find("config");
    if (at == metadata.end())
        return {};
    const nlohmann::json root = parseJson(at->second, file + ": metadata config");
    if (!root.is_object())
        throw inputError(file + ": metadata config is not a JSON object.");
    const auto text = root.find("text_config");
    const nlohmann::json& config = text != root.end() && text->is_object() ? *text : root;
    ModelGeometry geometry { count(config, "num_hidden_layers"), count(config, "num_key_value_heads"),
        count(config, "head_dim"), {}, {}, count(config, "kv_lora_rank"), count(config, "qk_rope_head_dim") };
    for (const char* key : { "num_global_key_value_heads", "swa_num_key_value_heads" })
        if (const auto other = count(config, key))
            geometry.otherKvHeads.push_back(*other);
    for (const char* key : { "global_head_dim", "attention_head_dim", "swa_head_dim", "qk_head_dim" })
        if (const auto other = count(config, key))
            geometry.otherHeadDims.push_back(*other);
    if (const auto unrotated = count(config, "qk_nope_head_dim"); unrotated && geometry.rotatedDim)
        geometry.otherHeadDims.push_back(*unrotated + *geometry.rotatedDim);
    const auto heads = count(config, "num_attention_heads"), hidden = count(config, "hidden_size");
    if (!geometry.kvHeads && sharesOneHead(config))
        geometry.kvHeads = 1;
    if (!geometry.kvHeads)
        geometry.kvHeads = count(config, "num_kv_heads");
    if (!geometry.kvHeads)
        geometry.kvHeads = heads;
    if (!geometry.headDim && heads && hidden && *hidden % *heads == 0)
        geometry.headDim = *hidden / *heads;
    return geometry;
}

void settleAxes(
    std::map<std::uint64_t, FoundLayer>& found, const ModelGeometry& geometry, std::int64_t ids, CacheInfo& info)
{
    constexpr std::int64_t fewTokens = 16; // heads that outnumber so few tokens are worth a word
    std::string swapped, doubtful;
    for (auto& [index, layer] : found) {
        if (!isRank4(layer))
            continue;
        const std::int64_t heads = layer.key->shape[1], seq = layer.key->shape[2];
        const bool byConfig = geometry.kvHeads && heads != *geometry.kvHeads && seq == *geometry.kvHeads;
        const bool byIds = !geometry.kvHeads && ids > 0 && heads == ids && seq != ids;
        if (byConfig || byIds) {
            swapped = byConfig ? "its config names " + std::to_string(seq) + " KV heads"
                               : "there are " + std::to_string(ids) + " token ids";
            swapSeqAndHeads(layer);
        } else if (!geometry.kvHeads && heads > seq && seq <= fewTokens) {
            doubtful = std::to_string(heads) + " KV heads of " + countText(static_cast<std::uint64_t>(seq), "token");
        }
    }
    if (!swapped.empty())
        info.notes.push_back("keys and values are read as [batch, seq, kv_heads, head_dim]: " + swapped);
    if (!doubtful.empty())
        info.notes.push_back("keys and values are read as [batch, kv_heads, seq, head_dim], which makes " + doubtful
            + "; if it is the other way round, transpose them before saving");
}

void settleGeometry(DumpLayout& layout, const ModelGeometry& geometry, const ByteSource& file)
{
    CacheInfo& info = layout.info;
    const std::int64_t repeats = geometry.kvHeads ? repeatsOf(layout, *geometry.kvHeads, file) : 1;
    if (repeats > 1)
        info.notes.push_back("each of the " + std::to_string(*geometry.kvHeads)
            + " KV heads that its config names is stored " + std::to_string(repeats)
            + " times (repeat_kv): they are read, and counted, once");
    std::string told;
    for (std::size_t i = 0; i < info.layers.size(); ++i) {
        LayerShape& shape = info.layers[i];
        layout.layers[i].repeats = repeats;
        shape.kvHeads /= repeats;
        if (geometry.kvHeads && shape.kvHeads != *geometry.kvHeads && !among(geometry.otherKvHeads, shape.kvHeads))
            told = std::to_string(shape.kvHeads) + " KV heads where its config names "
                + std::to_string(*geometry.kvHeads);
        if (geometry.headDim && shape.keyDim != *geometry.headDim && !among(geometry.otherHeadDims, shape.keyDim))
            told = "a head_dim of " + std::to_string(shape.keyDim) + " where its config names "
                + std::to_string(*geometry.headDim);
    }
    if (!told.empty())
        info.notes.push_back("the dump has " + told);
    const auto last = static_cast<std::int64_t>(info.layerNumber(info.layers.size() - 1)) + 1;
    if (geometry.layers && last > *geometry.layers)
        info.notes.push_back("the dump has a layer " + std::to_string(last - 1) + " where its config names "
            + countText(static_cast<std::uint64_t>(*geometry.layers), "layer"));
    else if (geometry.layers && info.layerNumbers.empty() && last < *geometry.layers)
        info.notes.push_back("the dump has the first " + std::to_string(last) + " of the "
            + std::to_string(*geometry.layers) + " layers that its config names");
}

} // namespace pikv
