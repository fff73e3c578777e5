// SPDX-License-Identifier: GPL-3.0-or-later
// Feeds bytes to everything that reads a dump up to its tensors' data, and to what decodes those. Any exception but
// Error{Input} is a bug, and so is a tensor that lies outside the file. With PIKV_FUZZ_FORMATS, ids with blanks around
// each, it feeds them to these formats alone.
#include "checks.h"
#include "core/formats/dumpmapping.h"
#include "core/formats/formatregistry.h"
#include "core/formats/told.h"
#include <algorithm>

using namespace pikv;
using fuzz::require;

namespace {

void requireInside(const TensorEntry& t, std::uint64_t size)
{
    std::uint64_t bytes = dtypeSize(t.dtype);
    for (std::int64_t n : t.shape)
        bytes *= static_cast<std::uint64_t>(n);
    require(bytes == t.bytes && t.begin <= size && t.bytes <= size - t.begin);
}

/// A view reaches from its first element to behind its last one.
void requireReadable(const StoredTensor& t, const DumpLayout& layout, const ByteSource& file)
{
    constexpr std::uint64_t mostDecoded = 1 << 16; // elements
    const ByteSource& source = layout.fileOf(t, file);
    require(t.begin <= source.size() && t.bytes <= source.size() - t.begin);
    std::uint64_t elements = 1, last = 0;
    for (std::size_t i = 0; i < t.shape.size(); ++i) {
        require(t.shape[i] > 0);
        elements *= static_cast<std::uint64_t>(t.shape[i]);
        if (!t.strides.empty())
            last += static_cast<std::uint64_t>(t.shape[i] - 1) * static_cast<std::uint64_t>(t.strides[i]);
    }
    if (t.decode) {
        std::vector<float> out(std::min(elements, mostDecoded));
        if (elements <= mostDecoded)
            t.decode(source, out);
    } else if (t.strides.empty()) {
        requireInside(t, source.size());
    } else {
        require(t.strides.size() == t.shape.size() && (last + 1) * dtypeSize(t.dtype) == t.bytes);
        Bytes raw(std::min<std::uint64_t>(t.bytes, 1 << 16));
        source.read(t.begin, raw); // compressed ones are damaged where they are
    }
}

#ifdef PIKV_FUZZ_FORMATS
DumpLayout readAsked(const FormatProbe& probe)
{
    static const std::vector<const DumpFormat*> asked = [] {
        constexpr std::string_view ids = PIKV_FUZZ_FORMATS;
        std::vector<const DumpFormat*> formats;
        for (const DumpFormat& format : dumpFormats())
            if (format.read && ids.find(" " + format.id + " ") != std::string_view::npos)
                formats.push_back(&format);
        return formats;
    }();
    for (const DumpFormat* format : asked)
        if (format->detect(probe))
            return format->read(probe);
    throw inputError("none of those");
}
#else
DumpLayout readAsked(const FormatProbe& probe)
{
    const DumpFormat& format = detectFormat(probe);
    requireReadable(format, probe.file().name());
    return format.read ? format.read(probe) : throw inputError("a compressed cache");
}
#endif

void requireSound(const DumpLayout& layout, const ByteSource& file)
{
    require(!layout.layers.empty() && layout.layers.size() == layout.info.layers.size());
    for (const LayerEntries& layer : layout.layers) {
        requireReadable(layer.key, layout, file);
        requireReadable(layer.value, layout, file);
    }
}

/// Of several caches in the file the one that is read where nothing is told, and the last.
void readAs(const char* name, const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, name, [&](const ByteSource& file) {
        const FormatProbe probe(file);
        if (const SafetensorsHeader* header = probe.safetensors())
            for (const TensorEntry& t : header->tensors)
                requireInside(t, size);
        const DumpLayout layout = readAsked(probe);
        requireSound(layout, file);
        if (layout.info.parts.empty())
            return;
        const FormatProbe told(file, {}, { { "part", layout.info.parts.back().id } });
        DumpLayout last = readAsked(told);
        requireSound(last, file);
        acceptTold(last.info, told.told(), name);
        require(last.info.part == layout.info.parts.back().id);
    });
}

/// The same by the mapping that its names and shapes suggest.
[[maybe_unused]] void mapAs(const char* name, const std::uint8_t* data, std::size_t size)
{
    fuzz::parse(data, size, name, [&](const ByteSource& file) {
        const FormatProbe probe(file);
        const DumpFormat& format = detectFormat(probe);
        if (!format.list)
            return;
        TensorListing listing = format.list(probe);
        const auto mapping = guessMapping(listing);
        if (!mapping || !mappingProblem(*mapping).empty())
            return;
        require(parseMapping(printMapping(*mapping)) == *mapping);
        const std::size_t layers = previewMapping(listing, *mapping).layers.size();
        const DumpLayout layout = readMapped(probe, std::move(listing), *mapping);
        require(layout.layers.size() == layers);
        requireSound(layout, file);
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
#ifdef PIKV_FUZZ_NAME
    readAs(PIKV_FUZZ_NAME, data, size);
#else
    readAs("fuzz", data, size);
    mapAs("fuzz", data, size);
    readAs("model.layers.0.safetensors", data, size); // vLLM's files have their layer in the name alone
#endif
    return 0;
}
