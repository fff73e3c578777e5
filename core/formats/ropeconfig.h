// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <map>
#include <string>
#include <vector>

namespace pikv {

/// RoPE of a dump, info.rope and info.layerRopes, from its metadata: `key_rope`, `rope_layout`, and `rope_theta`,
/// `rope_dim`, `rope_scaling`, or `rope_layers`, which win over the Hugging Face `config`. Of the latter both forms
/// (rope_theta + rope_scaling, and rope_parameters from version 5 on), the share of a head that its model type rotates
/// by default, and what differs between layers: local and global bases (Gemma 3), layers without a rotation (SmolLM3,
/// Llama 4, Cohere 2). What is not said stays unknown. info.layers and layerNumbers are set. Throws Error{Input} naming
/// the key and its value.
void acceptRope(CacheInfo& info, const std::map<std::string, std::string>& metadata, const std::string& file);

/// Rotations of every layer; kept apart only where they differ.
void setLayerRopes(CacheInfo& info, std::vector<RopeInfo> ropes);

/// The metadata keys for info.rope and layerRopes, to be read back by acceptRope(); nothing for what is unknown.
/// How transformers keeps the keys of the model type that the metadata's configuration names: rotated, in its layout.
/// False where the metadata says itself, names no configuration, or one of a type that is not known to rotate keys.
bool assumeTransformersRope(
    RopeInfo& rope, const std::map<std::string, std::string>& metadata, const std::string& file);

std::map<std::string, std::string> ropeToMetadata(const CacheInfo& info);

} // namespace pikv
