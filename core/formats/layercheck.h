// SPDX-License-Identifier: GPL-3.0-or-later
// The checks that every dump format shares, and the small tensors beside the layers.
#pragma once
#include "core/formats/dumplayout.h"
#include <map>

namespace pikv {

/// What a reader found of one layer before it knows whether that is complete.
struct FoundLayer {
    std::optional<StoredTensor> key, value, query, keep;
    std::optional<StoredTensor> keyScale, valueScale; ///< factors, see applyScales()
};

/// Puts `entry` in its place; throws Error{Input} when the place is taken or the index is above the limit.
void placeEntry(std::map<std::uint64_t, FoundLayer>& found, std::uint64_t index,
    std::optional<StoredTensor> FoundLayer::*role, const StoredTensor& entry, const std::string& file);

/// Keys and values become stored x factor: of FP8, which is nothing without one (1 where the dump stores none), and of
/// any other type that comes with a factor. Layer by layer one number, or one a KV head. Throws Error{Input} naming a
/// factor that does not fit.
void applyScales(std::map<std::uint64_t, FoundLayer>& found, const ByteSource& file, DumpLayout& layout);

/// Fills layout.layers and layout.info.layers. Layers that hold nothing, or are not there, are those of a model that
/// has some without a cache: the others keep their numbers, and info.notes says which are missing. Refuses missing keys
/// or values, dtypes that a cache cannot have and shapes that disagree.
void acceptLayers(DumpLayout& layout, const std::map<std::uint64_t, FoundLayer>& found, const std::string& file);

/// Reads token ids, positions and query positions, and notes where importance and mask lie. A tensor whose shape does
/// not fit the layers is refused where the format promises it (`strict`), else left out, and info.notes says so.
void acceptCompanions(DumpLayout& layout, const ByteSource& file, std::span<const StoredTensor> tensors, bool strict);

/// Integers of a tensor as 64 bits; throws Error{Input} naming the first value outside 0 … 2^31.
std::vector<std::int64_t> readIntegers(const ByteSource& file, const StoredTensor& entry);

} // namespace pikv
