// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `pyramid`: tokens in levels by importance; each level codes a shorter prefix of one transform with fewer
// bits, within a byte budget.
#include "core/codec/methods/pyramid/pyramid.h"
#include "core/codec/methods/pyramid/pyramidcodes.h"
#include "core/codec/methods/pyramid/pyramidside.h"
#include "core/codec/methods/pyramid/pyramidstream.h"
#include "core/codec/parts/factorplane.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/ratiobudget.h"
#include "core/codec/parts/sharedheadbases.h"
#include "core/codec/tensorbytes.h"
#include <ATen/TensorOperators.h>

namespace pikv {
namespace {

constexpr double layerBeta = 20; ///< PyramidKV's ratio of the first to the last layer's budget

std::int64_t sumOfDims(const LayerShape& s) { return s.kvHeads * (s.keyDim + s.valueDim); }

/// Bytes that do not depend on the allocation: transform flag, means, widths, level map.
std::int64_t fixedBytes(const LayerShape& s, int levels, bool isShared)
{
    const std::int64_t widths = sumOfDims(s) * levels, means = isShared ? 0 : sumOfDims(s) * 2;
    return 1 + means + (widths + 1) / 2 + static_cast<std::int64_t>(levelMapBytes(levels, s.batch * s.seq));
}

void append(Bytes& out, ByteSpan bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

} // namespace

double Pyramid::layerRatio(int index, int count) const
{
    const double ratio = params().real("compression_ratio");
    if (!byLayer() || count < 2)
        return ratio;
    const double last = 2 * ratio / (layerBeta + 1), first = 2 * ratio - last;
    return first + (last - first) * double(index) / double(count - 1);
}

std::int64_t Pyramid::budgetBits(const LayerShape& shape, int index, int count) const
{
    return 8
        * (layerBudget(spec(), layerRatio(index, count), shape, count, 2) - fixedBytes(shape, levels(), isShared()));
}

void Pyramid::validate(const CacheInfo& info) const
{
    MetricCompressor::validate(info);
    if (const auto learned = calibratedSpec({ "rope" }); learned && learned->params.text("transform") == "none")
        calibratedSpec({ "transform" }); // it holds the means alone
    const int count = static_cast<int>(info.layers.size());
    for (int i = 0; i < count; ++i) {
        const LayerShape& shape = info.layers[static_cast<std::size_t>(i)];
        if (levels() > shape.seq)
            throw usageError("pyramid: num_levels=" + std::to_string(levels()) + " is above the "
                + std::to_string(shape.seq) + " tokens of layer " + std::to_string(i));
    }
}

std::vector<std::string> Pyramid::warnings(const CacheInfo& info) const
{
    auto list = MetricCompressor::warnings(info);
    const int count = static_cast<int>(info.layers.size());
    for (int i = 0; i < count; ++i)
        if (const LayerShape shape = codedShape(info.layers[static_cast<std::size_t>(i)]); isAdaptive()
                ? streamBudget(shape, i, count) < leastStreamBytes(shape, levels())
                : budgetBits(shape, i, count) < 0) {
            list.push_back(missedTarget(spec()));
            break;
        }
    const std::string& metric = params().text("metric");
    if (params().text("transform") == "none" && (metric == "next_token" || metric == "queries"))
        list.push_back("metric has no effect on transform=none: channels are measured plainly");
    return list;
}

std::int64_t Pyramid::streamBudget(const LayerShape& shape, int index, int count) const
{
    constexpr int sections = 5;
    return layerBudget(spec(), layerRatio(index, count), shape, count, sections);
}

TokenTiers Pyramid::tiers(const LayerInput& input, const CodecContext& context) const
{
    const auto shares = levelShares(levels(), params().real("decay_factor"));
    if (input.importance.defined())
        return tiersByScore(input.importance, shares);
    // Without importance: by the tokens' energy about the mean, so that water-filling finds loud and quiet groups.
    return tiersByScore(tokenEnergy(input.kv.key, context) + tokenEnergy(input.kv.value, context), shares);
}

void Pyramid::calibrateLayer(const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const
{
    learnHeadBases(inputs, undoesRope(), params().text("transform") != "none", out, context);
}

void Pyramid::encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const
{
    const TokenTiers map = tiers(input, context);
    if (isAdaptive())
        return encodeAdaptively(input, map, out, context);
    const LevelOrder order(map, input.importance);
    const std::int64_t budget = budgetBits(input.shape, input.index, input.layerCount);
    const std::string& name = params().text("transform");
    const LayerMetric metric(*this, input, context.job);
    PyramidTransform transform { keyRotation(input, context.device), name != "none", metric.get(),
        isInMetric(input, metric), {} };
    if (input.shared)
        transform.shared = readHeadBases(*input.shared, input.shape, transform.klt);
    for (HeadBasis& basis : transform.shared)
        basis.invert(context.device);
    std::vector<PyramidPlane> planes = makePlanes(input, order, transform, context), raw;
    if (name == "auto" && !transform.inMetric) // channels promise something else in a metric
        raw = rawPlanes(planes, order, context);
    PyramidPlan plan, rawPlan;
    forEachPlane(c10::kCPU, raw.empty() ? 1 : 2, context.job, [&](std::int64_t candidate) {
        if (candidate == 0)
            plan = planBits(planes, order, transform.klt && !input.shared, budget);
        else
            rawPlan = planBits(raw, order, false, budget);
    });
    if (!raw.empty() && rawPlan.error <= plan.error) {
        planes = std::move(raw);
        plan = std::move(rawPlan);
        transform.klt = false;
    }
    Bytes side { std::byte(transform.klt) };
    appendLevelMap(map, side);
    appendWidths(plan.bits, side);
    std::vector<Bytes> codes(planes.size());
    const int* bits = plan.bits.data();
    std::vector<const int*> planeBits;
    for (const PyramidPlane& plane : planes) {
        if (!input.shared)
            append(side, tensorToBytes(plane.basis.mean(), DType::F16));
        if (!input.shared && transform.klt)
            plane.basis.write(usedVectors(bits, order.levels(), plane.dim), side);
        planeBits.push_back(bits);
        bits += order.levels() * plane.dim;
    }
    forEachPlane(c10::kCPU, static_cast<std::int64_t>(planes.size()), context.job, [&](std::int64_t p) {
        const auto at = static_cast<std::size_t>(p);
        codes[at] = encodePlane(planes[at], planeBits[at], order);
    });
    Bytes all;
    for (const Bytes& plane : codes)
        append(all, plane);
    out.add("side", std::move(side));
    out.add("codes", std::move(all));
}

bool Pyramid::isInMetric(const LayerInput& input, const LayerMetric& own) const
{
    if (params().text("transform") == "none")
        return false;
    const auto learned = input.shared ? calibratedSpec({}) : std::nullopt;
    return learned ? learned->params.text("metric") != "plain" : own.get() != nullptr;
}

void Pyramid::encodeAdaptively(
    const LayerInput& input, const TokenTiers& map, SectionSet& out, const CodecContext& context) const
{
    const LayerMetric metric(*this, input, context.job);
    PyramidStreamRequest request { input, map, LevelOrder(map, input.importance).weight,
        params().text("transform") != "none", metric.get(), isInMetric(input, metric) };
    if (input.shared && request.klt)
        request.shared = readHeadBases(*input.shared, input.shape, true);
    request.rope = keyRotation(input, c10::kCPU);
    request.budget = streamBudget(input.shape, input.index, input.layerCount);
    encodePyramidStream(request, out, context);
}

namespace {

HeadBasis readBasis(PyramidSide& side, const std::vector<std::uint8_t>& used, bool klt)
{
    const auto dim = static_cast<std::int64_t>(used.size());
    const at::Tensor mean = tensorFromBytes(side.take(used.size() * 2), DType::F16, { dim }).to(at::kFloat);
    return HeadBasis::read(side.bytes, side.at, used, dim, klt, mean);
}

} // namespace

LayerKv Pyramid::decodeLayer(const LayerOutput& output, const CodecContext& context) const
{
    const LayerShape& s = output.shape;
    if (isPyramidStream(output.sections))
        return decodePyramidStream(output, levels(),
            output.shared && params().text("transform") != "none" ? readHeadBases(*output.shared, s, true)
                                                                  : std::vector<HeadBasis>(),
            keyRotation(output, c10::kCPU), context);
    PyramidSide side { output.sections.get("side") };
    const bool klt = side.take(1)[0] != std::byte(0);
    const std::int64_t rows = s.batch * s.seq;
    const LevelOrder order(readLevelMap(side, levels(), rows), {});
    const auto units = static_cast<std::size_t>(sumOfDims(s) * levels());
    const std::vector<int> widths = readWidths(side, units);
    const int* bits = widths.data();
    const ByteSpan codes = output.sections.get("codes");
    const std::vector<HeadBasis> shared
        = output.shared ? readHeadBases(*output.shared, s, klt) : std::vector<HeadBasis>();
    std::vector<PyramidReader> planes;
    std::size_t at = 0;
    for (std::int64_t p = 0; p < 2 * s.kvHeads; ++p) {
        const std::int64_t dim = p < s.kvHeads ? s.keyDim : s.valueDim;
        planes.push_back({ shared.empty() ? readBasis(side, usedVectors(bits, levels(), dim), klt)
                                          : shared[static_cast<std::size_t>(p)],
            bits, at, dim });
        at += codeBytes(bits, order, dim);
        bits += levels() * dim;
    }
    const LayerKv kv = output.placeOnHost();
    const auto rope = keyRotation(output, c10::kCPU);
    forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t p) {
        const at::Tensor& target = p < s.kvHeads ? kv.key : kv.value;
        planes[static_cast<std::size_t>(p)].decode(
            codes, order, rope && p < s.kvHeads ? &*rope : nullptr, target.select(1, p % s.kvHeads));
    });
    return { kv.key.to(context.device), kv.value.to(context.device), {}, {} };
}

namespace {

const MethodRegistration registration { withFactory<Pyramid>({
    .id = "pyramid",
    .label = "Pyramid",
    .family = "Cache reduction",
    .sentence = "Sorts tokens into levels by importance and codes each level with a shorter prefix of one "
        "transform and fewer "
                "bits, to a target ratio.",
    .reference = "PiKV PyramidCompressor; PyramidKV (arXiv 2406.02069) for axis=layer; reverse water-filling, "
        "Cover & Thomas 10.3.3",
    .params = {
        param::real("compression_ratio", "Target ratio", 0.5, 0.02, 1.0, 0.01, "", "Stored bytes over 16-bit "
            "bytes to aim at, protected tokens included; met within 2 %."),
        param::integer("num_levels", "Levels", 3, 1, 8, "levels", "Groups of tokens that share a precision."),
        param::real("decay_factor", "Decay", 0.8, 0.05, 1.0, 0.05, "", "How slowly the levels' shares of the "
            "tokens fall; 1 puts all tokens into the last level."),
        param::choice("axis", "Axis", "token", { "token", "layer" }, "token: the budget falls from level to "
            "level; layer: from the first layer to the last (PyramidKV)."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" }, "klt: principal components "
            "of each head, stored; none: raw channels; auto: whichever promises less error."),
        param::choice("coding", "Coding", "packed", { "packed", "adaptive" },
            "packed: whole bits for every component of a level, quick; adaptive: one step for all components of a "
            "level and an adaptive coder, which takes a third fewer bytes and many times as long."),
        metricParam(),
        metricModelParam(),
        ropeParam("Undoes the keys' rotary embedding first, where the dump says how, as unrotated keys have "
            "lower rank."),
        param::sinks(1,
            "First tokens kept at 16 bits, which count towards the target: attention leans on the sink more "
                "than on any other token."),
        sharedParam(),
    },
    .sweep = "compression_ratio=[0.1,0.15,0.2,0.3,0.5]",
    .published = payloadAlone(
        "PiKV counts the levels' codes alone: neither their bases, nor each token's level."),
}) };

} // namespace

} // namespace pikv
