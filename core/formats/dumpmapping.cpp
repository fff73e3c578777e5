// SPDX-License-Identifier: GPL-3.0-or-later
// The text form of a mapping, and what can be said of it without a file.
#include "core/formats/dumpmapping.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace pikv {
namespace {

constexpr const char* form = "key=NAME,value=NAME,axes=… or kv=NAME,axes=…";

std::vector<std::string> factorsOf(const std::string& axis) { return splitTopLevel(axis, '*'); }

bool isAxis(const std::string& text)
{
    const auto factors = factorsOf(text);
    return std::all_of(factors.begin(), factors.end(), [](const std::string& factor) {
        return std::find(axisWords().begin(), axisWords().end(), factor) != axisWords().end();
    });
}

std::string wordsText()
{
    std::string text;
    for (const std::string& word : axisWords())
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string nameOf(const std::string& text)
{
    if (!text.starts_with('"'))
        return text;
    const auto name = unquoted(text);
    if (!name)
        throw usageError("the mapping's name " + text + " begins with a quote and does not end with one");
    return *name;
}

std::int64_t countOf(const std::string& key, const std::string& text)
{
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > maxDimension)
        throw usageError("the mapping's " + key + " is " + inQuotes(text) + ", not a number from 1 to 2^31");
    return count;
}

std::size_t placeholdersIn(const std::string& name)
{
    std::size_t count = 0;
    for (std::size_t at = name.find(layerPlaceholder); at != std::string::npos;
         at = name.find(layerPlaceholder, at + 1))
        ++count;
    return count;
}

std::string namesProblem(const DumpMapping& mapping)
{
    if (!mapping.both.empty() && (!mapping.key.empty() || !mapping.value.empty()))
        return "it names keys and values apart and together (kv); one of the two is needed";
    if (mapping.key.empty() != mapping.value.empty())
        return std::string("it names no tensor of ") + (mapping.key.empty() ? "keys" : "values");
    for (const std::string* name : { &mapping.key, &mapping.value, &mapping.both })
        if (placeholdersIn(*name) > 1)
            return "the name " + inQuotes(*name) + " holds {layer} more than once";
    if (!mapping.key.empty() && mapping.key == mapping.value)
        return "keys and values have the same name " + inQuotes(mapping.key)
            + "; a tensor that holds both is named with kv=";
    if (placeholdersIn(mapping.key) != placeholdersIn(mapping.value))
        return "{layer} is in one of the names of keys and values and not in the other";
    return {};
}

/// A product can be taken apart where one of its sizes is unknown, or heads and head_dim, which can be assumed.
std::string productProblem(const DumpMapping& mapping, const std::string& axis)
{
    std::set<std::string> unknown;
    for (const std::string& factor : factorsOf(axis))
        if (factor != "kv" && !(factor == "kv_head" && mapping.kvHeads) && !(factor == "head_dim" && mapping.headDim))
            unknown.insert(factor);
    if (unknown.size() < 2 || unknown == std::set<std::string> { "kv_head", "head_dim" })
        return {};
    return "the axis " + axis + " cannot be taken apart: the sizes of " + *unknown.begin() + " and "
        + *std::next(unknown.begin()) + " in it are unknown";
}

std::string axesProblem(const DumpMapping& mapping)
{
    if (mapping.axes.empty())
        return "it names no axes; they are named from the slowest to the fastest, axes=batch,kv_head,seq,head_dim";
    std::set<std::string> seen;
    for (const std::string& axis : mapping.axes) {
        if (!isAxis(axis))
            return inQuotes(axis) + " is no axis; they are " + wordsText() + ", or several in one, kv_head*head_dim";
        for (const std::string& factor : factorsOf(axis))
            if (!seen.insert(factor).second)
                return "the axis " + factor + " is named twice";
        if (const std::string problem = productProblem(mapping, axis); !problem.empty())
            return problem;
    }
    for (const char* needed : { "seq", "head_dim" })
        if (!seen.contains(needed))
            return std::string("no axis is ") + needed + ", which every key and value has";
    if (seen.contains("kv") && !mapping.key.empty())
        return "the axis kv is of a tensor that holds keys and values, which is named with kv=";
    if (!seen.contains("kv") && !mapping.both.empty())
        return "no axis is kv, which tells keys from values in " + inQuotes(mapping.both);
    if (seen.contains("layer") && placeholdersIn(mapping.key + mapping.both) > 0)
        return "the layer is an axis and {layer} is in the name; it can be one of them";
    return {};
}

} // namespace

