// SPDX-License-Identifier: GPL-3.0-or-later
// The loop of methods that code each plane by itself: sections of known size, spans of each plane, rows in and out.
#include "core/codec/parts/planecodec.h"
#include "core/codec/parts/headrows.h"
#include "core/codec/parts/planes.h"
#include "core/kernels/pastcaches.h"

namespace pikv {
namespace {

std::string sectionName(const char* tensor, const PlaneSection& section)
{
    return section.name.empty() ? tensor : std::string(tensor) + "." + section.name;
}

/// Plane p of `rows` [batch, heads, seq, dim].
PlaneRows planeOf(const at::Tensor& rows, std::int64_t p, bool pastCaches = false)
{
    const std::int64_t heads = rows.size(1);
    return HeadRows(rows, p % heads, nullptr).plane(p / heads, pastCaches);
}

void encodeTensor(
    const char* name, const at::Tensor& tensor, const PlaneCodec& codec, SectionSet& out, const JobControl& job)
{
    const at::Tensor rows = rowTensor(tensor);
    const std::int64_t planes = rows.size(0) * rows.size(1);
    const std::vector<PlaneSection> sections = codec.sections();
    std::vector<Bytes> bytes;
    for (const PlaneSection& section : sections)
        bytes.emplace_back(static_cast<std::size_t>(planes) * section.bytes);
    forEachPlane(c10::kCPU, planes, job, [&](std::int64_t p) {
        std::vector<std::span<std::byte>> parts;
        for (std::size_t s = 0; s < sections.size(); ++s)
            parts.push_back(
                std::span(bytes[s]).subspan(static_cast<std::size_t>(p) * sections[s].bytes, sections[s].bytes));
        codec.encode(planeOf(rows, p), parts, job);
    });
    for (std::size_t s = 0; s < sections.size(); ++s)
        out.add(sectionName(name, sections[s]), std::move(bytes[s]));
}

void decodeTensor(const char* name, const SectionSet& stored, const PlaneCodec& codec, const at::Tensor& target,
    const JobControl& job)
{
    const std::int64_t planes = target.size(0) * target.size(1);
    const bool pastCaches = outgrowsCaches(target.nbytes());
    const std::vector<PlaneSection> sections = codec.sections();
    std::vector<ByteSpan> bytes;
    for (const PlaneSection& section : sections)
        bytes.push_back(stored.get(sectionName(name, section), static_cast<std::size_t>(planes) * section.bytes));
    forEachPlane(c10::kCPU, planes, job, [&](std::int64_t p) {
        std::vector<ByteSpan> parts;
        for (std::size_t s = 0; s < sections.size(); ++s)
            parts.push_back(bytes[s].subspan(static_cast<std::size_t>(p) * sections[s].bytes, sections[s].bytes));
        codec.decode(parts, planeOf(target, p, pastCaches), job);
    });
}

} // namespace

std::uint64_t PlanewiseCompressor::storedSeed(const SectionSet&) const { return 0; }

void PlanewiseCompressor::encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const
{
    const LayerShape& s = input.shape;
    encodeTensor("k", input.kv.key, *planeCodec(s, true, context.seed), out, context.job);
    encodeTensor("v", input.kv.value, *planeCodec(s, false, context.seed), out, context.job);
}

LayerKv PlanewiseCompressor::decodeLayer(const LayerOutput& output, const CodecContext& context) const
{
    const LayerShape& s = output.shape;
    const std::uint64_t seed = storedSeed(output.global);
    const LayerKv kv = output.placeOnHost();
    decodeTensor("k", output.sections, *planeCodec(s, true, seed), kv.key, context.job);
    decodeTensor("v", output.sections, *planeCodec(s, false, seed), kv.value, context.job);
    return { kv.key.to(context.device), kv.value.to(context.device), {}, {} };
}

} // namespace pikv
