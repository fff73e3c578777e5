// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/formats/safetensors.h"
#include <optional>
#include <string>
#include <vector>

namespace pikv {

inline constexpr std::size_t maxLayerCount = 4096;

/// Where one layer's tensors lie in the file; shapes as LayerShape says.
struct LayerEntries {
    TensorEntry key, value;
    std::optional<TensorEntry> query, keep;
};

/// A dump as its reader understood it: what is known, and where the tensors lie.
struct DumpLayout {
    CacheInfo info; ///< without `path`
    std::vector<LayerEntries> layers;
    std::optional<TensorEntry> importance; ///< float [batch, seq]
    std::optional<TensorEntry> attentionMask; ///< integer or bool [batch, seq]
};

} // namespace pikv
