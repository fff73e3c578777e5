// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <cstdint>
#include <span>
#include <string>

namespace pikv {

/// head_dim of files that store kv_heads x head_dim as one number: what the user told (`head-dim`), else the usual one
/// that divides all `widths` (positive, at least one), 128 before 64 before rarer ones; one head where none does.
/// info.headDims gets what would fit, and info.notes that it is assumed. Throws Error{Input} naming `file` where the
/// told one does not divide them.
std::int64_t settleHeads(
    std::span<const std::int64_t> widths, const Told& told, CacheInfo& info, const std::string& file);

} // namespace pikv
