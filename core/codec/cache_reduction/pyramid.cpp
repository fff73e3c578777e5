// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/pyramid.h"
#include "core/cache/torchdtype.h"
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/codec/cache_reduction/pyramidplanes.h"
#include "core/codec/cache_reduction/ratiobudget.h"
#include "core/codec/matrix_factorization/factorplane.h"
#include "core/codec/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/kernels/bitpack.h"
#include "core/kernels/floatrows.h"
#include "core/kernels/transpose.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <bit>

namespace pikv {
namespace {

constexpr double layerBeta = 20; ///< PyramidKV's ratio of the first to the last layer's budget

std::int64_t mapBits(int levels) { return std::bit_width(static_cast<unsigned>(levels - 1)); }

std::int64_t sumOfDims(const LayerShape& s) { return s.kvHeads * (s.keyDim + s.valueDim); }

/// Bytes that do not depend on the allocation: transform flag, means, widths, level map.
std::int64_t fixedBytes(const LayerShape& s, int levels)
{
    const std::int64_t widths = sumOfDims(s) * levels;
    return 1 + sumOfDims(s) * 2 + (widths + 1) / 2 + (s.batch * s.seq * mapBits(levels) + 7) / 8;
}

/// Widths in nibbles: 0 … 8, and 9 for half precision.
Bytes packWidths(const std::vector<int>& bits)
{
    Bytes out((bits.size() + 1) / 2);
    for (std::size_t i = 0; i < bits.size(); ++i)
        out[i / 2] |= std::byte((bits[i] == halfBits ? 9 : bits[i]) << (i % 2 * 4));
    return out;
}

std::vector<int> unpackWidths(ByteSpan bytes, std::size_t count)
{
    std::vector<int> bits(count);
    for (std::size_t i = 0; i < count; ++i) {
        const int nibble = std::to_integer<int>(bytes[i / 2]) >> (i % 2 * 4) & 15;
        if (nibble > 9)
            throw inputError("the section 'side' names a code width that does not exist");
        bits[i] = nibble == 9 ? halfBits : nibble;
    }
    return bits;
}

/// A cursor over the section `side`.
struct SideReader {
    ByteSpan bytes;
    std::size_t at = 0;

