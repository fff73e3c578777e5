// SPDX-License-Identifier: GPL-3.0-or-later
// A layer of pyramid as adaptive streams: all components of a level share one width of steps, which the level's
// importance and the layer's budget set, and an adaptive coder makes their widths in bits.
#pragma once
#include "core/cache/rope.h"
#include "core/codec/compressor.h"
#include "core/codec/parts/headbasis.h"
#include "core/codec/parts/tokentiers.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace pikv {

struct PyramidStreamRequest {
    const LayerInput& input;
    const TokenTiers& tiers;
    std::vector<double> weights; ///< of the levels: how much their errors count
    bool klt = true; ///< principal components; false: channels
    const LayerFisher* fisher = nullptr; ///< what fitted components measure errors by; null: plain squares
    bool inMetric = false; ///< of shared components: their errors count alike as they are
    std::vector<HeadBasis> shared
        = {}; ///< of a calibration, keys' heads first; empty: components are fitted and stored
    std::optional<RopeTable> rope = {}; ///< that keys come without, on the CPU
    std::int64_t budget = 0; ///< bytes of all sections
};

/// Sections "side", "k.codes", "v.codes", and "k.basis" and "v.basis" where components are stored; within 1 % of the
/// budget where it can be met. Throws Error{Usage} where the cache's numbers take finer steps than there are.
void encodePyramidStream(const PyramidStreamRequest& request, SectionSet& out, const CodecContext& context);

/// What such sections take of a layer before anything is coded: level map and components' descriptions.
std::int64_t leastStreamBytes(const LayerShape& shape, int levels);
/// Whether a layer's sections are of encodePyramidStream().
bool isPyramidStream(const SectionSet& sections);
/// `levels`: of the parameters; `shared` and `rope` as in the request. Throws Error{Input} where the sections do not
/// fit.
LayerKv decodePyramidStream(const LayerOutput& output, int levels, const std::vector<HeadBasis>& shared,
    const std::optional<RopeTable>& rope, const CodecContext& context);

} // namespace pikv