const std::vector<std::string>& axisWords()
{
    static const std::vector<std::string> words { "batch", "layer", "kv", "seq", "kv_head", "head_dim" };
    return words;
}

std::string mappingProblem(const DumpMapping& mapping)
{
    const std::string problem = namesProblem(mapping);
    return problem.empty() ? axesProblem(mapping) : problem;
}

DumpMapping parseMapping(std::string_view text)
{
    DumpMapping mapping;
    std::set<std::string> seen;
    bool inAxes = false;
    for (const std::string& part : splitTopLevel(text, ',')) {
        const std::size_t equals = part.find('=');
        const std::string key = part.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : trimmed(std::string_view(part).substr(equals + 1));
        if (equals == std::string::npos && inAxes) {
            mapping.axes.push_back(part);
            continue;
        }
        static constexpr std::array known { "key", "value", "kv", "axes", "kv_heads", "head_dim" };
        if (equals == std::string::npos || std::find(known.begin(), known.end(), key) == known.end())
            throw usageError("the mapping's part " + inQuotes(part) + " is unknown; it is written " + form);
        if (!seen.insert(key).second)
            throw usageError("the mapping says " + key + " twice");
        inAxes = key == "axes";
        if (key == "key")
            mapping.key = nameOf(value);
        else if (key == "value")
            mapping.value = nameOf(value);
        else if (key == "kv")
            mapping.both = nameOf(value);
        else if (inAxes)
            mapping.axes.push_back(value);
        else
            (key == "kv_heads" ? mapping.kvHeads : mapping.headDim) = countOf(key, value);
    }
    if (const std::string problem = mappingProblem(mapping); !problem.empty())
        throw usageError("the mapping does not hold together: " + problem);
    return mapping;
}

std::string printMapping(const DumpMapping& mapping)
{
    std::string text;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty())
            text += (text.empty() ? "" : ",") + std::string(key) + "=" + value;
    };
    for (const auto& [key, name] :
        { std::pair { "key", &mapping.key }, { "value", &mapping.value }, { "kv", &mapping.both } })
        add(key, name->empty() ? "" : quotedIfNeeded(*name));
    std::string axes;
    for (const std::string& axis : mapping.axes)
        axes += (axes.empty() ? "" : ",") + axis;
    add("axes", axes);
    add("kv_heads", mapping.kvHeads ? std::to_string(mapping.kvHeads) : "");
    add("head_dim", mapping.headDim ? std::to_string(mapping.headDim) : "");
    return text;
}

std::optional<std::uint64_t> layerOf(std::string_view pattern, std::string_view name)
{
    constexpr std::size_t mostDigits = 9;
    const std::size_t at = pattern.find(layerPlaceholder);
    if (at == std::string_view::npos)
        return pattern == name ? std::optional<std::uint64_t>(0) : std::nullopt;
    const std::string_view before = pattern.substr(0, at), behind = pattern.substr(at + layerPlaceholder.size());
    if (name.size() <= before.size() + behind.size() || !name.starts_with(before) || !name.ends_with(behind))
        return {};
    const std::string_view digits = name.substr(before.size(), name.size() - before.size() - behind.size());
    if (digits.size() > mostDigits || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return {};
    std::uint64_t layer = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), layer);
    return layer;
}

} // namespace pikv
