// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/decodercaches.h"
#include "core/cache/crossattention.h"
#include "core/formats/told.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

constexpr std::string_view decoderPrefix = "decoder_";
constexpr const char *selfPart = "self", *crossPart = "cross";

/// Of a file that has both caches.
bool isSelf(const CacheInfo& info) { return info.part == selfPart && !info.parts.empty(); }

bool isEncoders(const StoredTensor& tensor) { return tensor.name == "input_ids" || tensor.name == "attention_mask"; }

} // namespace

void chooseAttention(CacheInfo& info, const Told& told, const std::string& file)
{
    std::vector<DumpPart> parts { { selfPart, "self-attention of the decoder's own tokens" },
        { crossPart, "cross-attention of the encoder's tokens" } };
    setCross(info, choosePart(info, std::move(parts), 0, {}, told, file) == 1);
}

std::vector<StoredTensor> ownCompanions(CacheInfo& info, std::span<const StoredTensor> tensors)
{
    std::vector<StoredTensor> own;
    if (!isSelf(info))
        return { tensors.begin(), tensors.end() };
    bool hasIds = false;
    for (const StoredTensor& tensor : tensors) {
        if (isEncoders(tensor))
            continue;
        own.push_back(tensor);
        if (tensor.name.starts_with(decoderPrefix))
            own.back().name.erase(0, decoderPrefix.size());
        hasIds = hasIds || own.back().name == "input_ids";
    }
    if (!hasIds && std::any_of(tensors.begin(), tensors.end(), isEncoders))
        info.notes.push_back(
            "input_ids and attention_mask are the encoder's, as transformers calls them: the decoder's "
            "would be called decoder_input_ids and decoder_attention_mask");
    return own;
}

} // namespace pikv
