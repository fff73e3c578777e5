// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/ratiobudget.h"
#include "core/codec/container/containerlayout.h"
#include <cmath>

namespace pikv {

std::int64_t layerBudget(const MethodSpec& spec, double ratio, const LayerShape& shape, int layers, int sections)
{
    const double protectedTokens = double(spec.params.integer("sinks") + spec.params.integer("recent"));
    const double tokenBytes = double(shape.batch * shape.kvHeads * (shape.keyDim + shape.valueDim)) * 2;
    const double wanted = tokenBytes * (ratio * (double(shape.seq) + protectedTokens) - protectedTokens);
    const int all = sections + (protectedTokens > 0 ? 2 : 0);
    const bool isShared = spec.params.has("shared") && !spec.params.text("shared").empty();
    const std::int64_t overhead = ContainerLayout::expectedOverhead(printSpec(spec), layers, all, isShared);
    return std::llround(wanted - double(overhead) / layers);
}

std::string missedTarget(const MethodSpec& spec)
{
    return spec.id + ": compression_ratio=" + printParam(spec.params.real("compression_ratio"))
        + " is below what the side information of this shape takes; the target is missed";
}

} // namespace pikv
