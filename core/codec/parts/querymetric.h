// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/rope.h"
#include "core/codec/compressor.h"
#include "core/model/fisherinformation.h"
#include <optional>

namespace pikv {

/// Without a model: what errors do to the attention output of the layer's own queries, to first order and with the
/// identity for the output projection. An error ε of a key (before its rotation R) moves the output by
/// a |v - o| (Rᵀq · ε) / √d, one of a value by a ε, for attention a and output o: their mean squares over queries and
/// tokens are the metrics, heads apart, in units in which a step has the size that it has with plain squares. Nothing
/// where the layer has no queries. `rope`: the rotation that keys come without.
std::optional<LayerFisher> queryMetric(
    const LayerInput& input, const std::optional<RopeTable>& rope, const JobControl& job);

} // namespace pikv
