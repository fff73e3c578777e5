// SPDX-License-Identifier: GPL-3.0-or-later
// How the user tells which tensors of a file are keys and values, and what their axes are. Free of LibTorch.
#pragma once
#include "core/formats/layercheck.h"
#include "core/formats/tensorlisting.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pikv {

class FormatProbe;

inline constexpr std::string_view layerPlaceholder = "{layer}";

/// Names of tensors, `{layer}` standing for the layer's number, and what each of their axes is.
struct DumpMapping {
    /// Either key and value, or both: one tensor holds both along the axis `kv`. All "": by the names that people give.
    std::string key, value, both;
    /// Of every axis one of axisWords(), or several side by side in one, the last fastest: "kv_head*head_dim". Without
    /// batch there is one sequence, without kv_head one head.
    std::vector<std::string> axes;
    std::int64_t kvHeads = 0, headDim = 0; ///< where an axis holds both; 0: not told
    bool operator==(const DumpMapping&) const = default;
};

/// "batch", "layer", "kv", "seq", "kv_head", "head_dim".
const std::vector<std::string>& axisWords();

/// Reads `key=model.{layer}.k,value=model.{layer}.v,axes=batch,seq,kv_head,head_dim`; `kv=` instead of key and value,
/// `kv_heads=` and `head_dim=` where one axis holds both. A name with a comma or quote goes into double quotes. Throws
/// Error{Usage} naming what is missing, unknown or said twice.
DumpMapping parseMapping(std::string_view text);
std::string printMapping(const DumpMapping& mapping);
/// What is wrong with a mapping before any file is looked at, as a sentence; "" where nothing is.
std::string mappingProblem(const DumpMapping& mapping);

/// A mapping for this file by the words in its names and the sizes of its axes; nothing where no tensors look like it.
/// A guess: people confirm it.
std::optional<DumpMapping> guessMapping(const TensorListing& listing);
/// What the axes of a tensor of this shape may be. `isStacked`: it holds all layers; `isBoth`: keys and values; `ids`:
/// tokens of which the file has ids, 0: unknown. Empty where no cache has so many axes.
std::vector<std::string> guessAxes(
    const std::vector<std::int64_t>& shape, bool isStacked, bool isBoth, std::int64_t ids);
/// The name with `{layer}` in place of its number that counts layers: "model.3.k" → "model.{layer}.k"; of several the
/// one behind a word for layer, else the first. The name itself where it has none.
std::string patternOf(std::string_view name);
/// Number of the layer in a name that the pattern fits; 0 where the pattern has no `{layer}`.
std::optional<std::uint64_t> layerOf(std::string_view pattern, std::string_view name);

/// What the mapping makes of these tensors: layers and notes, and nothing is read from the file. FP8 counts as F32, as
/// which it is read. Throws Error{Input}, saying which tensors or axes there are.
DumpLayout previewMapping(const TensorListing& listing, const DumpMapping& mapping);
/// The file of a listing, read by a mapping. Throws Error{Input} as previewMapping() does.
DumpLayout readMapped(const FormatProbe& probe, TensorListing listing, const DumpMapping& mapping);

} // namespace pikv
