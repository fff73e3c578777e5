// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace pikv {

/// How the channels of all KV heads, side by side in one axis, are cut into heads.
struct HeadSplit {
    std::int64_t headDim = 1;
    std::string note; ///< for CacheInfo::notes: that it is assumed, and what else would divide the channels
};

/// For files that store kv_heads x head_dim as one number: the usual head_dim that divides all `widths` (positive, at
/// least one), 128 before 64 before rarer ones; one head where none does.
HeadSplit assumeHeads(std::span<const std::int64_t> widths);

} // namespace pikv
