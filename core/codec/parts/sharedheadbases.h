// SPDX-License-Identifier: GPL-3.0-or-later
// The calibration of pyramid and fastvideo: the heads' means and transforms, learned on the same layer of several
// caches.
#pragma once
#include "core/codec/compressor.h"
#include "core/codec/parts/headbasis.h"
#include <vector>

namespace pikv {

/// Learns every head's mean and, with `klt`, all its principal components: sections "means" and "bases", keys first.
/// `undoRope`: keys come without their rotation, where the dump says how they were rotated.
void learnHeadBases(
    const std::vector<LayerInput>& inputs, bool undoRope, bool klt, SectionSet& out, const CodecContext& context);

/// What learnHeadBases() learned, for heads of `shape`; `klt` false: the means alone. Throws Error{Input} where a
/// section has another size or holds what is no transform.
std::vector<HeadBasis> readHeadBases(const SectionSet& calibration, const LayerShape& shape, bool klt);

} // namespace pikv
