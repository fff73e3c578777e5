// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/genericdump.h"
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/namedtensors.h"

namespace pikv {
namespace {

const FormatRegistration registration { { .id = "safetensors",
    .label = "key and value tensors (safetensors)",
    .patterns = { "*.safetensors" },
    .tells = "what its metadata says in the native dump's words, and token ids, positions, mask and importance where "
             "their shapes fit",
    .rank = 2, // what none of the others claims
    .detect = [](const FormatProbe& probe) { return probe.safetensors() != nullptr; },
    .read = readGenericDump,
    .list = listSafetensors } };

} // namespace

TensorListing listSafetensors(const FormatProbe& probe)
{
    const SafetensorsHeader& header = *probe.safetensors();
    return { probe.file().name(), "tensors (safetensors)", { header.tensors.begin(), header.tensors.end() },
        header.metadata, {} };
}

DumpLayout readGenericDump(const FormatProbe& probe)
{
    const SafetensorsHeader& header = *probe.safetensors();
    return readGenericTensors({}, probe.file(), std::vector<StoredTensor>(header.tensors.begin(), header.tensors.end()),
        header.metadata, probe.told());
}

DumpLayout readGenericTensors(DumpLayout layout, const ByteSource& file, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata, const Told& told)
{
    layout.info.format = "key and value tensors (safetensors)";
    std::map<std::uint64_t, FoundLayer> found;
    placeNamedTensors(found, tensors, told, layout.info, file.name());
    if (found.empty())
        throw inputError(file.name() + ": none of its " + countText(tensors.size(), "tensor")
            + " is named like a key or value (layers.0.key, past_key_values.0.value, …); write a dump with "
              "resources/exporters/dump_hf.py.");
    completeDump(layout, std::move(found), tensors, metadata, file);
    return layout;
}

} // namespace pikv
