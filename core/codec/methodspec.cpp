// SPDX-License-Identifier: GPL-3.0-or-later
// The text form of a configured method, `id:param=value,…`: parse, print, and expand the lists of a sweep.
#include "core/codec/methodspec.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/codec/specassignments.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>

namespace pikv {
namespace {

constexpr std::size_t maxSweepPoints = 10'000;

struct Assignment {
    const ParamSpec* spec;
    std::string text;
};

const ParamSpec& findParam(const MethodInfo& method, const std::string& name)
{
    std::string known;
    for (const ParamSpec& spec : method.params) {
        if (spec.name == name)
            return spec;
        known += (known.empty() ? "" : ", ") + spec.name;
    }
    throw usageError(method.id + " has no parameter '" + name + "'; it has: " + known);
}

/// "id:a=1,b=2" into the method and its assignments, values still as text.
std::vector<Assignment> splitSpec(std::string_view text, const MethodInfo*& method)
{
    const auto colon = text.find(':');
    method = &Registry::instance().get(trimmed(text.substr(0, colon)));
    std::vector<Assignment> assignments;
    if (colon == std::string_view::npos || trimmed(text.substr(colon + 1)).empty())
        return assignments;
    std::set<std::string> seen;
    for (const std::string& part : splitTopLevel(text.substr(colon + 1), ',')) {
        const auto equals = part.find('=');
        if (equals == std::string::npos)
            throw usageError(method->id + ": '" + part + "' is not of the form parameter=value");
        const std::string name = trimmed(std::string_view(part).substr(0, equals));
        if (!seen.insert(name).second)
            throw usageError(method->id + ": " + name + " is given twice");
        assignments.push_back({ &findParam(*method, name), trimmed(std::string_view(part).substr(equals + 1)) });
    }
    return assignments;
}

struct Range {
    double first = 0, last = 0, step = 0;
    bool isFactor = false;
};

/// Of an entry such as "4..64:*2"; nothing where it is none.
std::optional<Range> rangeOf(const MethodInfo& method, const ParamSpec& spec, const std::string& text)
{
    const auto dots = text.find("..");
    if (dots == std::string::npos || (spec.type != ParamType::Int && spec.type != ParamType::Real))
        return {};
    const std::string place = method.id + ": " + spec.name + ": the range " + inQuotes(text);
    const auto colon = text.find(':', dots);
    std::string step = colon == std::string::npos ? "" : trimmed(text.substr(colon + 1));
    Range range;
    if (range.isFactor = step.starts_with('*'); range.isFactor)
        step.erase(0, 1);
    const auto number = [&](const std::string& part) {
        const ParamValue value = parseParam(method.id, spec, trimmed(part));
        return spec.type == ParamType::Int ? double(std::get<std::int64_t>(value)) : std::get<double>(value);
    };
    range.first = number(text.substr(0, dots));
    range.last = number(text.substr(dots + 2, colon == std::string::npos ? colon : colon - dots - 2));
    range.step = spec.step;
    if (colon != std::string::npos) {
        const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), range.step);
        if (error != std::errc() || end != step.data() + step.size() || !std::isfinite(range.step))
            throw usageError(place + " has no number behind its colon");
    }
    if (range.last < range.first)
        throw usageError(place + " goes down; the smaller end comes first");
    if (range.isFactor && (range.step <= 1 || range.first <= 0))
        throw usageError(place + " needs a factor above 1 and a start above 0");
    if (!range.isFactor && range.step <= 0)
        throw usageError(place + " needs a step above 0");
    return range;
}