    ByteSpan take(std::size_t count)
    {
        if (count > bytes.size() - at)
            throw inputError("the section 'side' ends too early");
        at += count;
        return bytes.subspan(at - count, count);
    }
};

/// Which vectors of a plane some level uses.
std::vector<std::uint8_t> usedVectors(const int* bits, int levels, std::int64_t dim)
{
    std::vector<std::uint8_t> used(static_cast<std::size_t>(dim), 0);
    for (int l = 0; l < levels; ++l)
        for (std::int64_t c = 0; c < dim; ++c)
            used[static_cast<std::size_t>(c)] |= bits[l * dim + c] != 0;
    return used;
}

/// Bytes of a plane's coefficients; `bits` [levels * dim].
std::size_t codeBytes(const int* bits, const LevelOrder& order, std::int64_t dim)
{
    std::size_t size = 0;
    for (int l = 0; l < order.levels(); ++l)
        for (std::int64_t c = 0; c < dim; ++c)
            if (const int width = bits[l * dim + c]; width > 0 && order.count(l) > 0)
                size += coefficientBytes(width, order.count(l));
    return size;
}

Bytes packMap(const TokenTiers& tiers)
{
    const int width = static_cast<int>(mapBits(tiers.levels));
    Bytes map(width ? packedBytes(tiers.level.size(), width) : 0);
    if (width)
        packBits(tiers.level, width, map);
    return map;
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
    return 8 * (layerBudget(spec(), layerRatio(index, count), shape, count, 2) - fixedBytes(shape, levels()));
}

void Pyramid::validate(const CacheInfo& info) const
{
    LayerwiseCompressor::validate(info);
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
    auto list = LayerwiseCompressor::warnings(info);
    const int count = static_cast<int>(info.layers.size());
    for (int i = 0; i < count; ++i)
        if (budgetBits(withoutProtected(spec(), info.layers[static_cast<std::size_t>(i)]), i, count) < 0) {
            list.push_back(missedTarget(spec()));
            break;
        }
    return list;
}

TokenTiers Pyramid::tiers(const LayerInput& input, const CodecContext& context) const
{
    const auto shares = levelShares(levels(), params().real("decay_factor"));
    if (input.importance.defined())
        return tiersByScore(input.importance, shares);
    // Without importance: by the tokens' energy about the mean, so that water-filling finds loud and quiet groups.
    return tiersByScore(tokenEnergy(input.kv.key, context) + tokenEnergy(input.kv.value, context), shares);
}

void Pyramid::encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const
{
    const TokenTiers map = tiers(input, context);
    const LevelOrder order(map, input.importance);
    const std::int64_t budget = budgetBits(input.shape, input.index, input.layerCount);
    const std::string& transform = params().text("transform");
    bool klt = transform != "none";
    const auto rope = order.rotation(keyRotation(undoes(), input.rope, input.positions, input.shape.keyDim));
    std::vector<PyramidPlane> planes = makePlanes(input, order, rope, klt, context), raw;
    if (transform == "auto")
        raw = rawPlanes(planes, order, context);
    PyramidPlan plan, rawPlan;
    forEachPlane(c10::kCPU, raw.empty() ? 1 : 2, context.job, [&](std::int64_t candidate) {
        (candidate == 0 ? plan : rawPlan) = planBits(candidate == 0 ? planes : raw, order, candidate == 0 && klt, budget);
    });
    if (!raw.empty() && rawPlan.error <= plan.error) {
        planes = std::move(raw);
        plan = std::move(rawPlan);
        klt = false;
    }
    Bytes side { std::byte(klt) };
    append(side, packMap(map));
    append(side, packWidths(plan.bits));
    std::vector<Bytes> codes(planes.size());
    const int* bits = plan.bits.data();
    std::vector<const int*> planeBits;
    for (const PyramidPlane& plane : planes) {
        append(side, tensorToBytes(plane.basis.mean(), DType::F16));
        if (klt)
            plane.basis.write(usedVectors(bits, order.levels(), plane.dim), side);
        planeBits.push_back(bits);
        bits += order.levels() * plane.dim;
    }
    forEachPlane(c10::kCPU, static_cast<std::int64_t>(planes.size()), context.job, [&](std::int64_t p) {
        const auto at = static_cast<std::size_t>(p);
        const PyramidPlane& plane = planes[at];
        const at::Tensor coefficients = coefficientsOf(plane);
        const std::int64_t stride = coefficients.stride(0);
        codes[at].reserve(codeBytes(planeBits[at], order, plane.dim));
        for (int l = 0; l < order.levels(); ++l)
            for (std::int64_t c = 0; c < plane.dim; ++c)
                if (const int width = planeBits[at][l * plane.dim + c]; width > 0 && order.count(l) > 0)
                    encodeCoefficients(coefficients.data_ptr<float>() + c * stride + order.begin[static_cast<std::size_t>(l)],
                        order.count(l), width, codes[at]);
    });
    Bytes all;
    for (const Bytes& plane : codes)
        append(all, plane);
    out.add("side", std::move(side));
    out.add("codes", std::move(all));
}

namespace {

TokenTiers readMap(SideReader& side, int levels, std::int64_t rows)
{
    TokenTiers tiers { levels, std::vector<std::uint8_t>(static_cast<std::size_t>(rows), 0) };
    if (const int width = static_cast<int>(mapBits(levels)); width > 0)
        unpackBits(side.take(packedBytes(tiers.level.size(), width)), width, tiers.level);
    for (std::uint8_t level : tiers.level)
        if (level >= levels)
            throw inputError("the section 'side' names a level that does not exist");
    return tiers;
}

/// One head as decode finds it.
struct PlaneReader {
    HeadBasis basis;
    const int* bits; ///< [levels * dim]
    std::size_t at; ///< where its codes begin
    std::int64_t dim;

