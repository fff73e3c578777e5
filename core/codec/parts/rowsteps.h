// SPDX-License-Identifier: GPL-3.0-or-later
// How wide the steps of every row are: what decode must know of each token.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/compressor.h"
#include "core/codec/parts/sidetransform.h"
#include <array>
#include <vector>

namespace pikv {

/// First tokens of a text, the attention sinks: coded with finer steps.
inline constexpr std::int64_t sinkTokens = 4;

/// The widest class that a row may have.
inline constexpr std::int8_t largestClass = 12;

/// Of keys and values: a row's steps are 2^(class / 2) as wide. Rows of a batch follow each other.
struct RowSteps {
    std::array<std::vector<std::int8_t>, 2> classes; ///< of keys, of values; [batch * seq] each
};

/// What is known without the cache: finer for sinks and by the distance to the end. `positions` i64 [seq].
std::vector<std::int8_t> plannedClasses(
    const SideTransform& transform, const at::Tensor& positions, std::int64_t batch);

/// What the layer's own queries say: log2 of how much an error of a row counts, f64 [2][batch * seq] less the mean of
/// rows as far from the end; keys, values. To first order an error ε of a key moves the output by a (q ε / √d)(v - o),
/// one of a value by a ε, for attention a and output o. Empty where there are no queries.
std::array<std::vector<double>, 2> attentionWeights(const LayerInput& input, const JobControl& job);

/// The same for the rows at these `positions` (i64 [seq]) from the gradients of the cache's own next tokens; 0 for the
/// rows that were predicted, of which they say nothing. Empty where there are none.
std::vector<double> gradientWeights(const LayerFisher::Side& side, const at::Tensor& positions);

/// `planned` less the weights, and the bytes that say so.
std::vector<std::int8_t> adaptedClasses(const std::vector<std::int8_t>& planned, const std::vector<double>& weights);
Bytes packDeviations(
    const std::vector<std::int8_t>& planned, const std::vector<std::int8_t>& classes, const JobControl& job);
/// Throws Error{Input} where `bytes` are not those of so many rows.
std::vector<std::int8_t> unpackDeviations(
    const std::vector<std::int8_t>& planned, ByteSpan bytes, const JobControl& job);

} // namespace pikv
