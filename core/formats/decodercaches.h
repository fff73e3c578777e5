// SPDX-License-Identifier: GPL-3.0-or-later
// The two caches of a decoder that attends to an encoder: that of its own tokens, and that of the encoder's.
#pragma once
#include "core/formats/dumplayout.h"

namespace pikv {

/// Chooses one of a file that has both: "self" or "cross" as `told` says, else the decoder's own, which info.notes then
/// says. Sets info's attention (setCross()), parts and part. Throws Error{Input} where another part was told.
void chooseAttention(CacheInfo& info, const Told& told, const std::string& file);

/// The tensors beside the chosen cache by the native dump's names. transformers calls the encoder's token ids and mask
/// input_ids and attention_mask, and the decoder's the same behind "decoder_"; where the file has one cache, all are
/// its own. info.notes says what is left out.
std::vector<StoredTensor> ownCompanions(CacheInfo& info, std::span<const StoredTensor> tensors);

} // namespace pikv
