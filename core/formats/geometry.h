// SPDX-License-Identifier: GPL-3.0-or-later
// What a dump's model configuration says of its shapes, against the shapes themselves.
#pragma once
#include "core/formats/layercheck.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pikv {

/// Of a Hugging Face config.json; what it does not say is not there.
struct ModelGeometry {
    std::optional<std::int64_t> layers, kvHeads, headDim;
    /// What some layers have instead: global ones beside those with a window, or keys made of a latent.
    std::vector<std::int64_t> otherKvHeads, otherHeadDims;
    std::optional<std::int64_t> latentDim, rotatedDim; ///< of latent attention: kv_lora_rank, qk_rope_head_dim
};
/// From metadata `config`; nothing where there is none. Throws Error{Input} where it is no JSON object.
ModelGeometry geometryFromMetadata(const std::map<std::string, std::string>& metadata, const std::string& file);

/// Reads keys and values that are stored [batch, seq, kv_heads, head_dim] so, where the configuration or the number of
/// token ids (`ids`; 0: unknown) tells; else info.notes says what looks like it.
void settleAxes(
    std::map<std::uint64_t, FoundLayer>& found, const ModelGeometry& geometry, std::int64_t ids, CacheInfo& info);

/// After acceptLayers(): heads that were stored several times (repeat_kv), which the first layer's keys in `file` tell,
/// are read once; what else contradicts the configuration goes to info.notes.
void settleGeometry(DumpLayout& layout, const ModelGeometry& geometry, const ByteSource& file);

} // namespace pikv
