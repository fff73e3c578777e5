// SPDX-License-Identifier: GPL-3.0-or-later
// What the formats share that are known in order to be refused with the way out.
#pragma once
#include "core/formats/formatregistry.h"

namespace pikv {

inline constexpr const char* saveAgain
    = "; load it in Python and write its keys and values with resources/exporters/dump_hf.py or "
      "safetensors.torch.save_file";

/// A file that begins with these bytes and is no safetensors file whose length word equals them by chance.
inline bool begins(const FormatProbe& probe, std::string_view magic)
{
    return probe.head().starts_with(magic) && !probe.safetensors();
}

} // namespace pikv
