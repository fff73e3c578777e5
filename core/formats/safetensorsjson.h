// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/safetensors.h"

namespace pikv {

/// Reads the header's JSON: an object of tensors and `__metadata__`. Tensors come in the order of the text, their
/// `begin` counts from the start of the data; sizes and offsets are not yet compared. Throws Error{Input}.
SafetensorsHeader parseSafetensorsJson(std::string_view json, const std::string& file);

} // namespace pikv
