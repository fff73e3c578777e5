// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/parts/ratiobudget.h"
#include <cmath>

namespace pikv {
namespace {

/// What the container spends outside the payload, about: header text for this many sections beside the spec's own, of
/// which some have a size for every layer, and for the fingerprint of a calibration.
std::int64_t containerBytes(const MethodSpec& spec, int layers, int sections)
{
    const std::int64_t sizeTables = layers > 1 ? 72 + 12 * layers : 0;
    const std::int64_t fingerprint = spec.params.has("shared") && !spec.params.text("shared").empty() ? 100 : 0;
    return 230 + 76 * sections + static_cast<std::int64_t>(printSpec(spec).size()) + fingerprint + sizeTables;
}

} // namespace

std::int64_t layerBudget(const MethodSpec& spec, double ratio, const LayerShape& shape, int layers, int sections)
{
    const double protectedTokens = double(spec.params.integer("sinks") + spec.params.integer("recent"));
    const double tokenBytes = double(shape.batch * shape.kvHeads * (shape.keyDim + shape.valueDim)) * 2;
    const double wanted = tokenBytes * (ratio * (double(shape.seq) + protectedTokens) - protectedTokens);
    const int all = sections + (protectedTokens > 0 ? 2 : 0);
    return std::llround(wanted - double(containerBytes(spec, layers, all)) / layers);
}

std::string missedTarget(const MethodSpec& spec)
{
    return spec.id + ": compression_ratio=" + printParam(spec.params.real("compression_ratio"))
        + " is below what the side information of this shape takes; the target is missed";
}

} // namespace pikv
