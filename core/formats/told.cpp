// SPDX-License-Identifier: GPL-3.0-or-later
// The list of what can be told, and how it changes what a reader found.
#include "core/formats/told.h"
#include "core/base/text.h"
#include "core/formats/ropeconfig.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace pikv {
namespace {

void requireOneOf(const std::string& text, const char* first, const char* second)
{
    if (text != first && text != second)
        throw usageError(inQuotes(text) + " is neither " + first + " nor " + second);
}

std::optional<double> numberIn(const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return {};
    return value;
}

constexpr std::int64_t widestHead = 1 << 16;

std::int64_t headDimIn(const std::string& text)
{
    std::int64_t dim = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
    return error != std::errc() || end != text.data() + text.size() || dim < 1 || dim > widestHead ? 0 : dim;
}

void checkTheta(const std::string& text)
{
    const auto theta = numberIn(text);
    if (!theta || !std::isfinite(*theta) || *theta <= 0)
        throw usageError(inQuotes(text) + " is no finite number above 0");
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
            .help = "Which of several caches in the file: a sequence of a llama.cpp session, a group of layers, …",
            .alias = "sequence",
            .check =
                [](const std::string& text) {
                    if (text.empty())
                        throw usageError("it is empty");
                },
            .phrase = [](const std::string& text) { return "part " + inQuotes(text); } },
        { .id = "head-dim",
            .type = "N",
            .help = "Channels of a head where the file gives all heads' together",
            .check =
                [](const std::string& text) {
                    if (headDimIn(text) == 0)
                        throw usageError(inQuotes(text) + " is no number from 1 to " + std::to_string(widestHead));
                },
            .phrase = [](const std::string& text) { return "head_dim " + text; } },
        { .id = "keys",
            .type = "STATE",
            .help = "Whether keys are stored after the rotation (RoPE): rotated, or plain",
            .check = [](const std::string& text) { requireOneOf(text, "rotated", "plain"); },
            .phrase = [](const std::string& text) -> std::string {
                return text == "plain" ? "keys not rotated" : "keys rotated";
            } },
        { .id = "rope-layout",
            .type = "LAYOUT",
            .help = "Channels that rotate together: half (i, i + d/2) or interleaved (2i, 2i + 1)",
            .check = [](const std::string& text) { requireOneOf(text, "half", "interleaved"); },
            .phrase = [](const std::string& text) { return text + " layout"; } },
        { .id = "rope-theta",
            .type = "N",
            .help = "Base of the rotation's frequencies",
            .check = checkTheta,
            .phrase = [](const std::string& text) { return "base " + text; } },
        { .id = "rope-scaling",
            .type = "RULE",
            .help = "Scaling of the rotation: none, or the rule in JSON as config.json has it",
            .check = checkScaling,
            .phrase = [](const std::string& text) -> std::string {
                return text == "none" ? "no scaling" : "scaling " + text;
            } },
        { .id = "model-name",
            .type = "TEXT",
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

void acceptTold(CacheInfo& info, const Told& told, const std::string& file)
{
    if (!toldPart(told).empty() && info.parts.empty())
        throw inputError(file + " holds one cache: there is no part to choose; leave --part out.");
    if (toldHeadDim(told) > 0 && info.headDims.empty())
        throw inputError(file + " says how many heads it has: leave --head-dim out, or name the axes with --map.");
    if (const std::string keys = find(told, "keys"); keys == "rotated")
        tellRotated(info);
    else if (keys == "plain") {
        info.rope.state = RopeInfo::State::Pre;
        for (RopeInfo& rope : info.layerRopes)
            rope.state = RopeInfo::State::Pre;
    }
    const std::string layout = find(told, "rope-layout"), scaling = find(told, "rope-scaling");
    const auto theta = numberIn(find(told, "rope-theta"));
    const auto correct = [&](RopeInfo& rope) {
        if (!layout.empty())
            rope.layout = layout == "half" ? RopeInfo::Layout::Half : RopeInfo::Layout::Interleaved;
        if (theta)
            rope.theta = theta;
        if (!scaling.empty())
            rope.scaling = scaling;
    };
    correct(info.rope);
    for (RopeInfo& rope : info.layerRopes)
        correct(rope);
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
