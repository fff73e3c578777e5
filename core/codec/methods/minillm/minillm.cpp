// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `minillm`: principal components as codes, and a student network, trained on the cache (Hinton et al. 2015),
// that restores a part of what they lose.
#include "core/base/error.h"
#include "core/codec/methods/minillm/studentplane.h"
#include "core/codec/parts/metriccompressor.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/codec/parts/sharedbasis.h"
#include <ATen/ops/cat.h>
#include <array>
#include <cstdio>
#include <mutex>
#include <optional>

namespace pikv {
namespace {

constexpr std::int64_t attentionWindow = 8;

/// The seed's MiniLLM made real: an autoencoder for each layer's keys and values. Its linear part is the closed-form
/// PCA of all KV heads together; a small student network is distilled on what the quantised codes leave over.
class MiniLlm : public MetricCompressor {
public:
    using MetricCompressor::MetricCompressor;

    void validate(const CacheInfo& info) const override
    {
        MetricCompressor::validate(info);
        calibratedSpec({ "student_size", "num_layers", "hidden_size", "use_attention", "decoder_bits", "rope" });
        for (const LayerShape& shape : info.layers)
            if (const std::int64_t bound = shape.kvHeads * std::min(shape.keyDim, shape.valueDim);
                studentSize() > bound)
                throw usageError(spec().id + ": student_size=" + std::to_string(studentSize())
                    + " is above the hidden size of a token, kv_heads x head_dim = " + std::to_string(bound));
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        std::array<DistilledPlane, 2> planes = learn(inputs, true, context);
        for (DistilledPlane& plane : planes)
            plane.parts.bytes[LoraParts::Codes].clear();
        write(planes, out);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        if (!input.shared)
            return write(learn({ input }, false, context), out);
        std::array<DistilledPlane, 2> written;
        const FactorPlanes planes(input.shape, false);
        const auto rope = keyRotation(input, context.device);
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            const LoraBasis basis = sharedBasis(*input.shared, plane, context.device);
            writeCodesFor(coefficientsOf(input, plane, rope, basis, context.job), {}, basis, linearShape(plane),
                written.at(static_cast<std::size_t>(p)).parts, context.job);
        });
        write(written, out);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const FactorPlanes planes(output.shape, false);
        const auto rope = keyRotation(output, context.device);
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            const FactorPlane plane = planes.plane(p);
            const LoraReader reader(output.sections, prefixOf(plane), linearShape(plane), 1,
                output.shared ? LoraReader::Content::CodesOnly : LoraReader::Content::Everything);
            const LoraBasis basis = output.shared ? sharedBasis(*output.shared, plane, context.device)
                                                  : reader.basis(0).to(context.device);
            const RopeTable* turn = plane.isKey && rope ? &*rope : nullptr;
            const at::Tensor& target = plane.isKey ? output.place.key : output.place.value;
            const SectionSet& learned = output.shared ? *output.shared : output.sections;
            const auto student = readStudent(
                learned.get(prefixOf(plane) + ".student"), studentShape(plane), decoderBits(), context.device);
            if (student)
                rebuildDistilled(*student, basis, reader.codes(0, c10::kCPU), plane, turn, target, context.job);
            else
                rebuildPlane(basis, reader.codes(0, context.device), {}, plane, turn, target, context.job);
        });
        return output.place;
    }

