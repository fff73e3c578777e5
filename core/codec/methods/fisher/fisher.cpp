// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `fisher`: a transform codec whose metric is the model's own, so that one step governs the whole cache.
#include "core/codec/compressor.h"
#include "core/codec/methods/fisher/fisherside.h"
#include "core/codec/methods/fisher/ownbases.h"
#include "core/codec/methods/fisher/rowsteps.h"
#include "core/model/model.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <algorithm>

namespace pikv {
namespace {

/// Keys come before their rotation, where the dump says how they were rotated.
class Fisher : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

    void validate(const CacheInfo& info) const override
    {
        LayerwiseCompressor::validate(info);
        calibratedSpec({ "rope" });
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        auto list = LayerwiseCompressor::warnings(info);
        if (sharedBytes() == 0)
            list.push_back("without a calibration, errors are measured plainly and every head's basis is stored; learn "
                           "one with pikv calibrate --with fisher");
        return list;
    }

protected:
    std::shared_ptr<const LanguageModel> gradientModel(
        const CacheInfo& info, const CodecContext& context) const override
    {
        const std::string& metric = params().text("metric");
        if (metric == "plain")
            return {};
        try {
            const std::string& name = params().text("model");
            ModelPtr model = openSharedModel(resolveModel(name.empty() ? "default" : name), context.job);
            if (metric == "next_token" || modelMismatch(info, *model).empty())
                return model;
        } catch (const Error& e) {
            if (metric == "next_token" || e.kind() != ErrorKind::Input || !params().text("model").empty())
                throw;
        }
        return {};
    }

    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        for (const bool isKey : { true, false }) {
            std::vector<at::Tensor> rows;
            for (const LayerInput& input : inputs)
                rows.push_back(withoutSinks(rowsOf(input, isKey), input));
            context.job.checkpoint();
            const LayerFisher* fisher = inputs.front().fisher;
            FisherTransform::learn(rows.size() == 1 ? rows.front() : at::cat(rows),
                fisher ? (isKey ? &fisher->key : &fisher->value) : nullptr, fisher)
                .write(isKey ? "k" : "v", out);
        }
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const auto weights = attentionWeights(input, context.job);
        for (const bool isKey : { true, false }) {
            const std::string side = isKey ? "k" : "v";
            const at::Tensor rows = rowsOf(input, isKey);
            const FisherTransform transform = input.shared
                ? FisherTransform::read(*input.shared, side, rows.size(1))
                : fitOwnBases(withoutSinks(rows, input), input.shape.kvHeads, step(), side, out, context.job);
            const std::vector<std::int8_t> planned = plannedClasses(transform, input.positions, input.shape.batch);
            std::vector<std::int8_t> classes = planned;
            if (const std::vector<double>& own = weights[isKey ? 0 : 1]; !own.empty()) {
                classes = adaptedClasses(planned, own);
                out.add(side + ".steps", packDeviations(planned, classes, context.job));
            }
            out.add(side + ".codes", encodeSide(transform, rows, step(), classes, context.job));
        }
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& shape = output.shape;
        const auto side = [&](bool isKey) {
            const std::string name = isKey ? "k" : "v";
            const std::int64_t dim = isKey ? shape.keyDim : shape.valueDim, width = shape.kvHeads * dim;
            const FisherTransform transform = output.shared ? FisherTransform::read(*output.shared, name, width)
                                                            : readOwnBases(output.sections, name, shape.kvHeads, dim);
            std::vector<std::int8_t> classes = plannedClasses(transform, output.positions, shape.batch);
            if (output.sections.has(name + ".steps"))
                classes = unpackDeviations(classes, output.sections.get(name + ".steps"), context.job);
            const at::Tensor rows
                = decodeSide(transform, output.sections.get(name + ".codes"), step(), classes, context.job);
            const at::Tensor heads
                = rows.view({ shape.batch, shape.seq, shape.kvHeads, dim }).transpose(1, 2).contiguous();
            const auto rope = isKey ? keyRotation(output, c10::kCPU) : std::nullopt;
            return (rope ? rope->turned(heads, 1) : heads).to(context.device);
        };
        return { side(true), side(false), {}, {} };
    }

private:
    double step() const { return params().real("step"); }

    /// `rows` as rowsOf() gives them, less those of the first tokens, which are unlike all others; all where that
    /// leaves none.
    static at::Tensor withoutSinks(const at::Tensor& rows, const LayerInput& input)
    {
        const at::Tensor kept = input.positions.cpu().ge(sinkTokens).nonzero().squeeze(1);
        if (kept.numel() == 0)
            return rows;
        return rows.view({ input.shape.batch, input.shape.seq, rows.size(1) })
            .index_select(1, kept)
            .reshape({ -1, rows.size(1) });
    }

    /// f32 [batch * seq, kv_heads * dim] on the CPU, keys without their rotation.
    at::Tensor rowsOf(const LayerInput& input, bool isKey) const
    {
        at::Tensor heads = (isKey ? input.kv.key : input.kv.value).to(c10::kCPU, at::kFloat).contiguous();
        if (const auto rope = isKey ? keyRotation(input, c10::kCPU) : std::nullopt)
            heads = rope->turned(heads, -1);
        return heads.transpose(1, 2).reshape({ heads.size(0) * heads.size(2), heads.size(1) * heads.size(3) });
    }
};

const MethodRegistration registration { withFactory<Fisher>({
    .id = "fisher",
    .label = "Fisher",
    .family = "Transform coding",
    .sentence
    = "Measures errors by what they do to the next tokens, so that one step governs the whole cache; codes adaptively.",
    .reference = "Fisher information metric: Amari 1998, Neural Computation 10(2); KVTC, 2025 (arXiv 2511.01815)",
    .params = {
        param::real("step", "Step", 5.0, 0.01, 10000.0, 0.1, "",
            "Width of every quantiser: in 1e-5 of the square root of a nat with a calibration, in 4 % of the rows' "
            "deviation without one.",
            ParamScale::Log),
        param::choice("metric", "Metric", "auto", { "auto", "next_token", "plain" }, "What calibration measures errors "
            "by: the next tokens of a model, or plain squares; auto: the model where it is that of the dumps."),
        param::folded(param::file("model", "Model", "A GGUF file, a Hugging Face folder, or nothing for the default "
            "model, which calibration takes gradients of.")),
        ropeParam("undo: code keys before their rotation, where tokens are more alike; keep: as they are."),
        sharedParam(),
    },
    .sweep = "step=[2,4,8,16,32]",
    .checkedByDefault = false,
}) };

} // namespace
} // namespace pikv
