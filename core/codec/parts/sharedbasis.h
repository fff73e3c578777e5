// SPDX-License-Identifier: GPL-3.0-or-later
// The calibration of lora and lora_plus: directions learned on the same layer of several caches.
#pragma once
#include "core/codec/compressor.h"
#include "core/codec/parts/loraplane.h"
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// The plane's f32 rows [batch * seq, width], keys with their rotation undone where `rope` is given; the caller may
/// change them.
at::Tensor planeRows(const LayerInput& input, const FactorPlane& plane, const std::optional<RopeTable>& rope);

/// Squared distance of every row f32 [n, width] from zero, f32 CPU [n].
at::Tensor rowEnergy(const at::Tensor& rows);

/// Coefficients f32 [rank, batch * seq] of the plane's rows, which are never held whole. `energy`, if not null, gets
/// the rowEnergy() of the centred rows.
at::Tensor coefficientsOf(const LayerInput& input, const FactorPlane& plane, const std::optional<RopeTable>& rope,
    const LoraBasis& basis, const JobControl& job, at::Tensor* energy = nullptr);

struct BasisRequest {
    bool perHead = false, undoRope = true;
    std::int64_t rank = 0, basisBits = 4;
    double alpha = 16; ///< of rowWeights(), where there is one input with importance
};
/// Fits every plane on the rows of all inputs and writes means and directions: the sections of a calibration.
void learnBases(
    const std::vector<LayerInput>& inputs, const BasisRequest& request, SectionSet& out, const CodecContext& context);

/// The bases of one tensor's planes in a calibration, their first `shape.rank` directions. Throws Error{Input} where
/// the sections hold fewer or do not fit the shape.
std::vector<LoraBasis> sharedBases(
    const SectionSet& calibration, const std::string& prefix, LoraShape shape, std::int64_t planes, c10::Device device);

} // namespace pikv
