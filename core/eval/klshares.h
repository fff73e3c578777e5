// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/mixedcache.h"
#include "core/eval/nexttoken.h"
#include <vector>

namespace pikv {

/// One share of KL: the figure, and the part of the cache that is decoded for it.
struct KlShare {
    double NextTokenMetrics::*kl;
    DecodedPart part;
};
/// Keys, values, and each third of the depth: layer i of n is in third floor(3 i / n).
std::vector<KlShare> klShares(int layers);

} // namespace pikv
