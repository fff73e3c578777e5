// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to everything that reads a dump up to its tensors' data. Any exception but Error{Input} is a bug, and so
// is a tensor that lies outside the file.
#include "core/base/error.h"
#include "core/formats/formatregistry.h"
#include <cstdlib>

using namespace pikv;

namespace {
void require(bool condition)
{
    if (!condition)
        std::abort();
}

void requireInside(const TensorEntry& t, std::uint64_t size)
{
    std::uint64_t bytes = dtypeSize(t.dtype);
    for (std::int64_t n : t.shape)
        bytes *= static_cast<std::uint64_t>(n);
    require(bytes == t.bytes && t.begin <= size && t.bytes <= size - t.begin);
}
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const MemorySource file(asBytes(data, size), "fuzz");
    try {
        const FormatProbe probe(file);
        if (const SafetensorsHeader* header = probe.safetensors())
            for (const TensorEntry& t : header->tensors)
                requireInside(t, size);
        const DumpLayout layout = readDump(file);
        require(!layout.layers.empty() && layout.layers.size() == layout.info.layers.size());
        for (const LayerEntries& layer : layout.layers) {
            requireInside(layer.key, size);
            requireInside(layer.value, size);
        }
    } catch (const Error& error) {
        require(error.kind() == ErrorKind::Input);
    }
    return 0;
}
