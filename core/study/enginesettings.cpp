// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/enginesettings.h"

namespace pikv {
namespace {

struct Known {
    const char *spec, *engine, *setting;
};

// llama.cpp: common/arg.cpp (-ctk, -ctv; a quantised V needs flash attention). vLLM: --kv-cache-dtype. transformers:
// GenerationConfig.cache_implementation; its QuantizedCache codes keys token by token, which none of the methods does.
constexpr Known known[] = {
    { "identity", "llama.cpp", "-ctk f16 -ctv f16" },
    { "identity", "vLLM", "--kv-cache-dtype auto" },
    { "identity", "transformers", "cache_implementation=\"dynamic\"" },
    { "q8_0", "llama.cpp", "-fa on -ctk q8_0 -ctv q8_0" },
    { "q4_0", "llama.cpp", "-fa on -ctk q4_0 -ctv q4_0" },
};

} // namespace

std::vector<EngineSetting> engineSettings(const MethodSpec& method)
{
    std::vector<EngineSetting> settings;
    const std::string spec = printSpec(method); // parameters that are no defaults count
    for (const Known& entry : known)
        if (spec == entry.spec)
            settings.push_back({ entry.engine, entry.setting });
    return settings;
}

} // namespace pikv
