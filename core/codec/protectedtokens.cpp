// SPDX-License-Identifier: GPL-3.0-or-later
// The parameters of every method that say which tokens stay at 16 bits, set alike.
#include "core/codec/protectedtokens.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/codec/specassignments.h"
#include <algorithm>

namespace pikv {
namespace {

const ParamSpec& commonParam(std::string_view name)
{
    return *std::ranges::find(commonParams(), name, &ParamSpec::name);
}

std::int64_t countOf(std::string_view text, std::string_view param)
{
    const ParamSpec& spec = commonParam(param);
    return std::get<std::int64_t>(parseParam("protected tokens", spec, text));
}

bool protects(const ParamSpec& param) { return param.name == "sinks" || param.name == "recent" || param.isTail; }

std::int64_t countFor(const ParamSpec& param, const ProtectedTokens& tokens)
{
    return param.name == "sinks" ? tokens.sinks : param.name == "recent" ? tokens.recent : 0;
}

} // namespace

ProtectedTokens parseProtectedTokens(std::string_view text)
{
    if (text == "none")
        return {};
    const auto comma = text.find(',');
    if (comma == std::string_view::npos)
        throw usageError("protected tokens are 'none' or two numbers, first and last tokens, such as 4,128; not "
            + inQuotes(std::string(text)));
    return { countOf(text.substr(0, comma), "sinks"), countOf(text.substr(comma + 1), "recent") };
}

std::string printProtectedTokens(const ProtectedTokens& tokens)
{
    return tokens == ProtectedTokens {} ? "none" : std::to_string(tokens.sinks) + "," + std::to_string(tokens.recent);
}

MethodSpec withProtectedTokens(MethodSpec method, const std::optional<ProtectedTokens>& tokens)
{
    const MethodInfo& info = Registry::instance().get(method.id);
    if (isReference(info))
        return method;
    for (const ParamSpec& param : info.params)
        if (protects(param))
            method.params.set(param.name, tokens ? ParamValue(countFor(param, *tokens)) : param.defaultValue);
    return method;
}

std::string withProtectedTokens(std::string_view spec, const std::optional<ProtectedTokens>& tokens)
{
    const MethodInfo& info = Registry::instance().get(spec.substr(0, spec.find(':')));
    if (isReference(info))
        return std::string(spec);
    std::string text = info.id;
    const auto add = [&](const std::string& name, const std::string& value) {
        text += (text == info.id ? ':' : ',') + name + '=' + value;
    };
    for (const auto& [name, value] : specAssignments(spec))
        if (!protects(*std::ranges::find(info.params, name, &ParamSpec::name)))
            add(name, value);
    for (const ParamSpec& param : info.params)
        if (tokens && protects(param) && param.defaultValue != ParamValue(countFor(param, *tokens)))
            add(param.name, std::to_string(countFor(param, *tokens)));
    return text;
}

} // namespace pikv
