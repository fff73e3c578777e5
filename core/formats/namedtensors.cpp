// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors with names that people gave by hand: each name is cut into words, and the words say layer, key or value.
#include "core/formats/namedtensors.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/formats/decodercaches.h"
#include "core/formats/dumpmapping.h"
#include "core/formats/geometry.h"
#include "core/formats/latentcache.h"
#include "core/formats/nativedump.h"
#include <algorithm>
#include <array>
#include <charconv>

namespace pikv {
namespace {

struct Word {
    std::string text;
    std::optional<std::uint64_t> number;
    std::size_t begin = 0; ///< in the name
};

/// "past_key_values.12.Key" → past, key, values, 12, key.
std::vector<Word> wordsOf(std::string_view name)
{
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    const auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    std::vector<Word> words;
    for (std::size_t i = 0; i < name.size();) {
        std::size_t end = i;
        if (isDigit(name[i])) {
            while (end < name.size() && isDigit(name[end]))
                ++end;
            std::uint64_t number = maxLayerCount;
            std::from_chars(name.data() + i, name.data() + end, number);
            words.push_back({ std::string(name.substr(i, end - i)), number, i });
        } else if (isLetter(name[i])) {
            while (end < name.size() && isLetter(name[end]))
                ++end;
            std::string text(name.substr(i, end - i));
            std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c < 'a' ? char(c + 32) : c; });
            words.push_back({ std::move(text), {}, i });
        } else {
            end = i + 1;
        }
        i = end;
    }
    return words;
}

template <std::size_t N>
bool among(const std::string& text, const std::array<const char*, N>& list)
{
    return std::find(list.begin(), list.end(), text) != list.end();
}
constexpr std::array keyWords { "k", "key", "keys" };
constexpr std::array valueWords { "v", "value", "values" };
constexpr std::array scaleWords { "scale", "scales" };
constexpr std::array layerWords { "layer", "layers", "block", "blk", "h", "l" };
constexpr std::array otherWords { "past", "present", "cache", "caches", "kv", "pkv", "model", "self", "attn",
    "attention", "decoder", "states" };
/// ONNX exports of transformers say "past_key_values.0.encoder.key", BART's modules "encoder_attn".
constexpr std::array crossWords { "cross", "crossattention", "encoder" };

struct Meaning {
    std::optional<StoredTensor> FoundLayer::*role = nullptr; ///< null: neither key nor value
    std::optional<std::uint64_t> layer; ///< none: all layers stacked
    bool isScale = false; ///< factors of the key or value, not the tensor itself
    bool isCross = false; ///< of an encoder's tokens
};

/// "past_key_values", which says nothing of the tensor, goes.
void dropPastKeyValues(std::vector<Word>& words)
{
    for (std::size_t i = 0; i + 3 < words.size(); ++i)
        if (words[i].text == "past" && among(words[i + 1].text, keyWords) && words[i + 2].text == "values") {
            words.erase(words.begin() + std::ptrdiff_t(i), words.begin() + std::ptrdiff_t(i) + 3);
            return;
        }
}

Meaning meaningOf(std::string_view name)
{
    std::vector<Word> words = wordsOf(name);
    if (words.size() == 2 && words[0].number && words[1].number && *words[1].number < 2)
        return { *words[1].number == 0 ? &FoundLayer::key : &FoundLayer::value, words[0].number };
    dropPastKeyValues(words);
    Meaning meaning;
    std::size_t keys = 0, values = 0, numbers = 0;
    bool isSelf = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        if (word.number) {
            const bool named = i > 0 && among(words[i - 1].text, layerWords);
            if (named || !meaning.layer)
                meaning.layer = word.number;
            ++numbers;
        } else if (among(word.text, keyWords)) {
            ++keys;
        } else if (among(word.text, valueWords)) {
            ++values;
        } else if (among(word.text, scaleWords)) {
            meaning.isScale = true;
        } else if (among(word.text, crossWords)) {
            meaning.isCross = true;
        } else if (!among(word.text, layerWords) && !among(word.text, otherWords)) {
            return {};
        }
        isSelf = isSelf || word.text == "self";
    }
    if (meaning.isCross && isSelf) // an encoder's own attention, of which there is no cache
        return {};
    if (keys + values == 1 && numbers <= 1)
        meaning.role = keys ? &FoundLayer::key : &FoundLayer::value;
    return meaning;
}

