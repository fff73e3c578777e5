// SPDX-License-Identifier: GPL-3.0-or-later
// Caches of multi-head latent attention (MLA, DeepSeek-V2, arXiv:2405.04434): one row a token, which all heads share,
// of a latent that both keys and values are made from and of a key that carries the rotation.
#pragma once
#include "core/formats/geometry.h"
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pikv {

/// Channels of such a row: the latent first, then the rotated key.
struct LatentSplit {
    std::int64_t latent = 0, rotated = 0;
};

/// From the configuration (kv_lora_rank, qk_rope_head_dim) where it adds up to `width`; else of the widths that models
/// have: 576 = 512 + 64 (DeepSeek V2, V3, R1, Kimi K2), 288 = 256 + 32 (MiniCPM3). Nothing for others.
std::optional<LatentSplit> latentSplit(std::int64_t width, const ModelGeometry& geometry);

/// Cuts `row` [batch, 1, seq, latent + rotated] into what is stored of a layer, every channel once: the rotated key as
/// its key, the latent as its value.
void placeLatent(FoundLayer& layer, const StoredTensor& row, const LatentSplit& split);

/// Whether tensors of these shapes, [batch, 1, seq, channels], are the latent of such rows and their rotated key,
/// apart.
bool isLatentPair(
    std::span<const std::int64_t> latent, std::span<const std::int64_t> rotated, const ModelGeometry& geometry);

/// Where keys and values of one head are a latent and a rotated key apart, as transformers (5.24 and later) and mlx-lm
/// keep them, they change places. False where they are something else.
bool swapLatentPair(FoundLayer& layer, const ModelGeometry& geometry);

/// What is to be said of a dump whose layers were cut so.
std::string latentNote(const LatentSplit& split);

/// Layers with keys of one head and no values, or values without channels, are cut so, those with both apart change
/// them; notes say it. Heads and head_dim of `geometry`, which are those of what the model makes of a latent, are
/// forgotten then. Throws Error{Input} where the width is none that is known.
void settleLatents(std::map<std::uint64_t, FoundLayer>& found, ModelGeometry& geometry, std::vector<std::string>& notes,
    const std::string& file);

} // namespace pikv
