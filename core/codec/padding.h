// SPDX-License-Identifier: GPL-3.0-or-later
// Caches with an attention mask: padding is nobody's token, so every sequence of such a layer is coded by itself, as
// the rows that it really has. Whatever stands in the others enters no scale, no basis and no byte.
#pragma once
#include "core/codec/compressor.h"
#include <string>
#include <vector>

namespace pikv {

/// The rows of one sequence that are tokens.
struct VisibleRows {
    std::int64_t item = 0; ///< of the batch
    at::Tensor rows; ///< i64 [count] on the CPU, ascending; count > 0

    /// Sections of this sequence are named "0/codes".
    std::string prefix() const { return std::to_string(item) + "/"; }
    LayerInput select(const LayerInput& input) const;
    /// `sections`: of this sequence, see sectionsOf(); they outlive what is returned.
    LayerOutput select(const LayerOutput& output, const SectionSet& sections) const;
    SectionSet sectionsOf(const SectionSet& all) const;
    /// Puts rows [1, kv_heads, count, dim] to their places in `whole` [batch, kv_heads, seq, dim].
    void put(const at::Tensor& tokens, const at::Tensor& whole) const;
};

/// Of `visible` bool [batch, seq]; sequences without a token in this layer are left out.
std::vector<VisibleRows> visibleRows(const at::Tensor& visible);

/// The mask of a layer's rows, bool [batch, seq] on the CPU; undefined where all are tokens.
at::Tensor layerMask(const std::vector<std::uint8_t>& visible, const LayerShape& shape);

/// Of a cache with padding: those of each number of tokens that a sequence has, one sequence each, as methods see them.
std::vector<CacheInfo> tokenCaches(const CacheInfo& info);

} // namespace pikv
