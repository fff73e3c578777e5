// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `lora`: X ~ mean + U B, the weighted singular value decomposition in closed form (Eckart & Young 1936),
// every factor packed.
#include "core/base/error.h"
#include "core/codec/parts/metriccompressor.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/codec/parts/sharedbasis.h"
#include <algorithm>
#include <optional>

namespace pikv {
namespace {

/// The seed's LoRA made real: X ~ mean + U B by a weighted singular value decomposition in closed form, every factor
/// packed and counted; what it leaves over can be kept at a few bits (the residual connection).
class Lora : public MetricCompressor {
public:
    using MetricCompressor::MetricCompressor;

    void validate(const CacheInfo& info) const override
    {
        MetricCompressor::validate(info);
        if (const auto learned = calibratedSpec({ "scope", "rope" })) {
            if (rank() > learned->params.integer("rank"))
                throw usageError(spec().id + ": rank=" + std::to_string(rank())
                    + " is above the rank of the calibration, " + std::to_string(learned->params.integer("rank")));
            return;
        }
        for (const LayerShape& layer : info.layers) {
            const LayerShape shape = codedShape(layer);
            const std::int64_t bound = FactorPlanes(shape, perHead()).maxRank();
            if (shape.seq > 0 && rank() > bound)
                throw usageError(spec().id + ": rank=" + std::to_string(rank()) + " is above min(batch x seq, "
                    + (perHead() ? "head_dim" : "kv_heads x head_dim") + ") = " + std::to_string(bound));
        }
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        auto list = MetricCompressor::warnings(info);
        if (params().real("dropout") > 0)
            list.push_back(
                "dropout is accepted and ignored: it is noise for training, and lora is fitted in closed form");
        return list;
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        learnBases(inputs, { perHead(), undoesRope(), rank(), params().integer("basis_bits"), params().real("alpha") },
            out, context);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const FactorPlanes planes(input.shape, perHead());
        const at::Tensor weights = rowWeights(input.importance, params().real("alpha"));
        std::vector<LoraParts> parts(static_cast<std::size_t>(planes.count()));
        const std::vector<LoraBasis> shared = sharedOf(input.shared, planes, context.device);
        const std::optional<RopeTable> rope = keyRotation(input, context.device);
        const LayerMetric metric(*this, input, context.job);
        forEachPlane(context.device, planes.count(), context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            const LoraShape shape = shapeOf(plane);
            LoraParts& bytes = parts[static_cast<std::size_t>(p)];
            if (input.shared) {
                const LoraBasis& basis = shared[static_cast<std::size_t>(p)];
                const at::Tensor coefficients = coefficientsOf(input, plane, rope, basis, context.job);
                return writeCodesFor(coefficients,
                    shape.baseBits > 0 ? planeRows(input, plane, rope).sub_(basis.mean) : at::Tensor(), basis, shape,
                    bytes, context.job);
            }
            const at::Tensor rows = planeRows(input, plane, rope);
            const LowRankFit fit = fitLowRankIn(relativeMetric(metric.get(), plane, context.device), rows, weights,
                shape.rank, context.seed ^ static_cast<std::uint64_t>(p), context.job);
            const FactorWidths widths = FactorWidths::spread(fit.variances, shape.codeBits, shape.basisBits);
            const LoraBasis basis = writeBasis(fit, widths, bytes);
            context.job.checkpoint();
            writeCodes(rows, basis, widths.code, shape, bytes, context.job);
        });
        const auto middle = parts.begin() + planes.perTensor();
        LoraParts::addSections({ parts.begin(), middle }, "k", out);
        LoraParts::addSections({ middle, parts.end() }, "v", out);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const FactorPlanes planes(s, perHead());
        const LayerKv& kv = output.place;
        const std::int64_t n = planes.perTensor();
        const auto reader = [&](const char* prefix, std::int64_t first) {
            return LoraReader(output.sections, prefix, shapeOf(planes.plane(first)), n,
                output.shared ? LoraReader::Content::CodesOnly : LoraReader::Content::Everything);
        };
        const LoraReader keys = reader("k", 0), values = reader("v", n);
        const std::vector<LoraBasis> shared = sharedOf(output.shared, planes, context.device);
        const std::optional<RopeTable> rope = keyRotation(output, context.device);
        forEachPlane(context.device, planes.count(), context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            const LoraReader& from = plane.isKey ? keys : values;
            const LoraBasis basis
                = output.shared ? shared[static_cast<std::size_t>(p)] : from.basis(p % n).to(context.device);
            rebuildPlane(basis, from.codes(p % n, context.device), from.rest(p % n, context.device), plane,
                plane.isKey && rope ? &*rope : nullptr, plane.isKey ? kv.key : kv.value, context.job);
        });
        return kv;
    }

private:
    std::int64_t rank() const { return params().integer("rank"); }
    bool perHead() const { return params().text("scope") == "head"; }

