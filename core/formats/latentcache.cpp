// SPDX-License-Identifier: GPL-3.0-or-later
// Telling latent caches from their shapes and the configuration, and cutting them.
#include "core/formats/latentcache.h"
#include "core/base/text.h"
#include <algorithm>

namespace pikv {
namespace {

bool isLatent(const FoundLayer& layer)
{
    return layer.key && layer.key->shape.size() == 4 && layer.key->shape[1] == 1 && layer.key->count() > 0
        && (!layer.value || layer.value->elements() == 0);
}

} // namespace

std::optional<LatentSplit> latentSplit(std::int64_t width, const ModelGeometry& geometry)
{
    if (geometry.latentDim && geometry.rotatedDim) {
        if (*geometry.latentDim + *geometry.rotatedDim != width)
            return {};
        return LatentSplit { *geometry.latentDim, *geometry.rotatedDim };
    }
    for (const LatentSplit known : { LatentSplit { 512, 64 }, LatentSplit { 256, 32 } })
        if (known.latent + known.rotated == width)
            return known;
    return {};
}

void placeLatent(FoundLayer& layer, const StoredTensor& row, const LatentSplit& split)
{
    layer.key = layer.value = row;
    layer.key->narrow(3, split.latent, split.rotated);
    layer.key->name += " (rotated key)";
    layer.value->narrow(3, 0, split.latent);
    layer.value->name += " (latent)";
    layer.query.reset(); // of the whole row: the key alone is not what it meets
}

bool isLatentPair(
    std::span<const std::int64_t> latent, std::span<const std::int64_t> rotated, const ModelGeometry& geometry)
{
    const auto isRow = [](std::span<const std::int64_t> shape) { return shape.size() == 4 && shape[1] == 1; };
    if (!isRow(latent) || !isRow(rotated) || latent[3] == rotated[3])
        return false;
    const auto split = latentSplit(latent[3] + rotated[3], geometry);
    return split && split->latent == latent[3];
}

bool swapLatentPair(FoundLayer& layer, const ModelGeometry& geometry)
{
    const bool isWhole = layer.key && layer.value && layer.key->count() > 0 && layer.value->count() > 0;
    if (!isWhole || !isLatentPair(layer.key->shape, layer.value->shape, geometry))
        return false;
    std::swap(layer.key, layer.value);
    layer.key->name += " (rotated key)";
    layer.value->name += " (latent)";
    layer.query.reset();
    return true;
}

std::string latentNote(const LatentSplit& split)
{
    return "a latent cache (MLA): the " + std::to_string(split.rotated)
        + " rotated channels of a token are its key here, the " + std::to_string(split.latent)
        + " of the latent its value, each counted once; the model's scores come from both, so attention errors, which "
          "use "
          "the key alone, are no more than a hint";
}

void settleLatents(std::map<std::uint64_t, FoundLayer>& found, ModelGeometry& geometry, std::vector<std::string>& notes,
    const std::string& file)
{
    std::string note;
    bool hadQueries = false;
    for (auto& [index, layer] : found) {
        if (!isLatent(layer) && layer.key && layer.value && layer.key->elements() > 0 && layer.value->elements() == 0)
            throw inputError(file + ": layer " + std::to_string(index) + " holds keys " + shapeText(layer.key->shape)
                + " and values without channels; save the keys and values that the model makes of its latent cache "
                  "(MLA), "
                  "or the latents themselves, [batch, 1, seq, channels].");
        if (const bool asked = layer.query.has_value(); swapLatentPair(layer, geometry)) {
            hadQueries = hadQueries || asked;
            note = latentNote({ layer.value->shape[3], layer.key->shape[3] });
            continue;
        }
        if (!isLatent(layer) || (!layer.value && !geometry.latentDim && !latentSplit(layer.key->shape[3], geometry)))
            continue;
        const auto split = latentSplit(layer.key->shape[3], geometry);
        if (!split)
            throw inputError(file + ": layer " + std::to_string(index) + " holds keys " + shapeText(layer.key->shape)
                + " and no values: a latent cache (MLA) whose " + std::to_string(layer.key->shape[3])
                + " channels are none of 576 (512 + 64) and 288 (256 + 32)"
                + (geometry.latentDim && geometry.rotatedDim ? ", nor the " + std::to_string(*geometry.latentDim)
                            + " + " + std::to_string(*geometry.rotatedDim) + " that its config names"
                                                             : "")
                + "; write the model's config with kv_lora_rank and qk_rope_head_dim into the metadata.");
        hadQueries = hadQueries || layer.query;
        placeLatent(layer, *layer.key, *split);
        note = latentNote(*split);
    }
    if (note.empty())
        return;
    notes.push_back(note + (hadQueries ? "; its queries are left out" : ""));
    for (auto& [index, layer] : found)
        layer.query.reset(); // those of some layers would be no queries
    geometry.kvHeads.reset();
    geometry.headDim.reset();
}

} // namespace pikv
