// SPDX-License-Identifier: GPL-3.0-or-later
// The native dump pikv-kv-1: names of tensors, metadata (resources/docs/format.md).
#include "core/formats/nativedump.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/formats/formatregistry.h"
#include "core/formats/genericdump.h"
#include "core/formats/geometry.h"
#include "core/formats/latentcache.h"
#include "core/formats/layercheck.h"
#include "core/formats/ropeconfig.h"
#include "core/formats/safetensorswriter.h"
#include <algorithm>
#include <array>
#include <charconv>

namespace pikv {
namespace {

struct Part {
    std::string_view name;
    std::optional<StoredTensor> FoundLayer::*role;
};
constexpr std::array parts { Part { "key", &FoundLayer::key }, Part { "value", &FoundLayer::value },
    Part { "query", &FoundLayer::query }, Part { "keep", &FoundLayer::keep } };

/// Metadata that has its own place in CacheInfo and is written from there.
constexpr std::array ownKeys { "kv_format", "axes", "model", "text", "config", "key_rope", "rope_layout", "rope_theta",
    "rope_dim", "rope_scaling", "rope_layers" };

void placeNative(std::map<std::uint64_t, FoundLayer>& found, const StoredTensor& entry, const std::string& file)
{
    constexpr std::string_view prefix = "layers.";
    const std::string_view name = entry.name;
    if (!name.starts_with(prefix))
        return;
    std::uint64_t index = 0;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, index);
    if (error == std::errc::invalid_argument || rest == end || *rest != '.')
        return;
    const std::string_view part(rest + 1, static_cast<std::size_t>(end - rest - 1));
    for (const Part& p : parts)
        if (p.name == part)
            placeEntry(found, error == std::errc() ? index : maxLayerCount, p.role, entry, file);
}

std::string metadataText(const std::map<std::string, std::string>& metadata, const char* key)
{
    const auto at = metadata.find(key);
    return at == metadata.end() ? std::string() : at->second;
}

const FormatRegistration registration { { .id = nativeFormatName,
    .label = "native dump (safetensors)",
    .patterns = { "*.safetensors" },
    .tells = "model and its configuration, RoPE, positions, token ids, text, queries, attention mask, importance",
    .detect = [](const FormatProbe& probe) { return kvFormatOf(probe.safetensors()) == nativeFormatName; },
    .read = [](const FormatProbe& probe) { return readNativeDump(probe.file(), *probe.safetensors()); },
    .list = listSafetensors,
    .write = [](const std::string& path, std::vector<TensorEntry> tensors,
                 const std::map<std::string, std::string>& metadata) -> std::unique_ptr<TensorWriter> {
        return std::make_unique<SafetensorsWriter>(path, std::move(tensors), metadata);
    } } };

} // namespace

std::string kvFormatOf(const SafetensorsHeader* header)
{
    return header ? metadataText(header->metadata, "kv_format") : std::string();
}

DumpLayout readNativeDump(const ByteSource& file, const SafetensorsHeader& header)
{
    return readNativeTensors(
        {}, file, std::vector<StoredTensor>(header.tensors.begin(), header.tensors.end()), header.metadata);
}

DumpLayout readNativeTensors(DumpLayout layout, const ByteSource& file, std::span<const StoredTensor> tensors,
    const std::map<std::string, std::string>& metadata)
{
    CacheInfo& info = layout.info;
    info.format = std::string(nativeFormatName) + " (safetensors)";
    if (const std::string axes = metadataText(metadata, "axes"); !axes.empty() && axes != nativeAxes)
        throw inputError(file.name() + ": metadata axes is " + inQuotes(axes) + " where '" + nativeAxes
            + "' was expected; transpose the tensors before saving.");
    std::map<std::uint64_t, FoundLayer> found;
    for (const StoredTensor& entry : tensors)
        placeNative(found, entry, file.name());
    if (found.empty())
        throw inputError(file.name() + ": it has no tensor 'layers.0.key'; a " + nativeFormatName
            + " dump needs layers.<i>.key and layers.<i>.value.");
    ModelGeometry geometry = geometryFromMetadata(metadata, file.name());
    settleLatents(found, geometry, info.notes, file.name());
    acceptLayers(layout, found, file.name());
    settleGeometry(layout, geometry, file);
    acceptCompanions(layout, file, tensors, true);
    acceptMetadata(info, metadata, file.name());
    return layout;
}

void acceptMetadata(CacheInfo& info, const std::map<std::string, std::string>& metadata, const std::string& file)
{
    info.model = metadataText(metadata, "model");
    info.text = metadataText(metadata, "text");
    info.config = metadataText(metadata, "config");
    acceptRope(info, metadata, file);
    const bool cross = isCross(info), isRotated = metadataText(metadata, "key_rope") == "post";
    info.metadata = metadata;
    if (cross)
        info.metadata[crossAttentionKey] = crossAttentionValue;
    if (isCross(info) && !isRotated)
        setCross(info, true);
    for (const char* key : ownKeys)
        info.metadata.erase(key);
}

std::string nativeTensorName(std::size_t layer, const char* part)
{
    return "layers." + std::to_string(layer) + "." + part;
}

std::map<std::string, std::string> nativeMetadata(const CacheInfo& info)
{
    std::map<std::string, std::string> metadata = ropeToMetadata(info);
    metadata.insert(info.metadata.begin(), info.metadata.end());
    metadata["kv_format"] = nativeFormatName;
    metadata["axes"] = nativeAxes;
    for (const auto& [key, text] :
        { std::pair { "model", &info.model }, { "text", &info.text }, { "config", &info.config } })
        if (!text->empty())
            metadata[key] = *text;
    return metadata;
}

} // namespace pikv
