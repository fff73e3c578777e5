// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `lora_plus`: one nested basis, of which each token stores a prefix by its importance.
#include "core/base/error.h"
#include "core/codec/methods/lora/ranktiers.h"
#include "core/codec/methods/lora/tierplane.h"
#include "core/codec/parts/metriccompressor.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/codec/parts/sharedbasis.h"
#include <algorithm>
#include <array>
#include <optional>

namespace pikv {
namespace {

/// The seed's LoRA+ made real: one nested basis; a token stores a prefix of its coefficients whose length follows its
/// importance, or its distance from the mean where no importance is given. Who has which rank is stored.
class LoraPlus : public MetricCompressor {
public:
    using MetricCompressor::MetricCompressor;

    void validate(const CacheInfo& info) const override
    {
        MetricCompressor::validate(info);
        checkTiers();
        if (const auto learned = calibratedSpec({ "rope" })) {
            if (const std::int64_t bound = learned->params.integers("ranks").back(); ranks().back() > bound)
                throw usageError(spec().id + ": the highest of ranks, " + std::to_string(ranks().back())
                    + ", is above that of the calibration, " + std::to_string(bound));
            return;
        }
        for (const LayerShape& layer : info.layers) {
            const LayerShape shape = codedShape(layer);
            const std::int64_t bound = FactorPlanes(shape, false).maxRank();
            if (shape.seq > 0 && ranks().back() > bound)
                throw usageError(spec().id + ": the highest of ranks, " + std::to_string(ranks().back())
                    + ", is above min(batch x seq, kv_heads x head_dim) = " + std::to_string(bound));
        }
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        learnBases(inputs,
            { false, undoesRope(), ranks().back(), params().integer("basis_bits"), params().real("alpha") }, out,
            context);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const FactorPlanes planes(input.shape, false);
        const at::Tensor weights = rowWeights(input.importance, params().real("alpha"));
        const auto rope = keyRotation(input, context.device);
        struct Work {
            at::Tensor energy; ///< of the centred rows, where no importance is given
            LoraBasis shared; ///< where a calibration gives the basis, with
            at::Tensor coefficients; ///< [ranks.back(), rows]; else
            LowRankFit fit;
            at::Tensor rows; ///< centred
            LoraParts parts;
        };
        std::array<Work, 2> work;
        const LayerMetric metric(*this, input, context.job);
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            Work& w = work.at(static_cast<std::size_t>(p));
            at::Tensor* energy = input.importance.defined() ? nullptr : &w.energy;
            if (input.shared) {
                w.shared = sharedOf(*input.shared, plane, context.device);
                w.coefficients = coefficientsOf(input, plane, rope, w.shared, context.job, energy);
                return;
            }
            w.rows = planeRows(input, plane, rope);
            w.fit = fitLowRankIn(relativeMetric(metric.get(), plane, context.device), w.rows, weights, ranks().back(),
                context.seed ^ static_cast<std::uint64_t>(p), context.job);
            if (energy)
                *energy = rowEnergy(w.rows);
        });
        const at::Tensor score = input.importance.defined()
            ? input.importance.cpu().to(at::kFloat)
            : relativeEnergy(work[0].energy, work[1].energy).view({ input.shape.batch, input.shape.seq });
        const RankTiers tiers = RankTiers::byScore(score, params().reals("thresholds"));
        out.add("tiers", tiers.pack());
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            Work& w = work.at(static_cast<std::size_t>(p));
            const LoraShape shape = shapeOf(planes.plane(p));
            if (input.shared)
                writeTiersFor(w.coefficients, w.shared, tiers, ranks(), shape, w.parts, context.job);
            else
                writeTiers(w.rows, w.fit, tiers, ranks(), shape, w.parts, context.job);
        });
        LoraParts::addSections({ work[0].parts }, "k", out);
        LoraParts::addSections({ work[1].parts }, "v", out);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        checkTiers();
        const FactorPlanes planes(s, false);
        const LayerKv& kv = output.place;
        const std::int64_t tokens = s.batch * s.seq;
        const int tierCount = static_cast<int>(ranks().size());
        const RankTiers tiers = RankTiers::unpack(
            output.sections.get("tiers", RankTiers::packedSize(tokens, tierCount)), tokens, tierCount);
        const auto rope = keyRotation(output, context.device);
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            const char* prefix = plane.isKey ? "k" : "v";
            using Content = LoraReader::Content;
            const LoraReader reader(
                output.sections, prefix, shapeOf(plane), 1, output.shared ? Content::WidthsOnly : Content::BasisOnly);
            const LoraBasis basis
                = output.shared ? sharedOf(*output.shared, plane, context.device) : reader.basis(0).to(context.device);
            const at::Tensor codes
                = readTiers(output.sections, std::string(prefix) + ".codes", reader.widths(0).code, tiers, ranks());
            rebuildPlane(basis, codes.to(context.device), {}, plane, plane.isKey && rope ? &*rope : nullptr,
                plane.isKey ? kv.key : kv.value, context.job);
        });
        return kv;
    }

