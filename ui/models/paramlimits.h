// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/cache/importance.h"
#include "core/codec/methodspec.h"
#include <QString>

namespace pikv::ui {

/// Whether the method can do this with a cache of these shapes.
bool fitsCache(const MethodSpec& method, const CacheInfo& info);
/// The largest value of a number parameter that fits the cache beside the other settings of `method`: the right end of
/// its slider. The parameter's own maximum where the cache sets no bound.
double usableMaximum(const MethodSpec& method, const ParamSpec& param, const CacheInfo& info);
/// The settings with every number brought down, in the order of the parameters, to the most that fits the cache beside
/// the others; where nothing fits they are as they were.
MethodSpec boundedBy(const MethodSpec& method, const CacheInfo& info);
/// Why the dump cannot be evaluated with importance from this source; "" where it can.
QString importanceObstacle(const CacheInfo& info, ImportanceSpec::Source source);

} // namespace pikv::ui
