// SPDX-License-Identifier: GPL-3.0-or-later
// What the formats share whose tensors have the names that somebody gave them.
#pragma once
#include "core/formats/layercheck.h"
#include <map>
#include <span>
#include <string_view>

namespace pikv {

/// Whether a tensor of this name is keys, values, or their factors: "past_key_values.3.key", "v_3".
bool namesKeyOrValue(std::string_view name);
/// Whether it is both in one: "layers.3.kv".
bool namesBoth(std::string_view name);

/// What the words of a name say, whatever else is in it: "model.3.my_keys" are keys.
enum class NameRole { None, Key, Value, Both };
NameRole nameRole(std::string_view name);

/// Puts the tensors in their places by their names (see readGenericDump()); others are left. Names say which of a
/// decoder's caches they are of, too (see chooseAttention()). Throws Error{Input} for names of the same place, and for
/// tensors that hold keys and values in a way that they do not tell.
void placeNamedTensors(std::map<std::uint64_t, FoundLayer>& found, std::span<const StoredTensor> tensors,
    const Told& told, CacheInfo& info, const std::string& file);

/// A tensor that is all the file has: [layer, 2, batch, kv_heads, seq, head_dim] with keys and values as its second
/// axis, or without batch, which `notes` then says. Throws Error{Input} for other shapes.
void placeStackedPairs(std::map<std::uint64_t, FoundLayer>& found, const StoredTensor& tensor, const std::string& file,
    std::vector<std::string>& notes);

/// Makes the layout of what was found: axes, factors, layers, the tensors beside them, metadata in the native dump's
/// words. `layout.files` and `layout.info.format` are set. `seen`: tokens that all layers saw, of which they keep the
/// last ones where it is more than they hold; 0: unknown. Throws Error{Input}.
void completeDump(DumpLayout& layout, std::map<std::uint64_t, FoundLayer> found, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata, const ByteSource& file, std::int64_t seen = 0);

} // namespace pikv