    /// The planes' bases in a calibration; empty without one.
    std::vector<LoraBasis> sharedOf(const SectionSet* calibration, const FactorPlanes& planes, c10::Device device) const
    {
        if (!calibration)
            return {};
        const std::int64_t n = planes.perTensor();
        std::vector<LoraBasis> bases = sharedBases(*calibration, "k", shapeOf(planes.plane(0)), n, device);
        const std::vector<LoraBasis> values = sharedBases(*calibration, "v", shapeOf(planes.plane(n)), n, device);
        bases.insert(bases.end(), values.begin(), values.end());
        return bases;
    }

    LoraShape shapeOf(const FactorPlane& plane) const
    {
        return { plane.rows, plane.width(), rank(), params().integer("code_bits"), params().integer("basis_bits"),
            static_cast<int>(params().integer("base_bits")) };
    }
};

const MethodRegistration registration { withFactory<Lora>({
    .id = "lora",
    .label = "LoRA",
    .family = "Matrix factorization",
    .sentence = "Stores a mean, a few directions and each token's coefficients: the best low-rank description, "
        "found in closed form.",
    .reference = "Eckart & Young 1936; Palu, Chang et al. 2024 (arXiv 2407.21118); GEAR, Kang et al. 2024 "
        "(arXiv 2403.05527)",
    .params = {
        param::integer("rank", "Rank", 8, 1, 4096, "", "Directions kept, of keys and of values "
            "apart.", ParamScale::Log),
        param::oneOf("code_bits", "Coefficient bits", 4, { 16, 8, 6, 4, 3 }, "bits",
            "Mean width of a coefficient; strong directions get more of them, weak ones fewer (16: half precision)."),
        param::oneOf("basis_bits", "Direction bits", 4, { 16, 8, 6, 4 }, "bits",
            "Mean width of a direction's entries; long contexts afford more (16: half precision)."),
        param::oneOf("base_bits", "Residual bits", 0, { 0, 2, 3, 4 }, "bits",
            "Keeps what the low rank leaves over at this width, channel by channel (0: not at all)."),
        param::choice("scope", "Scope", "layer", { "layer", "head" },
            "One factorisation for all KV heads of a layer, or one for each head."),
        metricParam(),
        metricModelParam(),
        ropeParam("Undoes the keys' rotary embedding before the fit, where the dump says how, as unrotated keys "
            "have lower rank."),
        param::real("alpha", "Importance exponent", 16, 0, 64, 1, "",
            "Tokens count by importance to the power of a sixteenth of this in the fit; 0 ignores importance."),
        param::folded(param::real("dropout", "Dropout", 0, 0, 0.9, 0.1, "",
            "Accepted for compatibility and ignored: it is noise for training, and nothing is trained here.")),
        param::sinks(1,
            "First tokens kept at 16 bits: the attention sink is unlike every other token and no low rank fits it."),
        sharedParam(),
    },
    .sweep = "rank=[8,16,32,64,96]",
    .published = payloadAlone(
        "PiKV counts the coefficients alone, rank / hidden: neither the factors, nor the means."),
}) };

} // namespace
} // namespace pikv
