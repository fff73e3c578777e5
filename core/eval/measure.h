// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/compressor.h"
#include "core/eval/errorsums.h"
#include <vector>

namespace pikv {

/// The original of one layer, ready to be compared: made once, used for every decoded version of it.
struct LayerReference {
    at::Tensor key, value; ///< CPU [batch, kv_heads, seq, dim] in the dump's dtypes; non-finite elements replaced by 0
    at::Tensor keyValid, valueValid; ///< u8 of the same shapes where something was replaced; else undefined
    at::Tensor visible; ///< bool [batch, seq], false for padding, whose rows are zeros; undefined: all are tokens
    std::int64_t nonFinite = 0;
};

/// Replaces NaN and infinity in `kv`, and all of its padding, by zeros (in place of its tensors) and notes where they
/// were. `visible` bool [batch, seq] or undefined, see layerMask().
LayerReference makeReference(LayerKv& kv, const at::Tensor& visible);

/// Per KV head sums of `decoded` against the reference; attention with `input`'s queries or stand-ins.
/// Results do not depend on the number of threads. Polls `job` between heads.
std::vector<QualitySums> measureLayer(
    const LayerReference& reference, const LayerInput& input, const LayerKv& decoded, const JobControl& job);

} // namespace pikv
