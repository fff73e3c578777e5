// SPDX-License-Identifier: GPL-3.0-or-later
// LMCache's chunks: `.data` of its file system backend behind a header of seven numbers, and their relatives, which do
// not say enough to be read.
#include "core/base/text.h"
#include "core/formats/formatregistry.h"
#include "core/formats/fusedheads.h"
#include "core/formats/genericdump.h"
#include "core/formats/layercheck.h"
#include "core/formats/refusal.h"
#include "core/formats/told.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t headerBytes = 28, groupBytes = 20;
enum ChunkFormat : std::int32_t { Undefined, Kv2Ltd, KvT2d, Kv2Td, Binary, BinaryBuffer, KvMla };

/// Seven i32, little endian.
struct ChunkHeader {
    std::int64_t length = 0; ///< of the data behind the header
    std::int32_t format = 0, dtype = 0;
    std::array<std::int64_t, 4> shape {};
};

std::optional<ChunkHeader> headerOf(const ByteSource& file)
{
    if (file.size() < headerBytes)
        return {};
    std::array<std::byte, headerBytes> raw;
    file.read(0, raw);
    const auto word = [&](std::size_t i) { return loadLe<std::int32_t>(raw.data() + 4 * i); };
    return ChunkHeader { word(0), word(1), word(2), { word(3), word(4), word(5), word(6) } };
}

std::optional<DType> dtypeOf(std::int32_t number)
{
    constexpr std::array types { DType::F16, DType::F16, DType::BF16, DType::F32, DType::F64, DType::U8, DType::F8E4M3,
        DType::F8E5M2 };
    if (number < 1 || number > std::int32_t(types.size()))
        return {};
    return types[static_cast<std::size_t>(number - 1)];
}

/// Bytes that the shape needs; 0 for one that no chunk has.
std::uint64_t bytesOf(const ChunkHeader& header, DType dtype)
{
    std::uint64_t bytes = dtypeSize(dtype);
    for (const std::int64_t n : header.shape)
        if (n < 1 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes))
            return 0;
    return bytes;
}

/// The header agrees with itself or with the file's size, so that a chunk cut short is one, too.
bool isChunk(const FormatProbe& probe)
{
    if (probe.safetensors())
        return false;
    const auto header = headerOf(probe.file());
    if (!header || header->length < 1 || header->format < Undefined || header->format > KvMla || header->dtype < 0
        || header->dtype > 8
        || std::any_of(header->shape.begin(), header->shape.end(), [](std::int64_t n) { return n < 0; }))
        return false;
    const auto dtype = dtypeOf(header->dtype);
    const bool wholeFile = static_cast<std::uint64_t>(header->length) == probe.file().size() - headerBytes;
    const bool wholeShape = dtype && header->shape[0] == 2 && header->format == Kv2Ltd
        && bytesOf(*header, *dtype) == static_cast<std::uint64_t>(header->length);
    return wholeFile || wholeShape;
}

std::string_view formatText(std::int32_t format)
{
    switch (format) {
    case KvT2d:
        return "one layer's keys and values (KV_T2D), without its number";
    case Kv2Td:
        return "one layer's keys and values (KV_2TD), without its number";
    case Binary:
    case BinaryBuffer:
        return "bytes of a serialiser, as CacheGen's, which need LMCache and the model's name to decode";
    case KvMla:
        return "a latent cache (MLA), which has no separate keys and values";
    default:
        return "data of a format that it does not name";
    }
}

/// "vllm@model@1@0@hash.data", or without the engine: the part before the world size. Since 0.4 "-SEP-" is a slash.
std::string modelInName(const std::string& path)
{
    std::string name = path.substr(path.find_last_of('/') + 1);
    std::vector<std::string> parts;
    for (std::size_t at = 0; at != std::string::npos;) {
        const std::size_t end = name.find('@', at);
        parts.push_back(name.substr(at, end == std::string::npos ? end : end - at));
        at = end == std::string::npos ? end : end + 1;
    }
    if (parts.size() < 4)
        return {};
    const bool numeric = !parts[1].empty() && parts[1].find_first_not_of("0123456789") == std::string::npos;
    std::string model = numeric ? parts[0] : parts[1];
    constexpr std::string_view slash = "-SEP-";
    for (std::size_t at = 0; (at = model.find(slash, at)) != std::string::npos; ++at)
        model.replace(at, slash.size(), "/");
    return model;
}