/// Both ends where the steps meet the last one.
std::vector<ParamValue> valuesOf(const MethodInfo& method, const ParamSpec& spec, const Range& range)
{
    std::vector<ParamValue> values;
    double at = range.first;
    for (std::size_t i = 1; at <= range.last + range.step * 1e-9 * (range.isFactor ? range.first : 1); ++i) {
        if (values.size() == maxSweepPoints || i > 10 * maxSweepPoints) // steps smaller than a whole number
            throw usageError(method.id + ": the lists make more than " + std::to_string(maxSweepPoints) + " points");
        char digits[40]; // 0.1 and twice 0.1 more are 0.3
        std::snprintf(digits, sizeof digits, "%.12g", std::min(at, range.last));
        double shown = at;
        std::from_chars(digits, digits + std::strlen(digits), shown);
        const ParamValue value
            = spec.type == ParamType::Int ? ParamValue(static_cast<std::int64_t>(std::llround(at))) : ParamValue(shown);
        const bool isChoice = spec.choices.empty()
            || std::find(spec.choices.begin(), spec.choices.end(), printParam(value)) != spec.choices.end();
        if (isChoice && (values.empty() || values.back() != value)) // between choices lies nothing
            values.push_back(value);
        at = range.isFactor ? at * range.step : range.first + double(i) * range.step;
    }
    return values;
}

/// The points of one assignment of a sweep: a list gives one value an entry, a range in it several.
std::vector<ParamValue> sweepValues(const MethodInfo& method, const Assignment& a)
{
    const bool isListParam = a.spec->type == ParamType::IntList || a.spec->type == ParamType::RealList;
    const bool isList = a.text.starts_with('[') && a.text.ends_with(']') && (!isListParam || a.text.starts_with("[["));
    std::vector<ParamValue> values;
    if (!isList)
        return { parseParam(method.id, *a.spec, a.text) };
    for (const std::string& part : splitTopLevel(std::string_view(a.text).substr(1, a.text.size() - 2), ',')) {
        if (const auto range = rangeOf(method, *a.spec, part)) {
            const auto stretch = valuesOf(method, *a.spec, *range);
            values.insert(values.end(), stretch.begin(), stretch.end());
        } else {
            values.push_back(parseParam(method.id, *a.spec, part));
        }
    }
    return values;
}

} // namespace

MethodSpec parseSpec(std::string_view text)
{
    const MethodInfo* method = nullptr;
    const auto assignments = splitSpec(text, method);
    MethodSpec spec { method->id, ParamSet(method->params) };
    for (const Assignment& a : assignments)
        spec.params.set(a.spec->name, parseParam(method->id, *a.spec, a.text));
    return spec;
}

std::vector<std::pair<std::string, std::string>> specAssignments(std::string_view text)
{
    const MethodInfo* method = nullptr;
    std::vector<std::pair<std::string, std::string>> assignments;
    for (Assignment& a : splitSpec(text, method))
        assignments.emplace_back(a.spec->name, std::move(a.text));
    return assignments;
}

std::string printSpec(const MethodSpec& spec)
{
    std::string text = spec.id;
    char separator = ':';
    for (const ParamSpec& param : Registry::instance().get(spec.id).params) {
        if (spec.params.value(param.name) == param.defaultValue)
            continue;
        text += separator + param.name + "=" + printParam(spec.params.value(param.name));
        separator = ',';
    }
    return text;
}

std::string printParams(const MethodSpec& spec)
{
    std::string text;
    for (const ParamSpec& param : Registry::instance().get(spec.id).params)
        text += (text.empty() ? "" : ",") + param.name + "=" + printParam(spec.params.value(param.name));
    return text;
}

std::vector<MethodSpec> expandSpec(std::string_view text)
{
    const MethodInfo* method = nullptr;
    const auto assignments = splitSpec(text, method);
    std::vector<MethodSpec> points { { method->id, ParamSet(method->params) } };
    for (const Assignment& a : assignments) {
        const auto values = sweepValues(*method, a);
        if (points.size() * values.size() > maxSweepPoints)
            throw usageError(method->id + ": the lists make more than " + std::to_string(maxSweepPoints) + " points");
        std::vector<MethodSpec> next;
        for (const MethodSpec& point : points)
            for (const ParamValue& value : values) {
                next.push_back(point);
                next.back().params.set(a.spec->name, value);
            }
        points = std::move(next);
    }
    return points;
}

} // namespace pikv
