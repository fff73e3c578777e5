// SPDX-License-Identifier: GPL-3.0-or-later
// Text form and bounds of parameter values.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/methodspec.h"
#include "core/codec/paramspec.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace pikv {
namespace {

template <typename T>
std::string number(T value)
{
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return { buffer, end };
}

template <typename T>
bool parseNumber(std::string_view text, T& value)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

std::string place(const std::string& method, const ParamSpec& spec) { return method + ": " + spec.name; }

std::string boundsText(const ParamSpec& spec)
{
    return number(spec.minimum) + " to " + number(spec.maximum) + (spec.unit.empty() ? "" : " " + spec.unit);
}

std::string choicesText(const ParamSpec& spec)
{
    std::string text;
    for (const std::string& choice : spec.choices)
        text += (text.empty() ? "" : ", ") + choice;
    return text;
}

void checkNumber(const std::string& method, const ParamSpec& spec, double value)
{
    if (!std::isfinite(value) || value < spec.minimum || value > spec.maximum)
        throw usageError(place(method, spec) + "=" + number(value) + " is outside " + boundsText(spec));
}

template <typename T>
void checkList(const std::string& method, const ParamSpec& spec, const std::vector<T>& list)
{
    if (list.empty() || list.size() > static_cast<std::size_t>(spec.maxLength))
        throw usageError(place(method, spec) + " takes 1 to " + std::to_string(spec.maxLength) + " entries, got "
            + std::to_string(list.size()));
    for (T value : list)
        checkNumber(method, spec, static_cast<double>(value));
}

[[noreturn]] void refuseText(
    const std::string& method, const ParamSpec& spec, std::string_view text, const char* wanted)
{
    throw usageError(place(method, spec) + " takes " + wanted + ", got '" + std::string(text) + "'");
}

template <typename T>
T parseOne(const std::string& method, const ParamSpec& spec, std::string_view text, const char* wanted)
{
    T value {};
    if (!parseNumber(text, value))
        refuseText(method, spec, text, wanted);
    return value;
}

template <typename T>
std::vector<T> parseList(const std::string& method, const ParamSpec& spec, std::string_view text, const char* wanted)
{
    if (text.size() < 2 || text.front() != '[' || text.back() != ']')
        refuseText(method, spec, text, wanted);
    std::vector<T> list;
    if (text.size() == 2)
        return list;
    for (const std::string& part : splitTopLevel(text.substr(1, text.size() - 2), ','))
        list.push_back(parseOne<T>(method, spec, part, wanted));
    return list;
}

template <typename T>
std::string printList(const std::vector<T>& list)
{
    std::string text = "[";
    for (std::size_t i = 0; i < list.size(); ++i)
        text += (i ? "," : "") + number(list[i]);
    return text + "]";
}

bool parseBool(const std::string& method, const ParamSpec& spec, std::string_view text)
{
    if (text == "true" || text == "1" || text == "yes" || text == "on")
        return true;
    if (text == "false" || text == "0" || text == "no" || text == "off")
        return false;
    refuseText(method, spec, text, "true or false");
}

std::string parseText(const std::string& method, const ParamSpec& spec, std::string_view text)
{
    std::optional<std::string> value = unquoted(text);
    if (!value)
        refuseText(method, spec, text, "a text, in double quotes where it holds commas, brackets or quotes");
    return std::move(*value);
}

struct Checker {
    const std::string& method;
    const ParamSpec& spec;
    void operator()(bool) const { }
    void operator()(std::int64_t value) const
    {
        if (spec.choices.empty())
            checkNumber(method, spec, static_cast<double>(value));
        else if (std::find(spec.choices.begin(), spec.choices.end(), std::to_string(value)) == spec.choices.end())
            throw usageError(place(method, spec) + "=" + std::to_string(value) + " is not one of " + choicesText(spec));
    }
    void operator()(double value) const { checkNumber(method, spec, value); }
    void operator()(const std::string& value) const
    {
        if (spec.type == ParamType::Choice
            && std::find(spec.choices.begin(), spec.choices.end(), value) == spec.choices.end())
            throw usageError(place(method, spec) + "=" + value + " is not one of " + choicesText(spec));
    }
    template <typename T>
    void operator()(const std::vector<T>& list) const
    {
        checkList(method, spec, list);
    }
};

struct Printer {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return number(value); }
    std::string operator()(double value) const { return number(value); }
    /// An empty text is what no file is called, so that it needs no quotes.
    std::string operator()(const std::string& value) const { return value.empty() ? value : quotedIfNeeded(value); }
    template <typename T>
    std::string operator()(const std::vector<T>& list) const
    {
        return printList(list);
    }
};

} // namespace

void checkParam(const std::string& method, const ParamSpec& spec, const ParamValue& value)
{
    if (value.index() != spec.defaultValue.index())
        throw usageError(place(method, spec) + " got a value of another type");
    std::visit(Checker { method, spec }, value);
}

ParamValue parseParam(const std::string& method, const ParamSpec& spec, std::string_view text)
{
    ParamValue value;
    switch (spec.type) {
    case ParamType::Int:
        value = parseOne<std::int64_t>(method, spec, text, "a whole number");
        break;
    case ParamType::Real:
        value = parseOne<double>(method, spec, text, "a number");
        break;
    case ParamType::Bool:
        value = parseBool(method, spec, text);
        break;
    case ParamType::Choice:
    case ParamType::File:
        value = parseText(method, spec, text);
        break;
    case ParamType::IntList:
        value = parseList<std::int64_t>(method, spec, text, "a list such as [4,8]");
        break;
    case ParamType::RealList:
        value = parseList<double>(method, spec, text, "a list such as [0.3,0.7]");
        break;
    }
    checkParam(method, spec, value);
    return value;
}

std::string printParam(const ParamValue& value) { return std::visit(Printer {}, value); }

} // namespace pikv
