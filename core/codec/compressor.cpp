// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/compressor.h"
#include "core/codec/layerview.h"
#include "core/codec/tensorbytes.h"
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <algorithm>

namespace pikv {
namespace {

/// Rows [0, first) and [seq - last, seq) are kept beside the method.
struct Protection {
    std::int64_t first = 0, last = 0, seq = 0;

    Protection(const ParamSet& params, std::int64_t seqLength)
        : seq(seqLength)
    {
        first = std::min(params.integer("sinks"), seq);
        last = std::min(params.integer("recent"), seq - first);
    }
    bool any() const { return first + last > 0; }
    std::int64_t middle() const { return seq - first - last; }
    at::Tensor protectedRows(const at::Tensor& rows) const
    {
        return at::cat({ rows.narrow(2, 0, first), rows.narrow(2, seq - last, last) }, 2);
    }
    at::Tensor middleRows(const at::Tensor& rows) const { return rows.narrow(2, first, middle()); }
    void putProtected(const at::Tensor& kept, const at::Tensor& rows) const
    {
        rows.narrow(2, 0, first).copy_(kept.narrow(2, 0, first));
        rows.narrow(2, seq - last, last).copy_(kept.narrow(2, first, last));
    }
    /// Nothing to do where the method has written into `place` itself.
    static void putMiddle(const at::Tensor& rows, const at::Tensor& place)
    {
        if (rows.defined() && rows.data_ptr() != place.data_ptr())
            place.copy_(rows);
    }
    LayerShape middleShape(LayerShape shape) const
    {
        shape.seq = middle();
        return shape;
    }
};

/// Protected rows are stored at 16 bits: in the dump's own type where that is one, else as f16.
DType protectedType(DType dtype) { return dtype == DType::BF16 ? DType::BF16 : DType::F16; }

LayerInput middleInput(const LayerInput& input, const Protection& p)
{
    LayerInput middle = input;
    middle.shape = p.middleShape(input.shape);
    middle.kv.key = p.middleRows(input.kv.key);
    middle.kv.value = p.middleRows(input.kv.value);
    middle.positions = input.positions.narrow(0, p.first, p.middle());
    if (input.importance.defined())
        middle.importance = input.importance.narrow(1, p.first, p.middle());
    return middle;
}

LayerKv emptyLayer(const LayerShape& s, c10::Device device)
{
    const auto rows = [&](std::int64_t dim, DType dtype) {
        return at::empty({ s.batch, s.kvHeads, s.seq, dim }, at::TensorOptions(torchType(dtype)).device(device));
    };
    return { rows(s.keyDim, s.keyDtype), rows(s.valueDim, s.valueDtype), {}, {} };
}

at::Tensor readProtected(const LayerOutput& output, const char* name, const Protection& p, std::int64_t dim,
    DType dtype, const CodecContext& context)
{
    const LayerShape& s = output.shape;
    return tensorFromBytes(
        output.sections.get(name), protectedType(dtype), { s.batch, s.kvHeads, p.first + p.last, dim })
        .to(context.device);
}

} // namespace

LayerKv LayerOutput::placeOnHost() const { return place.key.is_cpu() ? place : emptyLayer(shape, c10::kCPU); }

void checkMethod(const MethodSpec& method, const CacheInfo& info) { makeCompressor(method)->validate(info); }

void Compressor::validate(const CacheInfo&) const { }
std::vector<std::string> Compressor::warnings(const CacheInfo&) const { return {}; }

std::vector<std::string> LayerwiseCompressor::warnings(const CacheInfo& info) const
{
    if (undoesRope() && !info.rope.invertible())
        return { "rope=undo has no effect: the dump does not say how its keys were rotated" };
    return {};
}

ParamSpec ropeParam(std::string help)
{
    return param::choice("rope", "Rotation", "undo", { "undo", "keep" }, std::move(help));
}

bool LayerwiseCompressor::undoesRope() const { return params().has("rope") && params().text("rope") == "undo"; }

std::optional<RopeTable> LayerwiseCompressor::keyRotation(const LayerInput& input, c10::Device device) const
{
    return pikv::keyRotation(undoesRope(), input.rope, input.positions.to(device), input.shape.keyDim);
}

std::optional<RopeTable> LayerwiseCompressor::keyRotation(const LayerOutput& output, c10::Device device) const
{
    return pikv::keyRotation(undoesRope(), output.rope, output.positions.to(device), output.shape.keyDim);
}

LayerShape LayerwiseCompressor::codedShape(LayerShape shape) const
{
    return Protection(params(), shape.seq).middleShape(shape);
}

SectionSet LayerwiseCompressor::encodeOne(
    const LayerInput& input, const SectionSet& global, const CodecContext& context) const
{
    SectionSet out;
    LayerInput whole = input;
    if (const EncodedCache* basis = shared())
        whole.shared = &basis->layers.at(static_cast<std::size_t>(input.index));
    const Protection p(params(), input.shape.seq);
    if (!p.any()) {
        encodeLayer(whole, out, context);
        return out;
    }
    if (p.middle() > 0)
        encodeLayer(middleInput(whole, p), out, context);
    out.add("protected.k", tensorToBytes(p.protectedRows(input.kv.key), protectedType(input.shape.keyDtype)));
    out.add("protected.v", tensorToBytes(p.protectedRows(input.kv.value), protectedType(input.shape.valueDtype)));
    return out;
}

LayerKv LayerwiseCompressor::decodeOne(const LayerOutput& output, const CodecContext& context) const
{
    const LayerShape& shape = output.shape;
    checkShared(output.global);
    const EncodedCache* basis = shared();
    const SectionSet* sharedLayer = basis ? &basis->layers.at(static_cast<std::size_t>(output.index)) : nullptr;
    const Protection p(params(), shape.seq);
    const LayerKv out = emptyLayer(shape, context.device);
    LayerOutput inner { output.index, p.middleShape(shape), output.rope,
        output.positions.narrow(0, p.first, p.middle()), output.sections, output.global, sharedLayer,
        { p.middleRows(out.key), p.middleRows(out.value), {}, {} } };
    const LayerKv middle = p.middle() > 0 || !p.any() ? decodeLayer(inner, context) : LayerKv {};
    if (!p.any())
        return { middle.key.to(out.key.scalar_type()), middle.value.to(out.value.scalar_type()), {}, middle.keep };
    p.putProtected(readProtected(output, "protected.k", p, shape.keyDim, shape.keyDtype, context), out.key);
    p.putProtected(readProtected(output, "protected.v", p, shape.valueDim, shape.valueDtype, context), out.value);
    p.putMiddle(middle.key, inner.place.key);
    p.putMiddle(middle.value, inner.place.value);
    if (!middle.keep.defined())
        return out;
    const at::Tensor keep = at::ones({ shape.batch, shape.kvHeads, shape.seq }, middle.keep.options());
    p.middleRows(keep).copy_(middle.keep);
    return { out.key, out.value, {}, keep };
}

LayerInput LayerwiseCompressor::unprotected(const LayerInput& input) const
{
    const Protection p(params(), input.shape.seq);
    return p.any() ? middleInput(input, p) : input;
}

EncodedCache LayerwiseCompressor::encode(
    const KvCache& cache, const at::Tensor& importance, const CodecContext& context) const
{
    EncodedCache out;
    out.header = encodedHeader(cache.info(), printSpec(spec()), context.seed);
    out.header.hasKeep = dropsTokens();
    out.global = globalSections(cache.info(), context);
    for (int i = 0; i < cache.layerCount(); ++i) {
        context.job.checkpoint();
        context.job.report({ "Encoding layer", i + 1, cache.layerCount() });
        out.layers.push_back(encodeOne(layerInput(cache, i, importance, context.device), out.global, context));
    }
    return out;
}

std::shared_ptr<KvCache> LayerwiseCompressor::decode(const EncodedCache& encoded, const CodecContext& context) const
{
    std::vector<LayerKv> layers;
    const int count = static_cast<int>(encoded.header.layers.size());
    for (int i = 0; i < count; ++i) {
        context.job.checkpoint();
        context.job.report({ "Decoding layer", i + 1, count });
        layers.push_back(decodeOne(layerOutput(encoded.header, i, i, encoded.layers.at(static_cast<std::size_t>(i)),
                                       encoded.global, context.device),
            context));
    }
    return decodedCache(encoded.header, std::move(layers));
}

} // namespace pikv
