// SPDX-License-Identifier: GPL-3.0-or-later
// The text form of a configured method, `id:param=value,…`: parse, print, and expand the lists of a sweep.
#include "core/codec/methodspec.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
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

/// The points of one assignment of a sweep: a list gives one value an entry.
std::vector<ParamValue> sweepValues(const MethodInfo& method, const Assignment& a)
{
    const bool isListParam = a.spec->type == ParamType::IntList || a.spec->type == ParamType::RealList;
    const bool isList = a.text.starts_with('[') && a.text.ends_with(']') && (!isListParam || a.text.starts_with("[["));
    std::vector<ParamValue> values;
    if (!isList)
        return { parseParam(method.id, *a.spec, a.text) };
    for (const std::string& part : splitTopLevel(std::string_view(a.text).substr(1, a.text.size() - 2), ','))
        values.push_back(parseParam(method.id, *a.spec, part));
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
