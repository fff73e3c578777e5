// SPDX-License-Identifier: GPL-3.0-or-later
// Safetensors dumps with names that people gave by hand: each name is cut into words, and the words say layer, key or
// value.
#include "core/formats/genericdump.h"
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/geometry.h"
#include "core/formats/layercheck.h"
#include "core/formats/nativedump.h"
#include <algorithm>
#include <array>
#include <charconv>

namespace pikv {
namespace {

struct Word {
    std::string text;
    std::optional<std::uint64_t> number;
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
            words.push_back({ std::string(name.substr(i, end - i)), number });
        } else if (isLetter(name[i])) {
            while (end < name.size() && isLetter(name[end]))
                ++end;
            std::string text(name.substr(i, end - i));
            std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c < 'a' ? char(c + 32) : c; });
            words.push_back({ std::move(text), {} });
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

struct Meaning {
    std::optional<StoredTensor> FoundLayer::*role = nullptr; ///< null: neither key nor value
    std::optional<std::uint64_t> layer; ///< none: all layers stacked
    bool isScale = false; ///< factors of the key or value, not the tensor itself
};

Meaning meaningOf(std::string_view name)
{
    std::vector<Word> words = wordsOf(name);
    if (words.size() == 2 && words[0].number && words[1].number && *words[1].number < 2)
        return { *words[1].number == 0 ? &FoundLayer::key : &FoundLayer::value, words[0].number };
    for (std::size_t i = 0; i + 3 < words.size(); ++i)
        if (words[i].text == "past" && among(words[i + 1].text, keyWords) && words[i + 2].text == "values") {
            words.erase(words.begin() + std::ptrdiff_t(i), words.begin() + std::ptrdiff_t(i) + 3);
            break;
        }
    Meaning meaning;
    std::size_t keys = 0, values = 0, numbers = 0;
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
        } else if (!among(word.text, layerWords) && !among(word.text, otherWords)) {
            return {};
        }
    }
    if (keys + values == 1 && numbers <= 1)
        meaning.role = keys ? &FoundLayer::key : &FoundLayer::value;
    return meaning;
}

/// Part `index` of a tensor cut along its first axis.
TensorEntry slice(const TensorEntry& whole, std::int64_t index)
{
    TensorEntry part = whole;
    part.name += "[" + std::to_string(index) + "]";
    part.shape.erase(part.shape.begin());
    part.bytes = whole.bytes / static_cast<std::uint64_t>(whole.shape.front());
    part.begin += part.bytes * static_cast<std::uint64_t>(index);
    return part;
}

TensorEntry withBatch(TensorEntry entry)
{
    if (entry.shape.size() == 3)
        entry.shape.insert(entry.shape.begin(), 1);
    return entry;
}

std::int64_t layersIn(const TensorEntry& stacked, const std::string& file)
{
    const std::int64_t count = stacked.shape.front();
    if (count < 1 || count > std::int64_t(maxLayerCount))
        throw inputError(file + ": tensor " + inQuotes(stacked.name) + " " + shapeText(stacked.shape) + " stacks "
            + std::to_string(count) + " layers, outside 1 to " + std::to_string(maxLayerCount) + ".");
    return count;
}

void place(std::map<std::uint64_t, FoundLayer>& found, const TensorEntry& entry, const std::string& file)
{
    const Meaning meaning = meaningOf(entry.name);
    if (!meaning.role)
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
            placeEntry(found, static_cast<std::uint64_t>(i), meaning.role, withBatch(slice(entry, i)), file);
    }
}

/// One tensor that holds keys and values side by side: how its last axis is to be cut, it does not say.
void refusePacked(const SafetensorsHeader& header, bool nothingFound, const std::string& file)
{
    for (const TensorEntry& entry : header.tensors) {
        const std::vector<Word> words = wordsOf(entry.name);
        const bool both = std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text == "kv"; });
        const bool other = std::all_of(words.begin(), words.end(),
            [](const Word& w) { return w.number || among(w.text, layerWords) || among(w.text, otherWords); });
        if (nothingFound && both && other && entry.shape.size() >= 3)
            throw inputError(file + ": tensor " + inQuotes(entry.name) + " " + shapeText(entry.shape)
                + " holds keys and values together, and does not say how; save them apart: where the last axis is keys "
                  "and "
                  "then values, layers.<i>.key is its first half, t[..., :t.shape[-1] // 2], and layers.<i>.value its "
                  "second.");
    }
}

const FormatRegistration registration { { .id = "safetensors",
    .label = "key and value tensors (safetensors)",
    .patterns = { "*.safetensors" },
    .tells = "what its metadata says in the native dump's words, and token ids, positions, mask and importance where "
             "their shapes fit",
    .rank = 2, // what none of the others claims
    .detect = [](const FormatProbe& probe) { return probe.safetensors() != nullptr; },
    .read = [](const FormatProbe& probe) { return readGenericDump(probe.file(), *probe.safetensors()); } } };

} // namespace

DumpLayout readGenericDump(const ByteSource& file, const SafetensorsHeader& header)
{
    DumpLayout layout;
    layout.info.format = "key and value tensors (safetensors)";
    std::map<std::uint64_t, FoundLayer> found;
    for (const TensorEntry& entry : header.tensors) {
        if (entry.shape.size() == 6 && header.tensors.size() == 1 && entry.shape[1] == 2) {
            for (std::int64_t i = 0, count = layersIn(entry, file.name()); i < count; ++i) {
                const TensorEntry pair = slice(entry, i);
                placeEntry(found, static_cast<std::uint64_t>(i), &FoundLayer::key, slice(pair, 0), file.name());
                placeEntry(found, static_cast<std::uint64_t>(i), &FoundLayer::value, slice(pair, 1), file.name());
            }
        } else {
            place(found, entry, file.name());
        }
    }
    refusePacked(header, found.empty(), file.name());
    if (found.empty())
        throw inputError(file.name() + ": none of its " + countText(header.tensors.size(), "tensor")
            + " is named like a key or value (layers.0.key, past_key_values.0.value, …); write a dump with "
              "resources/exporters/dump_hf.py.");
    const ModelGeometry geometry = geometryFromMetadata(header.metadata, file.name());
    const TensorEntry* ids = header.find("input_ids");
    settleAxes(found, geometry, ids && !ids->shape.empty() ? ids->shape.back() : 0, layout.info);
    applyScales(found, file, layout.info);
    acceptLayers(layout, found, file.name());
    settleGeometry(layout, geometry);
    acceptCompanions(layout, file, header, false);
    acceptMetadata(layout.info, header, file.name());
    return layout;
}

} // namespace pikv
