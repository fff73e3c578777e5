// SPDX-License-Identifier: GPL-3.0-or-later
// Safetensors files of ours that are no dump: compressed caches, and what a newer version wrote.
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/nativedump.h"

namespace pikv {
namespace {

bool isContainer(const FormatProbe& probe)
{
    const std::string format = kvFormatOf(probe.safetensors());
    return format.starts_with("pikv-enc-") || format.starts_with("pikv-basis-");
}

bool isUnknown(const FormatProbe& probe)
{
    const std::string format = kvFormatOf(probe.safetensors());
    return format.starts_with("pikv-") && format != nativeFormatName && !isContainer(probe);
}

DumpLayout refuseUnknown(const FormatProbe& probe)
{
    throw inputError(probe.file().name() + ": its format is " + inQuotes(kvFormatOf(probe.safetensors()))
        + ", which this version does not know (it reads " + nativeFormatName
        + "); use a newer version of the program.");
}

const FormatRegistration container { { .id = "pikv",
    .label = "compressed cache",
    .patterns = { "*.pikv" },
    .mimeType = "application/x-pikv",
    .tells = "model, RoPE, positions, and the method with its parameters",
    .detect = isContainer } };
const FormatRegistration unknown { { .id = "pikv-newer",
    .label = "file of a newer version of the program",
    .detect = isUnknown,
    .read = refuseUnknown } };

} // namespace
} // namespace pikv
