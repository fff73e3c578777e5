// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include <map>
#include <string>

namespace pikv {

/// RoPE parameters from a dump's metadata: `key_rope`, `rope_layout`, and `rope_theta`, `rope_dim`, `rope_scaling`,
/// which win over the Hugging Face `config` (both its forms: rope_theta + rope_scaling, and rope_parameters from
/// version 5 on). What is not said stays unknown. Throws Error{Input} naming the key and its value.
RopeInfo ropeFromMetadata(const std::map<std::string, std::string>& metadata, const std::string& file);

/// The metadata keys for `rope`, to be read back by ropeFromMetadata(); nothing for what is unknown.
std::map<std::string, std::string> ropeToMetadata(const RopeInfo& rope);

} // namespace pikv