private:
    std::int64_t studentSize() const { return params().integer("student_size"); }
    int decoderBits() const { return static_cast<int>(params().integer("decoder_bits")); }
    static std::string prefixOf(const FactorPlane& plane) { return plane.isKey ? "k" : "v"; }

    LoraShape linearShape(const FactorPlane& plane) const
    {
        return { plane.rows, plane.width(), studentSize(), params().integer("code_bits"),
            params().integer("basis_bits"), 0 };
    }
    StudentShape studentShape(const FactorPlane& plane) const
    {
        return { studentSize(), plane.width(), params().integer("hidden_size"), params().integer("num_layers"),
            params().boolean("use_attention") ? attentionWindow : 0 };
    }
    LoraBasis sharedBasis(const SectionSet& calibration, const FactorPlane& plane, c10::Device device) const
    {
        return sharedBases(calibration, prefixOf(plane), linearShape(plane), 1, device).front();
    }

    static void write(const std::array<DistilledPlane, 2>& planes, SectionSet& out)
    {
        for (std::size_t p = 0; p < planes.size(); ++p) {
            const std::string prefix = p == 0 ? "k" : "v";
            LoraParts::addSections({ planes[p].parts }, prefix, out);
            if (!planes[p].student.empty())
                out.add(prefix + ".student", planes[p].student);
        }
    }

    /// Keys and values of one layer, from the rows of all inputs.
    std::array<DistilledPlane, 2> learn(
        const std::vector<LayerInput>& inputs, bool forOthers, const CodecContext& context) const
    {
        std::array<DistilledPlane, 2> learned;
        const at::Tensor weights
            = inputs.size() == 1 ? rowWeights(inputs.front().importance, params().real("alpha")) : at::Tensor();
        const LayerMetric metric(*this, inputs.front(), context.job);
        std::mutex reporting; // keys and values may be trained side by side; the sink hears of one at a time
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            PlaneToLearn plane { {}, weights, {}, forOthers };
            std::vector<at::Tensor> rows, reach;
            for (const LayerInput& input : inputs) {
                rows.push_back(
                    planeRows(input, FactorPlanes(input.shape, false).plane(p), keyRotation(input, context.device)));
                reach.push_back(CodeRows::reachOf(input.shape.batch, input.shape.seq, attentionWindow));
            }
            plane.rows = rows.size() == 1 ? rows.front() : at::cat(rows);
            plane.reach = at::cat(reach);
            const FactorPlane like = FactorPlanes(inputs.front().shape, false).plane(p);
            plane.metric = relativeMetric(metric.get(), like, context.device);
            TrainingOptions options { params().integer("steps"), params().integer("batch_tokens"),
                params().real("learning_rate"), decoderBits(),
                context.seed ^ static_cast<std::uint64_t>(2 * inputs.front().index + p), {} };
            const auto report = [&](std::int64_t step, double loss) {
                const std::lock_guard lock(reporting);
                reportLoss(inputs.front(), like.isKey ? "keys" : "values", step, loss, context.job);
            };
            learned.at(static_cast<std::size_t>(p)) = distil(
                std::move(plane), linearShape(like), studentShape(like), std::move(options), report, context.job);
        });
        return learned;
    }

    static void reportLoss(
        const LayerInput& input, const char* curve, std::int64_t step, double loss, const JobControl& job)
    {
        std::array<char, 96> text {};
        std::snprintf(
            text.data(), text.size(), "Loss %.3g of %s after %d steps, layer", loss, curve, static_cast<int>(step));
        job.report({ text.data(), input.index + 1, input.layerCount,
            TrainingPoint { curve, input.index, input.layerCount, static_cast<int>(step), loss } });
    }
};

const MethodRegistration registration { withFactory<MiniLlm>({
    .id = "minillm",
    .label = "MiniLLM",
    .family = "Distillation",
    .sentence = "Trains a small student decoder on the cache: principal components as codes, and a network that "
        "restores what they lose.",
    .reference = "PiKV MiniLLM; student after Hinton, Vinyals & Dean 2015 (arXiv 1503.02531); Adam, Kingma & Ba "
        "2014 (arXiv 1412.6980)",
    .params = {
        param::integer("student_size", "Student size", 64, 1, 4096, "",
            "Numbers in a token's code, of keys and of values apart; at most kv_heads x head_dim.", ParamScale::Log),
        param::integer("num_layers", "Layers", 2, 1, 8, "", "Layers of the student; each sees the code and the "
            "layer before it."),
        param::boolean("use_attention", "Attention", true,
            "Lets the student refine a token's code with the eight codes before it."),
        param::integer("hidden_size", "Units a layer", 16, 1, 128, "",
            "Width of the student's layers; long contexts afford more.", ParamScale::Log),
        param::oneOf("code_bits", "Code bits", 4, { 16, 8, 6, 4, 3, 2 }, "bits",
            "Mean width of a code's numbers; strong components get more bits, weak ones fewer (16: half precision)."),
        param::oneOf("basis_bits", "Direction bits", 4, { 16, 8, 6, 4 }, "bits",
            "Mean width of the entries of the linear part; long contexts afford more (16: half precision)."),
        param::oneOf("decoder_bits", "Student bits", 4, { 16, 8, 6, 4, 3 }, "bits", "Width of the student's weights."),
        param::integer("steps", "Training steps", 40, 1, 10000, "steps",
            "At most this many steps of Adam for each layer; it stops early where nothing improves.", ParamScale::Log),
        param::real("learning_rate", "Learning rate", 0.05, 0.0001, 1, 0.0001, "", "Of the first step; it falls "
            "along a cosine.",
            ParamScale::Log),
        param::folded(param::integer("batch_tokens", "Batch", 256, 16, 1024, "tokens",
            "Consecutive tokens that a training step looks at.", ParamScale::Log)),
        metricParam(),
        metricModelParam(),
        ropeParam("Undoes the keys' rotary embedding before the fit, where the dump says how, as unrotated keys "
            "have lower rank."),
        param::real("alpha", "Importance exponent", 16, 0, 64, 1, "",
            "Tokens count by importance^(alpha / 16) in the loss; 0 ignores importance."),
        param::sinks(1,
            "First tokens kept at 16 bits: the attention sink is unlike every other token and no low rank fits it."),
        sharedParam(),
    },
    .sweep = "student_size=[16,32,64,96,128]",
    .checkedByDefault = false,
    .published = payloadAlone(
        "PiKV counts the student's codes alone, not its parameters."),
}) };

} // namespace
} // namespace pikv
