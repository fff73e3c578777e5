// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/formatregistry.h"
#include "core/formats/nativedump.h"
#include <algorithm>

namespace pikv {
namespace {

bool isModel(const FormatProbe& probe)
{
    const SafetensorsHeader* header = probe.safetensors();
    return header && !kvFormatOf(header).starts_with("pikv-")
        && std::any_of(header->tensors.begin(), header->tensors.end(), [](const TensorEntry& t) {
               const std::string_view name = t.name;
               return name.ends_with("embed_tokens.weight") || name.ends_with("lm_head.weight")
                   || name.ends_with("_proj.weight") || name.ends_with("norm.weight");
           });
}

const FormatRegistration registration { { .id = "weights",
    .label = "model weights (safetensors)",
    .refusal = "holds a model's weights, not a KV cache; capture a cache with it: pikv capture --model",
    .detect = isModel } };

} // namespace
} // namespace pikv
