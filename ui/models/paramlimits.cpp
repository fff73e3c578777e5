// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/paramlimits.h"
#include "core/base/error.h"
#include "core/codec/registry.h"
#include <cmath>

namespace pikv::ui {
namespace {

bool fitsWith(MethodSpec method, const ParamSpec& param, double value, const CacheInfo& info)
{
    if (param.type == ParamType::Int)
        method.params.set(param.name, static_cast<std::int64_t>(std::llround(value)));
    else
        method.params.set(param.name, value);
    return fitsCache(method, info);
}

} // namespace

bool fitsCache(const MethodSpec& method, const CacheInfo& info)
{
    try {
        checkMethod(method, info);
        return true;
    } catch (const Error&) {
        return false;
    }
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

} // namespace pikv::ui
