// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/dumplayout.h"
#include "core/base/text.h"
#include "core/formats/genericdump.h"
#include "core/formats/nativedump.h"
#include <algorithm>

namespace pikv {
namespace {

std::string formatOf(const SafetensorsHeader& header)
{
    const auto at = header.metadata.find("kv_format");
    return at == header.metadata.end() ? std::string() : at->second;
}

bool isModel(const SafetensorsHeader& header)
{
    return std::any_of(header.tensors.begin(), header.tensors.end(), [](const TensorEntry& t) {
        const std::string_view name = t.name;
        return name.ends_with("embed_tokens.weight") || name.ends_with("lm_head.weight")
            || name.ends_with("_proj.weight") || name.ends_with("norm.weight");
    });
}

} // namespace

bool isEncodedContainer(const SafetensorsHeader& header)
{
    return formatOf(header).starts_with("pikv-enc-") || formatOf(header).starts_with("pikv-basis-");
}

DumpLayout readSafetensorsDump(const ByteSource& file, const SafetensorsHeader& header)
{
    const std::string format = formatOf(header);
    if (format == nativeFormatName)
        return readNativeDump(file, header);
    if (format.starts_with("pikv-"))
        throw inputError(file.name() + ": its format is " + inQuotes(format)
            + ", which this version does not know (it reads " + nativeFormatName
            + "); use a newer version of the program.");
    if (isModel(header))
        throw inputError(
            file.name() + " holds a model's weights, not a KV cache; capture a cache with it: pikv capture --model.");
    return readGenericDump(file, header);
}

} // namespace pikv
