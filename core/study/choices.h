// SPDX-License-Identifier: GPL-3.0-or-later
// What is measured where the user did not say, and what of it a cache allows. Torch-free.
#pragma once
#include "core/base/error.h"
#include "core/cache/cacheinfo.h"
#include "core/codec/methodspec.h"
#include "core/codec/registry.h"
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pikv {

/// The methods that the program opens with, at their defaults, in the registry's order.
std::vector<MethodSpec> openingComparison();
/// The reference that recomputes the cache with a model ("default", or its path): its row stands beside what the model
/// scores.
MethodSpec recomputeMethod(const std::string& model);

/// Whether the method can do this with a cache of these shapes.
bool fitsCache(const MethodSpec& method, const CacheInfo& info);
using LeftOutSink = std::function<void(const MethodSpec&, const Problem&)>;
/// Those of the methods that can; `leftOut` is told why of each other one.
std::vector<MethodSpec> fittingMethods(
    const std::vector<MethodSpec>& methods, const CacheInfo& info, const LeftOutSink& leftOut);
/// The points of a method's own sweep that fit the cache: it is made for long ones, and what lies beyond the bounds of
/// a short one is nobody's mistake. Empty where the method has no sweep.
std::vector<MethodSpec> defaultSweep(const MethodInfo& method, const CacheInfo& info);

/// Every combination of the specs' lists, each once.
std::vector<MethodSpec> expandSpecs(const std::vector<std::string>& specs);

/// The largest value of a number parameter that fits the cache beside the other settings of `method`: the right end of
/// its slider. The parameter's own maximum where the cache sets no bound.
double usableMaximum(const MethodSpec& method, const ParamSpec& param, const CacheInfo& info);

/// The settings with every number brought down, in the order of the parameters, to the most that fits the cache beside
/// the others; where nothing fits they are as they were.
MethodSpec boundedBy(const MethodSpec& method, const CacheInfo& info);

/// Positions that a next-token test predicts of a dump: a quarter of its tokens, 128 at most and 1 at least.
std::int64_t defaultPositions(std::int64_t tokens);
std::int64_t defaultPositions(const CacheInfo& info);

} // namespace pikv
