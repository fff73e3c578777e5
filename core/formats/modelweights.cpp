// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/modelweights.h"
#include "core/formats/formatregistry.h"
#include "core/formats/nativedump.h"
#include <algorithm>

namespace pikv {
namespace {

bool isModel(const FormatProbe& probe)
{
    const SafetensorsHeader* header = probe.safetensors();
    return header && !kvFormatOf(header).starts_with("pikv-")
        && std::any_of(
            header->tensors.begin(), header->tensors.end(), [](const TensorEntry& t) { return namesWeight(t.name); });
}

const FormatRegistration registration { { .id = "weights",
    .label = "model weights (safetensors)",
    .refusal = std::string(weightsRefusal),
    .detect = isModel } };

} // namespace

bool namesWeight(std::string_view name)
{
    return name.ends_with("embed_tokens.weight") || name.ends_with("lm_head.weight") || name.ends_with("_proj.weight")
        || name.ends_with("norm.weight");
}

} // namespace pikv