private:
    const std::vector<std::int64_t>& ranks() const { return params().integers("ranks"); }

    void checkTiers() const
    {
        const auto& thresholds = params().reals("thresholds");
        if (std::adjacent_find(ranks().begin(), ranks().end(), std::greater_equal<>()) != ranks().end())
            throw usageError(
                spec().id + ": ranks=" + printParam(ranks()) + " must ascend, every rank above the one before it");
        if (thresholds.size() + 1 != ranks().size())
            throw usageError(spec().id + ": " + std::to_string(ranks().size()) + " ranks need "
                + std::to_string(ranks().size() - 1) + " thresholds, one between each two; got "
                + std::to_string(thresholds.size()));
        if (std::adjacent_find(thresholds.begin(), thresholds.end(), std::greater_equal<>()) != thresholds.end()
            || thresholds.front() <= 0 || thresholds.back() >= 1)
            throw usageError(
                spec().id + ": thresholds=" + printParam(thresholds) + " must ascend and lie between 0 and 1");
    }

    LoraBasis sharedOf(const SectionSet& calibration, const FactorPlane& plane, c10::Device device) const
    {
        return sharedBases(calibration, plane.isKey ? "k" : "v", shapeOf(plane), 1, device).front();
    }

    LoraShape shapeOf(const FactorPlane& plane) const
    {
        return { plane.rows, plane.width(), ranks().back(), params().integer("code_bits"),
            params().integer("basis_bits"), 0 };
    }
};

ParamSpec listOf(ParamSpec spec, int maxLength)
{
    spec.maxLength = maxLength;
    return spec;
}

const MethodRegistration registration { withFactory<LoraPlus>({
    .id = "lora_plus",
    .label = "LoRA+",
    .family = "Matrix factorization",
    .sentence = "Gives every token a rank by its importance: all share one basis, and lesser tokens store fewer "
        "coefficients of it.",
    .reference = "Eckart & Young 1936; token tiers as in ZipCache, He et al. 2024 (arXiv 2405.14256)",
    .params = {
        listOf(param::integers("ranks", "Ranks", { 4, 8, 16 }, 1, 4096, "",
            "Coefficients that tokens of each tier store, least important tier first; two to four tiers."), 4),
        listOf(param::reals("thresholds", "Thresholds", { 0.3, 0.7 }, 0, 1, 0.05, "",
            "Where the tiers meet, as quantiles of the tokens' importance; one fewer than ranks."), 3),
        param::oneOf("code_bits", "Coefficient bits", 4, { 16, 8, 6, 4, 3 }, "bits",
            "Mean width of a coefficient; strong directions get more of them, weak ones fewer (16: half precision)."),
        param::oneOf("basis_bits", "Direction bits", 4, { 16, 8, 6, 4 }, "bits",
            "Mean width of a direction's entries; long contexts afford more (16: half precision)."),
        metricParam(),
        metricModelParam(),
        ropeParam("Undoes the keys' rotary embedding before the fit, where the dump says how, as unrotated keys "
            "have lower rank."),
        param::real("alpha", "Importance exponent", 16, 0, 64, 1, "",
            "Tokens count by importance to the power of a sixteenth of this in the fit; 0 ignores importance there."),
        param::sinks(1,
            "First tokens kept at 16 bits: the attention sink is unlike every other token and no low rank fits it."),
        sharedParam(),
    },
    .sweep = "ranks=[[2,4,8],[4,8,16],[8,16,32],[16,32,64],[32,64,96]]",
    .published = payloadAlone(
        "PiKV counts the coefficients alone: neither the factors, nor the means, nor each token's rank."),
}) };

} // namespace
} // namespace pikv