/// Throws Error{Input} where it is no chunk of keys and values of all layers, whole.
DType requireKeysAndValues(const ChunkHeader& header, const ByteSource& file)
{
    const std::string what = file.name() + ": an LMCache chunk";
    if (header.format != Kv2Ltd)
        throw inputError(what + " that holds " + std::string(formatText(header.format))
            + "; store the cache with remote_serde: \"naive\" and without layerwise caching.");
    const auto dtype = dtypeOf(header.dtype);
    const std::string shape = shapeText(header.shape);
    if (!dtype || *dtype == DType::U8)
        throw inputError(what + " of type " + std::to_string(header.dtype)
            + " (at byte 8) where f16, bf16, f32, f64 or FP8 (1 to 5, 7, 8) was expected; store it unquantised.");
    const std::uint64_t bytes = bytesOf(header, *dtype);
    if (header.shape[0] != 2 || bytes == 0 || header.shape[1] > std::int64_t(maxLayerCount))
        throw inputError(what + " of shape " + shape
            + " (at byte 12) where [2, layers, tokens, channels] was expected; store it again.");
    if (bytes != static_cast<std::uint64_t>(header.length) || bytes != file.size() - headerBytes)
        throw inputError(what + " of shape " + shape + " " + std::string(dtypeName(*dtype)) + " needs "
            + std::to_string(bytes) + " bytes behind its header, which claims " + std::to_string(header.length)
            + ", and the file has " + std::to_string(file.size() - headerBytes)
            + "; it is damaged or cut short: copy it again.");
    return *dtype;
}

/// [2, layers, tokens, channels] of one type.
struct Group {
    DType dtype;
    std::array<std::int64_t, 4> shape;
    std::uint64_t begin; ///< in the file
};

/// Puts the group's layers behind those that were found.
void placeGroup(
    std::map<std::uint64_t, FoundLayer>& found, const Group& group, std::int64_t headDim, const std::string& file)
{
    const auto [two, layers, tokens, width] = group.shape;
    const std::uint64_t plane = static_cast<std::uint64_t>(tokens * width) * dtypeSize(group.dtype);
    const std::uint64_t first = found.size();
    for (std::int64_t i = 0; i < two * layers; ++i) {
        const std::uint64_t layer = first + static_cast<std::uint64_t>(i % layers);
        StoredTensor view;
        view.name = "layer " + std::to_string(layer) + (i < layers ? " keys" : " values");
        view.dtype = group.dtype;
        view.shape = { 1, tokens, width / headDim, headDim };
        view.begin = group.begin + static_cast<std::uint64_t>(i) * plane;
        view.bytes = plane;
        view.swapAxes(1, 2);
        placeEntry(found, layer, i < layers ? &FoundLayer::key : &FoundLayer::value, view, file);
    }
}

/// All groups of a chunk as one cache, or the one that was told.
DumpLayout layoutOf(const FormatProbe& probe, std::vector<Group> groups)
{
    const ByteSource& file = probe.file();
    DumpLayout layout;
    CacheInfo& info = layout.info;
    info.format = "LMCache chunk";
    info.fileBytes = file.size();
    info.model = modelInName(file.name());
    if (groups.size() > 1) {
        std::vector<DumpPart> parts { { "all", "all groups of layers, one after the other" } };
        for (std::size_t i = 0; i < groups.size(); ++i)
            parts.push_back({ std::to_string(i),
                "group " + std::to_string(i) + " of " + countText(std::uint64_t(groups[i].shape[1]), "layer") + " and "
                    + std::to_string(groups[i].shape[3]) + " channels" });
        const std::size_t chosen = choosePart(info, std::move(parts), 0, {}, probe.told(), file.name());
        info.notes.push_back(chosen == 0
                ? "layers are numbered in the order of the groups, from 0: which layers of the model they are, the "
                  "file "
                  "does not say"
                : "the group's layers are numbered from 0: which layers of the model they are, the file does not say");
        if (chosen > 0)
            groups = { groups[chosen - 1] };
    }
    std::vector<std::int64_t> widths;
    for (const Group& group : groups)
        widths.push_back(group.shape[3]);
    const std::int64_t headDim = settleHeads(widths, probe.told(), info, file.name());
    std::map<std::uint64_t, FoundLayer> found;
    for (const Group& group : groups)
        placeGroup(found, group, headDim, file.name());
    applyScales(found, file, layout);
    acceptLayers(layout, found, file.name());
    info.notes.push_back("one chunk of a prompt: where in the prompt it stood, the file does not say; positions count "
                         "from 0");
    info.rope.state = RopeInfo::State::Post;
    info.rope.layout = RopeInfo::Layout::Half;
    return layout;
}

DumpLayout readChunk(const FormatProbe& probe)
{
    const ChunkHeader header = *headerOf(probe.file());
    return layoutOf(probe, { { requireKeysAndValues(header, probe.file()), header.shape, headerBytes } });
}

/// 8 + 20 bytes a group, several groups, as multi-group models have.
bool isGrouped(const FormatProbe& probe)
{
    constexpr std::uint64_t mostGroups = 64;
    const auto header = headerOf(probe.file());
    if (!header || probe.safetensors() || header->length < 1 || header->format < Undefined || header->format > KvMla)
        return false;
    const std::uint64_t before = probe.file().size()
        - std::min<std::uint64_t>(probe.file().size(), static_cast<std::uint64_t>(header->length));
    return before >= 8 + 2 * groupBytes && (before - 8) % groupBytes == 0 && (before - 8) / groupBytes <= mostGroups
        && header->dtype >= 1 && header->dtype <= 8;
}

