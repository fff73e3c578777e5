// SPDX-License-Identifier: GPL-3.0-or-later
// What is measured where the user did not say, and what of it a cache allows.
#include "core/study/choices.h"
#include <algorithm>
#include <cmath>
#include <set>

namespace pikv {
namespace {

constexpr std::int64_t mostPositions = 128;

void setNumber(MethodSpec& method, const ParamSpec& param, double value)
{
    if (param.type == ParamType::Int)
        method.params.set(param.name, static_cast<std::int64_t>(std::llround(value)));
    else
        method.params.set(param.name, value);
}

bool fitsWith(MethodSpec method, const ParamSpec& param, double value, const CacheInfo& info)
{
    setNumber(method, param, value);
    return fitsCache(method, info);
}

/// A number that may go down for a short cache: what it protects, among the advanced ones, stays protected.
bool isScalable(const ParamSpec& param)
{
    return (param.type == ParamType::Int || param.type == ParamType::Real) && param.choices.empty() && !param.advanced;
}

double numberOf(const MethodSpec& method, const ParamSpec& param)
{
    return param.type == ParamType::Int ? double(method.params.integer(param.name)) : method.params.real(param.name);
}

/// Brings an ascending list down by one factor, to the largest that fits.
void scaleList(MethodSpec& method, const ParamSpec& param, const CacheInfo& info)
{
    const std::vector<std::int64_t> list = method.params.integers(param.name);
    MethodSpec scaled = method;
    for (std::int64_t last = list.empty() ? 0 : list.back() - 1; last > 0; --last) {
        std::vector<std::int64_t> lower;
        for (const std::int64_t value : list)
            lower.push_back(value * last / list.back());
        if (lower.front() < static_cast<std::int64_t>(param.minimum))
            return;
        scaled.params.set(param.name, lower);
        if (fitsCache(scaled, info)) {
            method = scaled;
            return;
        }
    }
}

} // namespace

std::vector<MethodSpec> openingComparison()
{
    std::vector<MethodSpec> methods;
    for (const MethodInfo& info : Registry::instance().methods())
        if (info.checkedByDefault)
            methods.push_back(parseSpec(info.id));
    return methods;
}

MethodSpec recomputeMethod(const std::string& model)
{
    MethodSpec method = parseSpec("recompute");
    if (model != "default")
        method.params.set("model", model);
    return method;
}

bool fitsCache(const MethodSpec& method, const CacheInfo& info)
{
    try {
        checkMethod(method, info);
        return true;
    } catch (const Error&) {
        return false;
    }
}

std::vector<MethodSpec> fittingMethods(
    const std::vector<MethodSpec>& methods, const CacheInfo& info, const LeftOutSink& leftOut)
{
    std::vector<MethodSpec> fitting;
    for (const MethodSpec& method : methods) {
        try {
            checkMethod(method, info);
            fitting.push_back(method);
        } catch (const Error& e) {
            leftOut(method, { e.kind(), e.what() });
        }
    }
    return fitting;
}

std::vector<MethodSpec> defaultSweep(const MethodInfo& method, const CacheInfo& info)
{
    if (method.sweep.empty())
        return {};
    std::vector<MethodSpec> points = expandSpec(method.id + ":" + method.sweep);
    std::erase_if(points, [&](const MethodSpec& point) { return !fitsCache(point, info); });
    return points;
}

std::vector<MethodSpec> expandSpecs(const std::vector<std::string>& specs)
{
    std::vector<MethodSpec> methods;
    std::set<std::string> known;
    for (const std::string& text : specs)
        for (const MethodSpec& method : expandSpec(text))
            if (known.insert(printSpec(method)).second)
                methods.push_back(method);
    return methods;
}

double usableMaximum(const MethodSpec& method, const ParamSpec& param, const CacheInfo& info)
{
    // Where even the least value does not fit, another setting is what stands in the way.
    if (fitsWith(method, param, param.maximum, info) || !fitsWith(method, param, param.minimum, info))
        return param.maximum;
    auto good = std::int64_t(0),
         bad = static_cast<std::int64_t>(std::llround((param.maximum - param.minimum) / param.step));
    while (bad - good > 1) {
        const std::int64_t middle = good + (bad - good) / 2;
        (fitsWith(method, param, param.minimum + double(middle) * param.step, info) ? good : bad) = middle;
    }
    return param.minimum + double(good) * param.step;
}

/// From the least of everything, where one number may hide behind another's bound, each goes back up as far as it can.
MethodSpec boundedBy(const MethodSpec& method, const CacheInfo& info)
{
    const auto& params = Registry::instance().get(method.id).params;
    MethodSpec bounded = method;
    for (const ParamSpec& param : params)
        if (isScalable(param))
            setNumber(bounded, param, std::min(param.minimum, numberOf(method, param)));
    for (const ParamSpec& param : params)
        if (param.type == ParamType::IntList && !fitsCache(bounded, info))
            scaleList(bounded, param, info);
    if (!fitsCache(bounded, info))
        return method;
    for (const ParamSpec& param : params)
        if (isScalable(param))
            setNumber(bounded, param, std::min(numberOf(method, param), usableMaximum(bounded, param, info)));
    return bounded;
}

std::int64_t defaultPositions(const CacheInfo& info)
{
    const std::int64_t tokens = info.tokenIds.empty() ? info.seq() : static_cast<std::int64_t>(info.tokenIds.size());
    return defaultPositions(tokens);
}

std::int64_t defaultPositions(std::int64_t tokens) { return std::clamp<std::int64_t>(tokens / 4, 1, mostPositions); }

} // namespace pikv
