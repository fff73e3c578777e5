// SPDX-License-Identifier: GPL-3.0-or-later
// How fast RoPE turns each pair of channels, under the scaling rules that models of long contexts have. Torch-free.
#pragma once
#include "core/cache/cacheinfo.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

/// The rule's name in the JSON of RopeInfo::scaling: "linear", "llama3", "yarn"; "none" for "" and "none".
std::string ropeScalingName(const std::string& scaling);
/// Whether ropeFrequencies() knows the rule: none, linear, llama3, factors.
bool isRopeScalingSupported(const std::string& scaling);

/// Angle a position of every rotated pair, f64 [rotated channels / 2]: theta^(-2i/d), and then
/// linear: divided by `factor` (Chen et al. 2023, arXiv:2306.15595);
/// llama3: short wavelengths stay, long ones are divided by `factor`, those between blend (Llama 3.1's
/// `low_freq_factor`, `high_freq_factor`, `original_max_position_embeddings`);
/// factors: each divided by its own of `factors`, as GGUF's rope_freqs say.
/// Throws Error{Usage} where theta is unknown, rope.dim does not fit `headDim`, or the rule is another.
std::vector<double> ropeFrequencies(const RopeInfo& rope, std::int64_t headDim);

/// Whether both turn keys of `headDim` channels alike, whatever the words of their rules: layouts that are known, and
/// frequencies within 1e-5. Both rules are supported and both bases known.
bool turnAlike(const RopeInfo& a, const RopeInfo& b, std::int64_t headDim);

/// The rule `factors` as RopeInfo::scaling keeps it.
std::string ropeFactors(const std::vector<double>& factors);

} // namespace pikv