    /// `target` [batch, seq, dim] of the dump's type; `rope` in level order, null: rows are not rotated.
    void decode(ByteSpan codes, const LevelOrder& order, const RopeTable* rope, const at::Tensor& target) const
    {
        const std::int64_t rows = order.rows.numel(), seq = target.size(1);
        const auto stride = static_cast<std::int64_t>(spreadStride(static_cast<std::size_t>(rows)));
        const at::Tensor coefficients = at::empty({ dim, stride }, at::kFloat).narrow(1, 0, rows);
        std::size_t position = at;
        for (int l = 0; l < order.levels(); ++l)
            for (std::int64_t c = 0; c < dim; ++c) {
                float* out = coefficients.data_ptr<float>() + c * stride + order.begin[static_cast<std::size_t>(l)];
                if (const int width = bits[l * dim + c]; width > 0 && order.count(l) > 0)
                    decodeCoefficients(codes, position, width, out, order.count(l));
                else
                    std::fill_n(out, order.count(l), 0.0f);
            }
        constexpr std::int64_t blockRows = 512; // stay in the processor's cache until they are stored
        const DType dtype = dtypeOf(target.scalar_type());
        auto* out = static_cast<std::byte*>(target.data_ptr());
        for (std::int64_t first = 0; first < rows; first += blockRows) {
            const std::int64_t count = std::min(blockRows, rows - first);
            const at::Tensor rebuilt = basis.rebuild(coefficients.narrow(1, first, count)).contiguous();
            if (rope)
                rotateRows(rebuilt, *rope, first, 1);
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t row = order.rows.data_ptr<std::int64_t>()[first + i];
                const std::int64_t place = row / seq * target.stride(0) + row % seq * dim;
                fromFloats(rebuilt.data_ptr<float>() + i * dim, dtype, static_cast<std::size_t>(dim),
                    out + static_cast<std::size_t>(place) * dtypeSize(dtype));
            }
        }
    }
};

} // namespace

LayerKv Pyramid::decodeLayer(const LayerOutput& output, const CodecContext& context) const
{
    const LayerShape& s = output.shape;
    SideReader side { output.sections.get("side") };
    const bool klt = side.take(1)[0] != std::byte(0);
    const std::int64_t rows = s.batch * s.seq;
    const LevelOrder order(readMap(side, levels(), rows), {});
    const auto units = static_cast<std::size_t>(sumOfDims(s) * levels());
    const std::vector<int> widths = unpackWidths(side.take((units + 1) / 2), units);
    const int* bits = widths.data();
    const ByteSpan codes = output.sections.get("codes");
    std::vector<PlaneReader> planes;
    std::size_t at = 0;
    for (std::int64_t p = 0; p < 2 * s.kvHeads; ++p) {
        const std::int64_t dim = p < s.kvHeads ? s.keyDim : s.valueDim;
        at::Tensor mean = tensorFromBytes(side.take(static_cast<std::size_t>(dim) * 2), DType::F16, { dim }).to(at::kFloat);
        HeadBasis basis = HeadBasis::read(side.bytes, side.at, usedVectors(bits, levels(), dim), dim, klt, mean);
        planes.push_back({ std::move(basis), bits, at, dim });
        at += codeBytes(bits, order, dim);
        bits += levels() * dim;
    }
    const auto empty = [&](std::int64_t dim, DType dtype) {
        return at::empty({ s.batch, s.kvHeads, s.seq, dim }, torchType(dtype));
    };
    const auto rope = order.rotation(keyRotation(undoes(), output.rope, output.positions.cpu(), s.keyDim));
    const at::Tensor tensors[] = { empty(s.keyDim, s.keyDtype), empty(s.valueDim, s.valueDtype) };
    forEachPlane(c10::kCPU, 2 * s.kvHeads, context.job, [&](std::int64_t p) {
        const at::Tensor& target = tensors[p / s.kvHeads];
        planes[static_cast<std::size_t>(p)].decode(codes, order, rope && p < s.kvHeads ? &*rope : nullptr, target.select(1, p % s.kvHeads));
    });
    return { tensors[0].to(context.device), tensors[1].to(context.device), {}, {} };
}

namespace {

const MethodRegistration registration { withFactory<Pyramid>({
    .id = "pyramid",
    .label = "Pyramid",
    .family = "Cache reduction",
    .sentence = "Sorts tokens into levels by importance and codes each level with a shorter prefix of one transform and fewer "
                "bits, to a target ratio.",
    .reference = "PiKV PyramidCompressor; PyramidKV (arXiv 2406.02069) for axis=layer; reverse water-filling, Cover & Thomas 10.3.3",
    .params = {
        param::real("compression_ratio", "Target ratio", 0.5, 0.02, 1.0, 0.01, "", "Stored bytes over 16-bit bytes to aim at, protected tokens included; met within 2 %."),
        param::integer("num_levels", "Levels", 3, 1, 8, "levels", "Groups of tokens that share a precision."),
        param::real("decay_factor", "Decay", 0.8, 0.05, 1.0, 0.05, "", "How slowly the levels' shares of the tokens fall; 1 puts all tokens into the last level."),
        param::choice("axis", "Axis", "token", { "token", "layer" }, "token: the budget falls from level to level; layer: from the first layer to the last (PyramidKV)."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" }, "klt: principal components of each head, stored; none: raw channels; auto: whichever promises less error."),
        param::choice("rope", "Rotation", "undo", { "undo", "keep" }, "Undoes the keys' rotary embedding first, where the dump says how, as unrotated keys have lower rank."),
    },
    .sweep = "compression_ratio=[0.1,0.15,0.2,0.3,0.5]",
    .make = {},
    .checkedByDefault = true,
}) };

} // namespace

} // namespace pikv
