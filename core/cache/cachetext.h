// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of a cache, in words: for the command line and the window alike. Torch-free.
#pragma once
#include "core/cache/cacheinfo.h"
#include <string>

namespace pikv {

/// "keys rotated, half layout, base 10000 and 1e+06, llama3 scaling"; "unknown" where the dump does not say.
/// Of cross-attention it says that, too.
std::string ropeText(const CacheInfo& info);
/// "2 sequences of 48 tokens, 38 and 48 of them visible, positions 0 to 195 with gaps, ids known"; layers that hold
/// fewer tokens are told: "short layers hold the last 16 of them".
std::string tokensText(const CacheInfo& info);
/// "3, 7 of the model": where layers have numbers of their own; else "".
std::string layerNumbersText(const CacheInfo& info);

} // namespace pikv
