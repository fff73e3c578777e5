// SPDX-License-Identifier: GPL-3.0-or-later
// What methods have in common: the loop over layers, protected tokens and the calibration around the method itself.
#include "core/codec/compressor.h"
#include "core/cache/ropefrequencies.h"
#include "core/codec/calibration.h"
#include "core/codec/container/companions.h"
#include "core/codec/earlierrows.h"
#include "core/codec/layerview.h"
#include "core/codec/padding.h"
#include "core/codec/protection.h"
#include "core/linalg/linalg.h"
#include "core/model/fisherinformation.h"
#include <ATen/ops/ones.h>
#include <algorithm>

namespace pikv {
namespace {

/// Nothing to do where the method has written into `place` itself.
void putMiddle(const at::Tensor& rows, const at::Tensor& place)
{
    if (rows.defined() && rows.data_ptr() != place.data_ptr())
        place.copy_(rows);
}

const SectionSet* layerOf(const EncodedCache* basis, int index)
{
    return basis ? &basis->layers.at(static_cast<std::size_t>(index)) : nullptr;
}

} // namespace

LayerKv LayerOutput::placeOnHost() const { return place.key.is_cpu() ? place : emptyLayer(shape, c10::kCPU); }

std::vector<std::string> rotationWarnings(const CacheInfo& info)
{
    const std::vector<RopeInfo> ropes = info.layerRopes.empty() ? std::vector { info.rope } : info.layerRopes;
    for (const RopeInfo& rope : ropes)
        if (rope.state != RopeInfo::State::Pre && !rope.invertible())
            return { isRopeScalingSupported(rope.scaling)
                    ? "rope=undo has no effect: the dump does not say how its keys were rotated"
                    : "rope=undo has no effect: the RoPE scaling '" + ropeScalingName(rope.scaling)
                        + "' is not one that can be undone" };
    return {};
}

void checkMethod(const MethodSpec& method, const CacheInfo& info) { makeCompressor(method)->accept(info); }

bool needsAllLayers(const MethodSpec& method) { return makeCompressor(method)->needsAllLayers(); }

ParamSpec sharedParam()
{
    return param::folded(param::file("shared", "Shared calibration",
        "A .pikv-basis learned on other caches; its bytes are reported apart as shared bytes."));
}

ParamSpec ropeParam(std::string help)
{
    return param::choice("rope", "Rotation", "undo", { "undo", "keep" }, std::move(help));
}

void Compressor::accept(const CacheInfo& info) const
{
    if (!layerwise() || !info.hasPadding())
        return validate(info);
    for (const CacheInfo& tokens : tokenCaches(info))
        validate(tokens);
}

void Compressor::validate(const CacheInfo&) const { }
void Compressor::validateLearning(const CacheInfo& info) const { accept(info); }
std::uint64_t Compressor::learningMemory(const CacheInfo&) const { return 0; }
std::vector<std::string> Compressor::warnings(const CacheInfo&) const { return {}; }

EncodedCache Compressor::calibrate(
    const std::vector<std::shared_ptr<const KvCache>>&, const at::Tensor&, const CodecContext&) const
{
    throw usageError(spec().id + " has nothing to calibrate");
}

SectionSet LayerwiseCompressor::prepare(const CacheInfo&, const CodecContext&) const { return {}; }

void LayerwiseCompressor::calibrateLayer(const std::vector<LayerInput>&, SectionSet&, const CodecContext&) const
{
    throw usageError(spec().id + " has nothing to calibrate");
}

std::shared_ptr<const LanguageModel> LayerwiseCompressor::gradientModel(
    const std::vector<std::shared_ptr<const KvCache>>&, Learning, const CodecContext&) const
{
    return {};
}

FisherRequest LayerwiseCompressor::fisherRequest(const CacheInfo& info) const
{
    FisherRequest request;
    request.predict = std::min(request.predict, info.seq() / 4); // of a short dump a quarter
    request.undoesRope = undoesRope();
    return request;
}

MethodSpec LayerwiseCompressor::learnedAs(bool) const { return spec(); }

std::vector<LayerFisher> LayerwiseCompressor::meanFisher(
    const std::vector<std::shared_ptr<const KvCache>>& caches, const CodecContext& context) const
{
    std::vector<LayerFisher> mean;
    const auto model = gradientModel(caches, Learning::OfOthers, context);
    for (std::size_t i = 0; model && i < caches.size(); ++i) {
        context.job.report({ "Taking gradients of dump", static_cast<int>(i) + 1, static_cast<int>(caches.size()) });
        FisherRequest request = fisherRequest(caches[i]->info());
        request.seed = context.seed + i;
        std::vector<LayerFisher> layers = fisherInformation(*model, *caches[i], request, context.job);
        for (std::size_t l = 0; l < mean.size(); ++l)
            mean[l].average(layers[l], static_cast<int>(i));
        if (mean.empty())
            mean = std::move(layers);
    }
    return mean;
}

std::shared_ptr<const CacheFisher> LayerwiseCompressor::ownFisher(
    const KvCache& cache, const CodecContext& context) const
{
    if (m_shared.get())
        return {};
    const std::shared_ptr<const KvCache> notOwned(std::shared_ptr<const KvCache>(), &cache);
    const auto model = gradientModel({ notOwned }, Learning::OfItself, context);
    if (!model)
        return {};
    FisherRequest request = fisherRequest(cache.info());
    request.seed = context.seed;
    request.samples *= 2; // there is no other cache to average over
    return sharedFisher(model, cache, request, context.job);
}

void LayerwiseCompressor::validate(const CacheInfo& info) const { m_shared.requireFits(info, undoesRope()); }

std::vector<std::string> LayerwiseCompressor::warnings(const CacheInfo& info) const
{
    return undoesRope() ? rotationWarnings(info) : std::vector<std::string>();
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
    return Protection(params(), shape).middleShape(shape);
}

LayerInput LayerwiseCompressor::unprotected(const LayerInput& input) const
{
    return Protection(params(), input.shape).middleInput(input);
}

void LayerwiseCompressor::nameFailures(int layer, const std::function<void()>& work) const
{
    try {
        work();
    } catch (const LinalgError& e) {
        throw inputError(spec().id + ", layer " + std::to_string(layer) + ": " + e.what());
    }
}

SectionSet LayerwiseCompressor::encodeOne(const LayerInput& input, const SectionSet&, const CodecContext& context) const
{
    if (!input.visible.defined())
        return encodeTokens(input, context);
    SectionSet all;
    for (const VisibleRows& sequence : visibleRows(input.visible)) {
        const SectionSet own = encodeTokens(sequence.select(input), context);
        for (const auto& [name, bytes] : own.all())
            all.add(sequence.prefix() + name, bytes);
    }
    return all;
}

SectionSet LayerwiseCompressor::encodeTokens(const LayerInput& input, const CodecContext& context) const
{
    SectionSet out;
    const Protection p(params(), input.shape);
    LayerInput inner = p.middleInput(input);
    inner.shared = layerOf(m_shared.get(), input.index);
    if (p.middle() > 0 || !p.any())
        nameFailures(input.index, [&] { encodeLayer(inner, out, context); });
    if (p.any())
        p.write(input, out);
    return out;
}

LayerKv LayerwiseCompressor::decodeOne(const LayerOutput& output, const CodecContext& context) const
{
    m_shared.check(output.global);
    if (!output.visible.defined())
        return decodeTokens(output, context);
    const LayerShape& shape = output.shape;
    LayerKv out = emptyLayer(shape, context.device);
    out.key.zero_();
    out.value.zero_();
    for (const VisibleRows& sequence : visibleRows(output.visible)) {
        const SectionSet own = sequence.sectionsOf(output.sections);
        const LayerKv tokens = decodeTokens(sequence.select(output, own), context);
        sequence.put(tokens.key.to(out.key.device(), out.key.scalar_type()), out.key);
        sequence.put(tokens.value.to(out.value.device(), out.value.scalar_type()), out.value);
        if (!tokens.keep.defined())
            continue;
        if (!out.keep.defined())
            out.keep = at::ones({ shape.batch, shape.kvHeads, shape.seq }, at::kBool);
        out.keep.select(0, sequence.item).index_copy_(1, sequence.rows, tokens.keep.cpu().select(0, 0));
    }
    return out;
}

LayerKv LayerwiseCompressor::decodeTokens(const LayerOutput& output, const CodecContext& context) const
{
    const LayerShape& shape = output.shape;
    const Protection p(params(), shape);
    const LayerKv out = emptyLayer(shape, context.device);
    const LayerOutput inner = p.middleOutput(output, out, layerOf(m_shared.get(), output.index));
    LayerKv middle;
    if (p.middle() > 0 || !p.any())
        nameFailures(output.index, [&] { middle = decodeLayer(inner, context); });
    if (!p.any())
        return { middle.key.to(out.key.scalar_type()), middle.value.to(out.value.scalar_type()), {}, middle.keep };
    p.read(output, out);
    putMiddle(middle.key, inner.place.key);
    putMiddle(middle.value, inner.place.value);
    if (!middle.keep.defined())
        return out;
    const at::Tensor keep = at::ones({ shape.batch, shape.kvHeads, shape.seq }, middle.keep.options());
    p.middleRows(keep).copy_(middle.keep);
    return { out.key, out.value, {}, keep };
}

EncodedCache LayerwiseCompressor::encode(
    const KvCache& cache, const at::Tensor& importance, const CodecContext& context) const
{
    EncodedCache out;
    out.header = encodedHeader(cache.info(), printSpec(spec()), context.seed);
    out.header.hasKeep = dropsTokens();
    out.global = globalSections(cache.info(), context);
    addCompanions(cache.info(), out.global);
    const auto fisher = ownFisher(cache, context);
    EarlierRows earlier(cache.info().layers);
    for (int i = 0; i < cache.layerCount(); ++i) {
        context.job.checkpoint();
        context.job.report({ "Encoding layer", i + 1, cache.layerCount() });
        LayerInput input = layerInput(cache, i, importance, context.device);
        input.fisher = fisher ? &fisher->layers.at(static_cast<std::size_t>(input.index)) : nullptr;
        input.earlier = &earlier;
        out.layers.push_back(encodeOne(input, out.global, context));
    }
    return out;
}

std::shared_ptr<KvCache> LayerwiseCompressor::decode(const EncodedCache& encoded, const CodecContext& context) const
{
    std::vector<LayerKv> layers;
    EarlierRows earlier(encoded.header.layers);
    const int count = static_cast<int>(encoded.header.layers.size());
    for (int i = 0; i < count; ++i) {
        context.job.checkpoint();
        context.job.report({ "Decoding layer", i + 1, count });
        LayerOutput output = layerOutput(
            encoded.header, i, i, encoded.layers.at(static_cast<std::size_t>(i)), encoded.global, context.device);
        output.earlier = &earlier;
        layers.push_back(decodeOne(output, context));
    }
    return decodedCache(encoded.header, std::move(layers));
}

EncodedCache LayerwiseCompressor::calibrate(const std::vector<std::shared_ptr<const KvCache>>& caches,
    const at::Tensor& importance, const CodecContext& context) const
{
    requireAlike(caches, undoesRope());
    const CacheInfo& first = caches.front()->info();
    EncodedCache out;
    out.header = encodedHeader(first, printSpec(spec()), context.seed);
    out.header.calibration = true;
    out.header.visible.clear(); // whose tokens they were is nothing that other caches share
    out.header.positions.clear();
    out.global = prepare(first, context);
    const int count = caches.front()->layerCount();
    const std::vector<LayerFisher> fisher = meanFisher(caches, context);
    EarlierRows earlier(first.layers);
    out.header.spec = printSpec(learnedAs(!fisher.empty()));
    for (int i = 0; i < count; ++i) {
        context.job.checkpoint();
        context.job.report({ "Calibrating layer", i + 1, count });
        std::vector<LayerInput> inputs;
        std::int64_t sequencesBefore = 0; // of other caches
        for (const auto& cache : caches) {
            const at::Tensor weights = caches.size() == 1 ? importance : at::Tensor();
            const LayerInput whole = layerInput(*cache, i, weights, context.device);
            std::vector<LayerInput> sequences { whole };
            if (whole.visible.defined()) {
                sequences.clear();
                for (const VisibleRows& sequence : visibleRows(whole.visible))
                    sequences.push_back(sequence.select(whole));
            }
            for (const LayerInput& sequence : sequences)
                if (LayerInput input = unprotected(sequence); input.shape.seq > 0) {
                    input.fisher = fisher.empty() ? nullptr : &fisher[static_cast<std::size_t>(i)];
                    input.earlier = &earlier;
                    input.sequence += sequencesBefore;
                    inputs.push_back(std::move(input));
                }
            sequencesBefore += whole.shape.batch;
        }
        if (inputs.empty())
            throw usageError(spec().id + ": sinks and recent protect every token, nothing is left to learn from");
        nameFailures(i, [&] { calibrateLayer(inputs, out.layers.emplace_back(), context); });
    }
    return out;
}

std::uint64_t LayerwiseCompressor::sharedBytes() const { return m_shared.bytes(); }

std::optional<MethodSpec> LayerwiseCompressor::calibratedSpec(std::initializer_list<const char*> sameParams) const
{
    return m_shared.learnedSpec(sameParams);
}

SectionSet LayerwiseCompressor::globalSections(const CacheInfo& info, const CodecContext& context) const
{
    SectionSet sections = prepare(info, context);
    m_shared.mark(sections);
    return sections;
}

} // namespace pikv
