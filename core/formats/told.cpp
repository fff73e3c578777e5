// SPDX-License-Identifier: GPL-3.0-or-later
// The list of what can be told, and how it changes what a reader found.
#include "core/formats/told.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/formats/ropeconfig.h"
#include "core/formats/toldvalues.h"
#include <algorithm>
#include <charconv>

namespace pikv {
namespace {

void requireOneOf(const std::string& text, const char* first, const char* second)
{
    if (text != first && text != second)
        throw usageError(inQuotes(text) + " is neither " + first + " nor " + second);
}

constexpr std::int64_t widestHead = 1 << 16;

std::int64_t headDimIn(const std::string& text)
{
    std::int64_t dim = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
    return error != std::errc() || end != text.data() + text.size() || dim < 1 || dim > widestHead ? 0 : dim;
}

/// Channels that rotate: a pair at least. 0 where the text is no such number.
int ropeDimIn(const std::string& text)
{
    const std::int64_t dim = headDimIn(text);
    return dim % 2 == 0 ? static_cast<int>(dim) : 0;
}

/// A reader of metadata has the rule.
void checkScaling(const std::string& text)
{
    CacheInfo scratch;
    try {
        acceptRope(scratch, { { "rope_scaling", text } }, "the rule");
    } catch (const Error&) {
        scratch.rope.scaling.clear();
    }
    if (text != "none" && (scratch.rope.scaling.empty() || scratch.rope.scaling == "none"))
        throw usageError(inQuotes(text) + " is neither none nor a JSON object with rope_type, as a config.json has it");
}

std::vector<ToldEntry> makeEntries()
{
    std::vector<ToldEntry> entries {
        { .id = "map",
            .type = "MAPPING",
            .help = "Which tensors are keys and values, and their axes: key=NAME,value=NAME,axes=… or kv=NAME,axes=…, "
                    "{layer} in a name for its number; axes alone where the names are usual",
            .check = [](const std::string& text) { (void)parseMapping(text); },
            .phrase = [](const std::string& text) { return "tensors " + text; } },
        { .id = "part",
            .type = "ID",
            .title = "Cache",
            .help = "Which of several caches in the file: a sequence of a llama.cpp session, a group of layers, "
                    "cross-attention, …",
            .alias = "sequence",
            .check =
                [](const std::string& text) {
                    if (text.empty())
                        throw usageError("it is empty");
                },
            .phrase = [](const std::string& text) { return "part " + inQuotes(text); } },
        { .id = "head-dim",
            .type = "N",
            .title = "head_dim",
            .help = "Channels of a head where the file gives all heads' together",
            .check =
                [](const std::string& text) {
                    if (headDimIn(text) == 0)
                        throw usageError(inQuotes(text) + " is no number from 1 to " + std::to_string(widestHead));
                },
            .phrase = [](const std::string& text) { return "head_dim " + text; } },
        { .id = "attention",
            .type = "KIND",
            .title = "Attention",
            .help = "Whose keys and values they are: the tokens' own (self), or an encoder's that every token of a "
                    "decoder sees (cross)",
            .choices = { { "self", "self-attention" }, { "cross", "cross-attention" } },
            .check = [](const std::string& text) { requireOneOf(text, "self", "cross"); },
            .phrase = [](const std::string& text) { return text + "-attention"; } },
        { .id = "token-ids",
            .type = "IDS",
            .title = "Token ids",
            .help
            = "Token ids of all rows, one sequence after the other: 5,6,7, or a file of such a text or a NumPy array",
            .check =
                [](const std::string& text) {
                    if (isIdList(text)) // a file is read when it is needed
                        (void)readTokenIds(text);
                },
            .phrase = [](const std::string& text) -> std::string {
                return isIdList(text) ? countText(readTokenIds(text).size(), "token id") : "token ids of " + text;
            },
            .kept = keptTokenIds },
        { .id = "keys",
            .type = "STATE",
            .title = "Keys",
            .help = "Whether keys are stored after the rotation (RoPE): rotated, or plain",
            .choices = { { "rotated", "rotated" }, { "plain", "not rotated" } },
            .check = [](const std::string& text) { requireOneOf(text, "rotated", "plain"); },
            .phrase = [](const std::string& text) -> std::string {
                return text == "plain" ? "keys not rotated" : "keys rotated";
            } },
        { .id = "rope-layout",
            .type = "LAYOUT",
            .title = "RoPE layout",
            .help = "Channels that rotate together: half (i, i + d/2) or interleaved (2i, 2i + 1)",
            .choices = { { "half", "halves (i, i + d/2)" }, { "interleaved", "neighbours (2i, 2i + 1)" } },
            .check = [](const std::string& text) { requireOneOf(text, "half", "interleaved"); },
            .phrase = [](const std::string& text) { return text + " layout"; } },
        { .id = "rope-theta",
            .type = "BASE",
            .title = "RoPE base",
            .help = "Base of the rotation's frequencies; by layer as 10000,5-/6:1000000, which is 10000 but in layer 5 "
                    "and every sixth behind it",
            .check = [](const std::string& text) { (void)parseBases(text); },
            .phrase = [](const std::string& text) { return "base " + text; } },
        { .id = "rope-dim",
            .type = "N",
            .title = "Rotated channels",
            .help = "Channels of a head that rotate, the first ones, where not all do",
            .check =
                [](const std::string& text) {
                    if (ropeDimIn(text) == 0)
                        throw usageError(inQuotes(text) + " is no even number from 2 to " + std::to_string(widestHead));
                },
            .phrase = [](const std::string& text) { return text + " channels rotated"; } },
        { .id = "rope-scaling",
            .type = "RULE",
            .title = "RoPE scaling",
            .help = "Scaling of the rotation: none, or the rule in JSON as config.json has it",
            .choices = { { "none", "none" } },
            .check = checkScaling,
            .phrase = [](const std::string& text) -> std::string {
                return text == "none" ? "no scaling" : "scaling " + text;
            } },
        { .id = "model-name",
            .type = "TEXT",
            .title = "Model name",
            .help = "Name of the model",
            .check =
                [](const std::string& text) {
                    if (text.empty() || !isUtf8(text))
                        throw usageError("it is empty, or not UTF-8");
                },
            .phrase = [](const std::string& text) { return "model " + text; } },
    };
    return entries;
}

std::string find(const Told& told, const char* id)
{
    const auto at = told.find(id);
    return at == told.end() ? std::string() : at->second;
}

/// Layers that a model leaves unrotated stay so where others are known to be rotated.
void tellRotated(CacheInfo& info)
{
    if (info.rope.state == RopeInfo::State::Unknown && !info.config.empty()) {
        const RopeInfo known = info.rope; // the configuration says which layers do not rotate
        acceptRope(info, { { "config", info.config }, { "key_rope", "post" } }, info.path);
        info.rope.layout = known.layout;
        for (RopeInfo& rope : info.layerRopes)
            rope.layout = known.layout;
        return;
    }
    const bool isMixed = info.rope.state == RopeInfo::State::Post;
    for (RopeInfo& rope : info.layerRopes)
        if (!isMixed || rope.state == RopeInfo::State::Unknown)
            rope.state = RopeInfo::State::Post;
    info.rope.state = RopeInfo::State::Post;
}

void tellAttention(CacheInfo& info, const std::string& kind)
{
    if (!kind.empty())
        setCross(info, kind == "cross");
}

void tellTokenIds(CacheInfo& info, std::vector<std::int64_t> ids, const std::string& file)
{
    const auto rows = static_cast<std::size_t>(info.batch() * info.seq());
    if (ids.size() != rows)
        throw inputError(file + ": --token-ids gives " + countText(ids.size(), "id") + " where "
            + countText(static_cast<std::uint64_t>(info.batch()), "sequence") + " of "
            + countText(static_cast<std::uint64_t>(info.seq()), "row") + " need " + std::to_string(rows) + ".");
    info.tokenIds = std::move(ids);
}

void tellRopeDim(CacheInfo& info, int dim, const std::string& file)
{
    for (std::size_t i = 0; i < info.layers.size(); ++i)
        if (dim > info.layers[i].keyDim)
            throw inputError(file + ": --rope-dim is " + std::to_string(dim) + " where a key of layer "
                + std::to_string(info.layerNumber(i)) + " has " + std::to_string(info.layers[i].keyDim) + " channels.");
    info.rope.dim = dim;
    for (RopeInfo& rope : info.layerRopes)
        rope.dim = dim;
}

void tellBases(CacheInfo& info, const std::vector<ToldBase>& bases, const std::string& file)
{
    std::vector<RopeInfo> ropes
        = info.layerRopes.empty() ? std::vector(info.layers.size(), info.rope) : info.layerRopes;
    for (const ToldBase& told : bases) {
        bool isThere = told.isOfAll();
        for (std::size_t i = 0; i < ropes.size(); ++i)
            if (told.covers(info.layerNumber(i))) {
                ropes[i].theta = told.base;
                isThere = true;
            }
        if (!isThere)
            throw inputError(file + ": --rope-theta names layers from " + std::to_string(told.first)
                + " on, of which it has none; its last one is "
                + std::to_string(info.layerNumber(info.layers.size() - 1)) + ".");
        if (told.isOfAll())
            info.rope.theta = told.base;
    }
    setLayerRopes(info, std::move(ropes));
}

} // namespace

const std::vector<ToldEntry>& toldEntries()
{
    static const std::vector<ToldEntry> entries = makeEntries();
    return entries;
}

void checkTold(const Told& told)
{
    for (const auto& said : told) {
        const std::string& id = said.first; // no structured binding: Clang 14 lets no lambda capture one
        const auto entry
            = std::find_if(toldEntries().begin(), toldEntries().end(), [&](const ToldEntry& e) { return e.id == id; });
        if (entry == toldEntries().end())
            throw usageError(inQuotes(id) + " is nothing that can be told of a dump");
        try {
            entry->check(said.second);
        } catch (const Error& error) {
            throw usageError("--" + id + ": " + error.what());
        }
    }
}

std::string toldText(const Told& told)
{
    std::string text;
    for (const ToldEntry& entry : toldEntries())
        if (const auto at = told.find(entry.id); at != told.end())
            text += (text.empty() ? "" : ", ") + entry.phrase(at->second);
    return text;
}

std::optional<DumpMapping> toldMapping(const Told& told)
{
    const std::string text = find(told, "map");
    return text.empty() ? std::nullopt : std::optional(parseMapping(text));
}

std::int64_t toldHeadDim(const Told& told) { return headDimIn(find(told, "head-dim")); }

std::string toldPart(const Told& told) { return find(told, "part"); }

std::vector<std::int64_t> toldTokenIds(const Told& told)
{
    const std::string text = find(told, "token-ids");
    return text.empty() ? std::vector<std::int64_t>() : readTokenIds(text);
}

Told withTold(Told before, const Told& now)
{
    if (now.contains("map"))
        for (const char* id : { "map", "part", "head-dim" })
            before.erase(id);
    if (now.contains("part"))
        for (const char* id : { "attention", "token-ids" })
            before.erase(id);
    for (const auto& [id, text] : now)
        if (text.empty())
            before.erase(id);
        else
            before[id] = text;
    return before;
}

Told keptTold(Told told)
{
    for (const ToldEntry& entry : toldEntries())
        if (const auto at = told.find(entry.id); at != told.end() && entry.kept)
            at->second = entry.kept(at->second);
    return told;
}

void acceptTold(CacheInfo& info, const Told& told, const std::string& file)
{
    if (!toldPart(told).empty() && info.parts.empty())
        throw inputError(file + " holds one cache: there is no part to choose; leave --part out.");
    if (toldHeadDim(told) > 0 && info.headDims.empty())
        throw inputError(file + " says how many heads it has: leave --head-dim out, or name the axes with --map.");
    tellAttention(info, find(told, "attention"));
    if (std::vector<std::int64_t> ids = toldTokenIds(told); !ids.empty())
        tellTokenIds(info, std::move(ids), file);
    if (const std::string keys = find(told, "keys"); keys == "rotated")
        tellRotated(info);
    else if (keys == "plain") {
        info.rope.state = RopeInfo::State::Pre;
        for (RopeInfo& rope : info.layerRopes)
            rope.state = RopeInfo::State::Pre;
    }
    const std::string layout = find(told, "rope-layout"), scaling = find(told, "rope-scaling");
    const auto correct = [&](RopeInfo& rope) {
        if (!layout.empty())
            rope.layout = layout == "half" ? RopeInfo::Layout::Half : RopeInfo::Layout::Interleaved;
        if (!scaling.empty())
            rope.scaling = scaling;
    };
    correct(info.rope);
    for (RopeInfo& rope : info.layerRopes)
        correct(rope);
    if (const int dim = ropeDimIn(find(told, "rope-dim")); dim > 0)
        tellRopeDim(info, dim, file);
    if (const std::string bases = find(told, "rope-theta"); !bases.empty())
        tellBases(info, parseBases(bases), file);
    if (const std::string name = find(told, "model-name"); !name.empty())
        info.model = name;
    info.told = told;
}

std::size_t choosePart(CacheInfo& info, std::vector<DumpPart> parts, std::size_t usual, const std::string& why,
    const Told& told, const std::string& file)
{
    std::size_t chosen = usual;
    if (const std::string id = toldPart(told); !id.empty()) {
        const auto at = std::find_if(parts.begin(), parts.end(), [&](const DumpPart& part) { return part.id == id; });
        if (at == parts.end()) {
            constexpr std::size_t mostNamed = 12;
            std::string names;
            for (std::size_t i = 0; i < std::min(mostNamed, parts.size()); ++i)
                names += (i ? "; " : "") + parts[i].id + ": " + parts[i].label;
            throw inputError(file + ": it has no part " + inQuotes(id) + "; it has " + names
                + (parts.size() > mostNamed ? "; …" : "") + ".");
        }
        chosen = static_cast<std::size_t>(at - parts.begin());
    } else {
        info.notes.push_back("the file holds " + std::to_string(parts.size()) + " caches: " + parts[usual].label
            + " is read" + (why.empty() ? "" : ", " + why));
    }
    info.part = parts[chosen].id;
    info.parts = std::move(parts);
    return chosen;
}

} // namespace pikv