/// `length, format`, then `dtype, shape` of every group; their data follow in the same order.
DumpLayout readGroups(const FormatProbe& probe)
{
    const ByteSource& file = probe.file();
    const ChunkHeader first = *headerOf(file);
    const std::uint64_t before = file.size() - static_cast<std::uint64_t>(first.length);
    const std::string what = file.name() + ": an LMCache chunk of several groups";
    if (first.format != Kv2Ltd)
        throw inputError(what + " that holds " + std::string(formatText(first.format))
            + "; store the cache with remote_serde: \"naive\" and without layerwise caching.");
    Bytes head(before);
    file.read(0, head);
    std::vector<Group> groups;
    std::uint64_t begin = before, layers = 0;
    for (std::size_t at = 8; at < before; at += groupBytes) {
        const auto word = [&](std::size_t i) { return loadLe<std::int32_t>(head.data() + at + 4 * i); };
        const ChunkHeader group { 0, first.format, word(0), { word(1), word(2), word(3), word(4) } };
        const auto dtype = dtypeOf(group.dtype);
        const std::uint64_t bytes = dtype ? bytesOf(group, *dtype) : 0;
        layers += bytes ? static_cast<std::uint64_t>(group.shape[1]) : 0;
        if (bytes == 0 || *dtype == DType::U8 || group.shape[0] != 2 || layers > maxLayerCount
            || bytes > file.size() - begin)
            throw inputError(what + ": its group " + std::to_string(groups.size()) + " of type "
                + std::to_string(group.dtype) + " and shape " + shapeText(group.shape) + " (at byte "
                + std::to_string(at)
                + ") is no [2, layers, tokens, channels] of f16, bf16, f32, f64 or FP8 that the file has room for; "
                  "dump "
                  "the model's cache with resources/exporters/dump_hf.py.");
        groups.push_back({ *dtype, group.shape, begin });
        begin += bytes;
    }
    if (begin != file.size())
        throw inputError(what + " whose data end at byte " + std::to_string(begin) + " of "
            + std::to_string(file.size()) + "; it is damaged: copy it again.");
    return layoutOf(probe, std::move(groups));
}

bool isCacheGen(const FormatProbe& probe)
{
    if (!probe.head().starts_with("\x80"sv) || probe.safetensors())
        return false;
    std::string start(std::min<std::uint64_t>(probe.file().size(), 256), '\0');
    probe.file().read(0, std::as_writable_bytes(std::span(start)));
    return start.find("CacheGen") != std::string::npos;
}

/// Of names only, where no content tells: key@…@… that LMCache gives its files.
bool isRaw(const FormatProbe& probe)
{
    const std::string& path = probe.file().name();
    const std::string name = path.substr(path.find_last_of('/') + 1);
    return std::count(name.begin(), name.end(), '@') >= 3 && (name.ends_with(".pt") || name.ends_with(".data"));
}

bool isOld(const FormatProbe& probe)
{
    const SafetensorsHeader* header = probe.safetensors();
    return header && header->tensors.size() == 1
        && (header->tensors.front().name == "kv_chunk" || header->tensors.front().name == "tensor_bytes");
}

const FormatRegistration chunk { { .id = "lmcache",
    .label = "LMCache chunk",
    .patterns = { "*.data" },
    .tells = "RoPE layout, and the model where the file's name has it",
    .detect = isChunk,
    .read = readChunk } };
const FormatRegistration grouped { { .id = "lmcache-groups",
    .label = "LMCache chunk of several groups",
    .patterns = { "*.data" },
    .tells = "as a chunk of one group; which layers of the model its groups are it does not",
    .rank = 3, // a size that fits by chance is likelier here
    .detect = isGrouped,
    .read = readGroups } };
const FormatRegistration cacheGen { { .id = "lmcache-cachegen",
    .label = "LMCache chunk compressed by CacheGen",
    .refusal = "is a pickle of LMCache's CacheGen, which may run code and needs the model's name to decode; store the "
               "cache with remote_serde: \"naive\"",
    .rank = 0, // before any other pickle
    .detect = isCacheGen } };
const FormatRegistration old { { .id = "lmcache-0.1",
    .label = "LMCache chunk of version 0.1",
    .refusal = "is a chunk of LMCache 0.1, which this version does not read; load it with safetensors and save "
               "layers.<i>.key and layers.<i>.value, each [1, kv_heads, seq, head_dim], or map "
               "its axes",
    .detect = isOld,
    .list = listSafetensors } };
const FormatRegistration raw { { .id = "lmcache-raw",
    .label = "LMCache chunk without a header",
    .refusal = "is named like a chunk of LMCache and has no header that says its shape (local disk, or "
               "save_chunk_meta: false); store the cache with LMCache's fs backend, remote_url: fs://…",
    .rank = 4, // by its name, which is trusted last
    .detect = isRaw } };

} // namespace
} // namespace pikv
