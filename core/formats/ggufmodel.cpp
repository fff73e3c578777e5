// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/refusal.h"

namespace pikv {
namespace {

using namespace std::string_view_literals;

const FormatRegistration registration { { .id = "gguf",
    .label = "GGUF model",
    .refusal = "is a GGUF model, not a KV cache; capture a cache with it: pikv capture --model",
    .detect = [](const FormatProbe& probe) { return begins(probe, "GGUF"sv); } } };

bool isOldGgml(const FormatProbe& probe)
{
    return begins(probe, "tjgg"sv) || begins(probe, "lmgg"sv) || begins(probe, "fmgg"sv) || begins(probe, "algg"sv);
}

const FormatRegistration old { { .id = "ggml",
    .label = "model in a format before GGUF",
    .refusal = "is a model in a format before GGUF, not a KV cache; convert it to GGUF first",
    .detect = isOldGgml } };

} // namespace
} // namespace pikv
