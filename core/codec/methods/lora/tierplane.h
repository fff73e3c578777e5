// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients of lora_plus: a prefix a token, packed component by component.
#pragma once
#include "core/codec/methods/lora/ranktiers.h"
#include "core/codec/parts/loraplane.h"
#include <string>
#include <vector>

namespace pikv {

/// The sum of a token's energies, keys and values each relative to their average, f32 CPU [rows]. Both arguments are
/// the rowEnergy() of centred rows.
at::Tensor relativeEnergy(const at::Tensor& keys, const at::Tensor& values);

/// Writes mean, widths, directions and every token's first ranks[tier] coefficients of `centred` f32 [rows, width].
void writeTiers(const at::Tensor& centred, const LowRankFit& fit, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const LoraShape& shape, LoraParts& out, const JobControl& job);
/// As above with a basis from a calibration and every token's coefficients in it, f32 [ranks.back(), rows]: writes
/// widths and coefficients alone.
void writeTiersFor(const at::Tensor& fullRank, const LoraBasis& shared, const RankTiers& tiers,
    const std::vector<std::int64_t>& ranks, const LoraShape& shape, LoraParts& out, const JobControl& job);

/// The coefficients in `section`, f32 CPU [ranks.back(), rows]; those that were not stored are zero.
at::Tensor readTiers(const SectionSet& sections, const std::string& section, const std::vector<int>& codeWidths,
    const RankTiers& tiers, const std::vector<std::int64_t>& ranks);

} // namespace pikv