StoredTensor withBatch(StoredTensor entry)
{
    if (entry.shape.size() == 3)
        entry.addAxis();
    return entry;
}

std::int64_t layersIn(const StoredTensor& stacked, const std::string& file)
{
    const std::int64_t count = stacked.shape.front();
    if (count < 1 || count > std::int64_t(maxLayerCount))
        throw inputError(file + ": tensor " + inQuotes(stacked.name) + " " + shapeText(stacked.shape) + " stacks "
            + std::to_string(count) + " layers, outside 1 to " + std::to_string(maxLayerCount) + ".");
    return count;
}

void place(std::map<std::uint64_t, FoundLayer>& found, const StoredTensor& entry, bool cross, const std::string& file)
{
    const Meaning meaning = meaningOf(entry.name);
    if (!meaning.role || meaning.isCross != cross)
        return;
    if (meaning.isScale) {
        if (meaning.layer && *meaning.layer < maxLayerCount)
            (meaning.role == &FoundLayer::key ? found[*meaning.layer].keyScale : found[*meaning.layer].valueScale)
                = entry;
        return;
    }
    if (meaning.layer) {
        placeEntry(found, *meaning.layer, meaning.role, withBatch(entry), file);
    } else if (entry.shape.size() == 4 || entry.shape.size() == 5) {
        for (std::int64_t i = 0, count = layersIn(entry, file); i < count; ++i)
            placeEntry(found, static_cast<std::uint64_t>(i), meaning.role, withBatch(entry.part(i)), file);
    }
}

/// Such a tensor holds keys and values side by side: how its last axis is to be cut, it does not say.
void refusePacked(std::span<const StoredTensor> tensors, const std::string& file)
{
    for (const StoredTensor& entry : tensors)
        if (namesBoth(entry.name) && entry.shape.size() >= 3)
            throw inputError(file + ": tensor " + inQuotes(entry.name) + " " + shapeText(entry.shape)
                + " holds keys and values together, and does not say how; save them apart: where the last axis is keys "
                  "and "
                  "then values, layers.<i>.key is its first half, t[..., :t.shape[-1] // 2], and layers.<i>.value its "
                  "second.");
}

/// Tensor [layer, 2, …] cut into its layers.
void placePairs(std::map<std::uint64_t, FoundLayer>& found, const StoredTensor& stacked, const std::string& file)
{
    for (std::int64_t i = 0, count = layersIn(stacked, file); i < count; ++i) {
        const StoredTensor pair = stacked.part(i);
        placeEntry(found, static_cast<std::uint64_t>(i), &FoundLayer::key, withBatch(pair.part(0)), file);
        placeEntry(found, static_cast<std::uint64_t>(i), &FoundLayer::value, withBatch(pair.part(1)), file);
    }
}

} // namespace

bool namesKeyOrValue(std::string_view name) { return meaningOf(name).role != nullptr; }

bool namesBoth(std::string_view name)
{
    const std::vector<Word> words = wordsOf(name);
    return std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text == "kv"; })
        && std::all_of(words.begin(), words.end(),
            [](const Word& w) { return w.number || among(w.text, layerWords) || among(w.text, otherWords); });
}

NameRole nameRole(std::string_view name)
{
    static constexpr std::array keyLike { "k", "key", "keys", "kcache", "keycache", "kc", "ks" };
    static constexpr std::array valueLike { "v", "value", "values", "vcache", "valuecache", "vc", "vs" };
    static constexpr std::array bothLike { "kv", "kvs", "kvcache", "keyvalue" };
    std::vector<Word> words = wordsOf(name);
    dropPastKeyValues(words);
    const auto holds = [&](const auto& list) {
        return std::any_of(words.begin(), words.end(), [&](const Word& word) { return among(word.text, list); });
    };
    const bool isKey = holds(keyLike), isValue = holds(valueLike);
    if (isKey != isValue)
        return isKey ? NameRole::Key : NameRole::Value;
    if (const auto role = meaningOf(name).role) // "3.0" and "3.1"
        return role == &FoundLayer::key ? NameRole::Key : NameRole::Value;
    return isKey || holds(bothLike) ? NameRole::Both : NameRole::None;
}

