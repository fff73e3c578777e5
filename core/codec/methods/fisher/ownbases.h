// SPDX-License-Identifier: GPL-3.0-or-later
// Without a calibration: every head's principal components, learned from the cache itself and stored with it.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/methods/fisher/fishertransform.h"

namespace pikv {

/// Of rows f32 [n, heads * dim]: the heads' transforms side by side, as decode will have them. Adds section
/// "<side>.basis": means, the components that a step lets through, and their sizes.
FisherTransform fitOwnBases(const at::Tensor& rows, std::int64_t heads, double step, const std::string& side,
    SectionSet& out, const JobControl& job);
/// Throws Error{Input} where the section is not that of so many heads.
FisherTransform readOwnBases(const SectionSet& sections, const std::string& side, std::int64_t heads, std::int64_t dim);

} // namespace pikv
