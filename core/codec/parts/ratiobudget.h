// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/codec/methodspec.h"

namespace pikv {

/// Bytes that a layer's own sections may take so that the whole file is `ratio` of the 16-bit cache: container and
/// protected tokens count towards it. `shape` is the layer without its protected tokens; of `layers` layers; `sections`
/// a layer, the protected ones left out. Below 0 where the rest alone is too much.
std::int64_t layerBudget(const MethodSpec& spec, double ratio, const LayerShape& shape, int layers, int sections);

/// What warnings() says of a target that the side information alone exceeds.
std::string missedTarget(const MethodSpec& spec);

} // namespace pikv