std::string patternOf(std::string_view name)
{
    const std::vector<Word> words = wordsOf(name);
    const Word* layer = nullptr;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool isNamed = i > 0 && among(words[i - 1].text, layerWords);
        if (words[i].number && (isNamed || !layer))
            layer = &words[i];
        if (isNamed && layer == &words[i])
            break;
    }
    if (!layer)
        return std::string(name);
    return std::string(name).replace(layer->begin, layer->text.size(), layerPlaceholder);
}

void placeStackedPairs(std::map<std::uint64_t, FoundLayer>& found, const StoredTensor& tensor, const std::string& file,
    std::vector<std::string>& notes)
{
    const std::size_t rank = tensor.shape.size();
    if ((rank != 5 && rank != 6) || tensor.shape[1] != 2)
        throw inputError(file + ": its only tensor is " + shapeText(tensor.shape) + " "
            + std::string(dtypeName(tensor.dtype))
            + " where [layer, 2, batch, kv_heads, seq, head_dim] was expected, keys and values as the second axis; "
              "stack "
              "them so, or save them apart by the names layers.0.key, layers.0.value, ….");
    placePairs(found, tensor, file);
    if (rank == 5)
        notes.push_back("the tensor " + shapeText(tensor.shape)
            + " is read as [layer, keys and values, kv_heads, seq, head_dim] of one sequence");
}

void placeNamedTensors(std::map<std::uint64_t, FoundLayer>& found, std::span<const StoredTensor> tensors,
    const Told& told, CacheInfo& info, const std::string& file)
{
    const auto has = [&](bool cross) {
        return std::any_of(tensors.begin(), tensors.end(), [&](const StoredTensor& entry) {
            const Meaning meaning = meaningOf(entry.name);
            return meaning.role && meaning.isCross == cross;
        });
    };
    if (const bool cross = has(true); cross && has(false))
        chooseAttention(info, told, file);
    else
        setCross(info, cross);
    for (const StoredTensor& entry : tensors) {
        if (entry.shape.size() == 6 && tensors.size() == 1 && entry.shape[1] == 2)
            placePairs(found, entry, file);
        else
            place(found, entry, isCross(info), file);
    }
    if (found.empty())
        refusePacked(tensors, file);
}

namespace {

/// Of what there is for each of `seen` tokens the part of the last `seq`.
void keepLast(std::vector<StoredTensor>& companions, std::int64_t seen, std::int64_t seq)
{
    for (StoredTensor& tensor : companions)
        if (!tensor.shape.empty() && tensor.shape.back() == seen && tensor.shape.size() <= 2 && tensor.count() > 0)
            tensor.narrow(tensor.shape.size() - 1, seen - seq, seq);
}

} // namespace

void completeDump(DumpLayout& layout, std::map<std::uint64_t, FoundLayer> found, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata, const ByteSource& file, std::int64_t seen)
{
    ModelGeometry geometry = geometryFromMetadata(metadata, file.name());
    settleLatents(found, geometry, layout.info.notes, file.name());
    std::vector<StoredTensor> own = ownCompanions(layout.info, tensors);
    const auto ids = std::find_if(own.begin(), own.end(), [](const auto& t) { return t.name == "input_ids"; });
    settleAxes(found, geometry, ids != own.end() && !ids->shape.empty() ? ids->shape.back() : 0, layout.info);
    applyScales(found, file, layout);
    acceptLayers(layout, found, file.name());
    settleGeometry(layout, geometry, file);
    CacheInfo& info = layout.info;
    const std::int64_t seq = info.seq();
    if (seen > seq)
        keepLast(own, seen, seq);
    acceptCompanions(layout, file, own, false);
    if (seen > seq) {
        for (std::int64_t row = 0; info.positions.size() < static_cast<std::size_t>(seq) && row < seq; ++row)
            info.positions.push_back(seen - seq + row);
        info.notes.push_back("every layer has a window: the last " + std::to_string(seq) + " of "
            + countText(static_cast<std::uint64_t>(seen), "token") + " are in the dump");
    }
    acceptMetadata(layout.info, metadata, file.name());
}

} // namespace pikv
