// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumplayout.h"
#include "core/formats/tensorlisting.h"

namespace pikv {

class FormatProbe;

/// Reads dumps made by hand: one key and one value tensor a layer under the names that people and exporters give
/// (`past_key_values.0.key`, `layer_0_k`, `key_cache.0`, `0_values`, `cache_k_l0`, …; rank 4, or 3 without batch),
/// one stacked tensor for all keys and one for all values (rank 5, or 4 without batch), or one tensor of rank 6
/// `[layer, 2, batch, kv_heads, seq, head_dim]`. Throws Error{Input}.
DumpLayout readGenericDump(const FormatProbe& probe);
/// The same of tensors that lie in `file` or in `layout.files`; what the layout has besides is kept.
DumpLayout readGenericTensors(DumpLayout layout, const ByteSource& file, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata, const Told& told);

/// The tensors of a safetensors file, whatever it is.
TensorListing listSafetensors(const FormatProbe& probe);

} // namespace pikv
