// SPDX-License-Identifier: GPL-3.0-or-later
// Without a calibration: every head's own transform, learned from the cache itself and stored with it.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/parts/sidetransform.h"

namespace pikv {

/// Of rows f32 [n, heads * dim], in `fisher`'s metric (null: squared errors relative to the rows' variance), heads
/// apart: the transforms side by side, as decode will have them. Adds section "<side>.basis": means, the components
/// that a step lets through, as precise as their sizes deserve, and the classes by distance.
SideTransform fitOwnBases(const at::Tensor& rows, std::int64_t heads, const LayerFisher::Side* fisher, double step,
    const std::string& side, SectionSet& out, const JobControl& job);
/// Throws Error{Input} where the section is not that of so many heads.
SideTransform readOwnBases(
    const SectionSet& sections, const std::string& side, std::int64_t heads, std::int64_t dim, const JobControl& job);

} // namespace pikv
