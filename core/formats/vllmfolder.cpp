// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of vLLM's ExampleConnector (once SharedStorageConnector): one safetensors file a layer, named after it, with
// the one tensor `kv_cache`. The order of its axes changed over the versions; its shape tells them apart.
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/fusedheads.h"
#include "core/formats/latentcache.h"
#include "core/formats/layercheck.h"
#include "core/formats/told.h"
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <md5.h>

namespace pikv {
namespace {

/// How keys and values of `tokens` share a tensor.
enum class Axes { PairFirst, PairSecond, Packed, Latent };

/// One file of the folder.
struct Part {
    std::uint64_t layer = 0;
    std::size_t file = 0; ///< as StoredTensor::file
    std::string name; ///< of the file
    TensorEntry tensor;
};

/// "model.layers.12.self_attn.attn.safetensors" → 12.
std::optional<std::uint64_t> layerInName(const std::string& path)
{
    constexpr std::string_view mark = "layers.";
    const std::string name = std::filesystem::path(path).filename().string();
    const std::size_t at = name.find(mark);
    if (at == std::string::npos)
        return {};
    std::uint64_t layer = maxLayerCount;
    const char* begin = name.data() + at + mark.size();
    if (std::from_chars(begin, name.data() + name.size(), layer).ec == std::errc::invalid_argument)
        return {};
    return layer;
}

bool isPart(const FormatProbe& probe)
{
    const SafetensorsHeader* header = probe.safetensors();
    return header && header->tensors.size() == 1 && header->tensors.front().name == "kv_cache"
        && layerInName(probe.file().name());
}

Axes axesOf(const Part& part)
{
    constexpr std::int64_t smallestBlock = 8; // tokens come in whole blocks of 8, 16 or more
    const std::vector<std::int64_t>& shape = part.tensor.shape;
    const std::string what = part.name + ": tensor 'kv_cache' " + shapeText(shape);
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t n) { return n < 1 || n > maxDimension; }))
        throw inputError(what + " has a dimension outside 1 to 2^31; dump a cache that holds at least one token.");
    if (shape.size() == 2)
        return Axes::Latent;
    if (shape.size() == 4 && shape[1] == 2)
        return Axes::PairSecond;
    if (shape.size() == 3 && shape[0] == 2 && shape[1] % smallestBlock == 0)
        return Axes::PairFirst;
    if (shape.size() == 3 && shape[2] % 2 == 0)
        return Axes::Packed;
    throw inputError(what
        + " is none of [2, tokens, channels], [tokens, 2, kv_heads, head_dim], [tokens, kv_heads, "
          "2 x head_dim] and [tokens, latent], which vLLM's connectors write; dump again with one of them.");
}

/// The opened file, and its neighbours that are layers, by layer. Names come from the folder, never from a file.
std::vector<Part> partsOf(const FormatProbe& probe, DumpLayout& layout)
{
    namespace fs = std::filesystem;
    const std::string& opened = probe.file().name();
    std::vector<Part> parts { { *layerInName(opened), 0, opened, probe.safetensors()->tensors.front() } };
    layout.info.fileBytes = probe.file().size();
    if (probe.folder().empty())
        return parts;
    for (const std::string& path : filesIn(probe.folder())) {
        const fs::path name = fs::path(path).filename();
        if (name.extension() != ".safetensors" || name == fs::path(opened).filename() || !layerInName(path))
            continue;
        const auto file = std::make_shared<FileSource>(path);
        const FormatProbe neighbour(*file);
        if (!isPart(neighbour))
            throw inputError(path
                + " is named like the layers beside it and does not hold one tensor 'kv_cache' as they "
                  "do; move it out of the folder.");
        layout.files.push_back(file);
        layout.info.fileBytes += file->size();
        parts.push_back({ *layerInName(path), layout.files.size(), path, neighbour.safetensors()->tensors.front() });
        if (parts.size() > maxLayerCount)
            throw inputError(probe.folder() + ": it holds more than " + std::to_string(maxLayerCount) + " files.");
    }
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.layer < b.layer; });
    return parts;
}

std::int64_t tokensOf(const Part& part, Axes axes) { return part.tensor.shape[axes == Axes::PairFirst ? 1 : 0]; }

void requireAlike(const Part& part, const Part& first, Axes axes)
{
    const TensorEntry &a = part.tensor, &b = first.tensor;
    if (a.dtype != b.dtype || a.shape.size() != b.shape.size() || axesOf(part) != axes
        || tokensOf(part, axes) != tokensOf(first, axes))
        throw inputError(part.name + ": tensor 'kv_cache' " + shapeText(a.shape) + " " + std::string(dtypeName(a.dtype))
            + " does not fit " + shapeText(b.shape) + " " + std::string(dtypeName(b.dtype)) + " of " + first.name
            + "; all layers need the same tokens, type and axes: dump again into an empty folder.");
    if (a.dtype == DType::U8)
        throw inputError(part.name
            + ": tensor 'kv_cache' is u8, FP8 whose kind and scales the connector leaves out; "
              "dump with --kv-cache-dtype auto.");
}

