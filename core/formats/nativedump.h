// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

inline constexpr const char* nativeFormatName = "pikv-kv-1";
inline constexpr const char* nativeAxes = "batch,kv_head,seq,head_dim";

/// Reads the native dump: tensors `layers.<i>.key`, `.value`, optional `.query` and `.keep`; `query_positions`,
/// `input_ids`, `attention_mask`, `positions`, `importance`; model, text, config and RoPE in the metadata.
/// Throws Error{Input}.
DumpLayout readNativeDump(const ByteSource& file, const SafetensorsHeader& header);
/// The same of tensors that lie in `file` or in `layout.files`; what the layout has besides is kept.
DumpLayout readNativeTensors(DumpLayout layout, const ByteSource& file, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata);

/// Metadata `kv_format`; "" where there is none, or no header.
std::string kvFormatOf(const SafetensorsHeader* header);

/// Name of a layer's tensor: nativeTensorName(3, "key") is "layers.3.key".
std::string nativeTensorName(std::size_t layer, const char* part);

/// Takes model, text, config and RoPE from the metadata; keys without a place of their own go to info.metadata.
void acceptMetadata(CacheInfo& info, const std::map<std::string, std::string>& metadata, const std::string& file);

/// The metadata strings of a native dump of `info`.
std::map<std::string, std::string> nativeMetadata(const CacheInfo& info);

} // namespace pikv