/// The key or value of one layer: a view of its tensor as [1, kv_heads, tokens, head_dim].
StoredTensor viewOf(const Part& part, Axes axes, bool value, std::int64_t headDim)
{
    StoredTensor view(part.tensor);
    view.file = part.file;
    const std::int64_t tokens = tokensOf(part, axes);
    if (axes == Axes::PairFirst) {
        view.shape = { 2, tokens, part.tensor.shape[2] / headDim, headDim };
        view.narrow(0, value, 1);
    } else {
        const std::int64_t heads = part.tensor.shape[axes == Axes::Packed ? 1 : 2];
        const std::int64_t dim = axes == Axes::Packed ? part.tensor.shape[2] / 2 : part.tensor.shape[3];
        view.shape = axes == Axes::Packed ? std::vector { tokens, heads, std::int64_t(2), dim }
                                          : std::vector { tokens, std::int64_t(2), heads, dim };
        view.narrow(axes == Axes::Packed ? 2 : 1, value, 1);
        if (axes == Axes::Packed)
            view.swapAxes(1, 2);
        view.swapAxes(0, 1); // [1, tokens, kv_heads, head_dim]
    }
    view.swapAxes(1, 2);
    view.name += value ? " (values)" : " (keys)";
    return view;
}

/// The row of every token, which all heads share, as [1, 1, tokens, channels].
void placeRow(std::map<std::uint64_t, FoundLayer>& found, const Part& part)
{
    StoredTensor row(part.tensor);
    row.file = part.file;
    row.shape = { 1, 1, part.tensor.shape[0], part.tensor.shape[1] };
    placeEntry(found, part.layer, &FoundLayer::key, row, part.name);
}

/// vLLM calls the folder by the MD5 of the prompt's token ids, 64 bits each.
void checkPrefix(const FormatProbe& probe, CacheInfo& info)
{
    constexpr std::size_t digits = 32;
    const std::vector<std::int64_t> ids = toldTokenIds(probe.told());
    if (ids.empty() || probe.folder().empty())
        return;
    const std::string name = std::filesystem::absolute(probe.folder()).lexically_normal().filename().string();
    if (name.size() != digits || name.find_first_not_of("0123456789abcdef") != std::string::npos)
        return;
    char hash[MD5_DIGEST_STRING_LENGTH];
    MD5Data(reinterpret_cast<const std::uint8_t*>(ids.data()), ids.size() * sizeof ids.front(), hash);
    if (hash != name)
        info.notes.push_back("the folder is named by vLLM's hash of its prompt, " + name
            + ", which is not that of the token ids that were told: they are another prompt's, or images stood in it");
}

DumpLayout readFolder(const FormatProbe& probe)
{
    DumpLayout layout;
    CacheInfo& info = layout.info;
    info.format = "vLLM connector folder (safetensors)";
    const std::vector<Part> parts = partsOf(probe, layout);
    const Axes axes = axesOf(parts.front());
    std::vector<std::int64_t> widths;
    for (const Part& part : parts) {
        requireAlike(part, parts.front(), axes);
        widths.push_back(part.tensor.shape.back());
    }
    std::int64_t headDim = 0;
    if (axes == Axes::PairFirst)
        headDim = settleHeads(widths, probe.told(), info, probe.file().name());
    else if (axes == Axes::Packed)
        info.notes.push_back(
            "vLLM on a CPU writes its rows in another order, and nothing in the folder says so: of such a "
            "run these are no keys and values, and resources/exporters/dump_vllm.py dumps them");
    std::map<std::uint64_t, FoundLayer> found;
    for (const Part& part : parts) {
        if (axes == Axes::Latent) {
            placeRow(found, part);
            continue;
        }
        placeEntry(found, part.layer, &FoundLayer::key, viewOf(part, axes, false, headDim), part.name);
        placeEntry(found, part.layer, &FoundLayer::value, viewOf(part, axes, true, headDim), part.name);
    }
    if (axes == Axes::Latent) {
        ModelGeometry unknown;
        for (auto& [layer, row] : found)
            row.value = StoredTensor(); // none
        settleLatents(found, unknown, info.notes, parts.front().name);
    }
    applyScales(found, probe.file(), layout);
    acceptLayers(layout, found, probe.folder().empty() ? probe.file().name() : probe.folder());
    checkPrefix(probe, info);
    info.rope.state = RopeInfo::State::Post;
    info.rope.layout = RopeInfo::Layout::Half;
    return layout;
}

const FormatRegistration registration { { .id = "vllm",
    .label = "vLLM connector folder (safetensors, one file a layer)",
    .patterns = { "*.safetensors" },
    .tells
    = "RoPE layout; not the model nor its token ids, but whether those that you tell are its own (the folder's name "
      "is their hash)",
    .isFolder = true,
    .detect = isPart,
    .read = readFolder } };

} // namespace
} // namespace pikv
