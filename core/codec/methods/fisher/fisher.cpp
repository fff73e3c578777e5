// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `fisher`: a transform codec whose metric is the model's own, so that one step governs the whole cache.
#include "core/base/error.h"
#include "core/codec/earlierrows.h"
#include "core/codec/methods/fisher/layerprediction.h"
#include "core/codec/methods/fisher/steptarget.h"
#include "core/codec/parts/metriccompressor.h"
#include "core/codec/parts/ownbases.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowpredictor.h"
#include "core/codec/parts/rowsteps.h"
#include "core/codec/parts/siderows.h"
#include "core/codec/parts/sidestream.h"
#include "core/model/fisherinformation.h"
#include "core/model/languagemodel.h"
#include "core/model/model.h"
#include "core/model/scoring.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <algorithm>
#include <array>
#include <deque>
#include <optional>

namespace pikv {
namespace {

/// Keys come before their rotation, where the dump says how they were rotated.
class Fisher : public MetricCompressor {
public:
    using MetricCompressor::MetricCompressor;

    void validate(const CacheInfo& info) const override
    {
        MetricCompressor::validate(info);
        calibratedSpec({ "rope", "prediction" });
        if (predicts() != Prediction::None && params().text("shared").empty())
            throw usageError("fisher: prediction=" + params().text("prediction")
                + " is learned ahead: it needs a calibration (shared)");
        if (ratio() > 0 && divergence() > 0)
            throw usageError("fisher: compression_ratio and kl are two targets; give one of them");
    }

    void validateLearning(const CacheInfo& info) const override
    {
        MethodSpec plain = spec(); // what is learned is not needed yet
        plain.params.set("prediction", std::string("none"));
        Fisher(std::move(plain)).MetricCompressor::validateLearning(info);
    }

    /// Decoded rows of the layers before, side by side as well, and what is left of the layer's own.
    std::uint64_t learningMemory(const CacheInfo& info) const override
    {
        std::int64_t widest = 0;
        for (const LayerShape& layer : info.layers)
            widest = std::max(widest, layer.elements());
        return predicts() == Prediction::None
            ? 0
            : static_cast<std::uint64_t>(widest) * sizeof(float) * (3 * EarlierRows::depth + 4);
    }

    /// A target is one for the whole cache: a few layers would have another step. And layers that are predicted from
    /// others come in their order.
    bool needsAllLayers() const override { return hasTarget() || predicts() == Prediction::Layers; }
    const LayerwiseCompressor* layerwise() const override { return needsAllLayers() ? nullptr : this; }

    EncodedCache encode(const KvCache& cache, const at::Tensor& importance, const CodecContext& context) const override
    {
        if (!hasTarget())
            return LayerwiseCompressor::encode(cache, importance, context);
        EncodedCache last;
        double lastStep = 0;
        const auto encodeAt = [&](double step) -> const EncodedCache& {
            if (step != lastStep) {
                last = withStep(step).encode(cache, importance, context);
                lastStep = step;
            }
            return last;
        };
        StepTarget target { "compression_ratio", ratio(), 0.005,
            [&](double step) { return double(encodeAt(step).fileBytes()) / double(cache.info().referenceBytes()); } };
        std::shared_ptr<const LanguageModel> model;
        std::optional<NextTokenDivergence> test;
        if (divergence() > 0) {
            model = scoringModel(cache, context);
            test.emplace(model->llama(), cache, fisherRequest(cache.info()).predict, context.job);
            target = { "kl", divergence(), 0.03,
                [&](double step) { return test->of(*withStep(step).decode(encodeAt(step), context), context.job); } };
        }
        const ParamSpec& param
            = *std::ranges::find(Registry::instance().get("fisher").params, "step", &ParamSpec::name);
        encodeAt(stepFor(target, param.minimum, param.maximum, step()));
        return last;
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        auto list = LayerwiseCompressor::warnings(info);
        const auto learned = calibratedSpec({});
        if (!learned)
            list.push_back(std::string("without a calibration every head's basis is stored")
                + (params().text("metric") == "plain" ? " and errors are measured plainly" : "")
                + "; learn one with pikv calibrate --with fisher");
        else if (learned->params.text("metric") == "plain")
            list.push_back(
                "the calibration measures errors plainly: it was learned without the next tokens of a model");
        return list;
    }

protected:
    bool autoAsksForItself() const override { return true; }

    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        std::deque<LayerPrediction> predictions;
        for (const LayerInput& input : inputs)
            predictions.emplace_back(predicts(), input, context.job);
        std::array<SectionSet, 2> sides;
        forEachSide(
            context.job, [&](bool isKey) { learnSide(inputs, predictions, isKey, sides[isKey ? 0 : 1], context.job); });
        for (LayerPrediction& prediction : predictions)
            prediction.finish();
        append(sides, out);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        std::array<std::vector<double>, 2> weights;
        if (input.fisher)
            weights = { gradientWeights(input.fisher->key, input.positions),
                gradientWeights(input.fisher->value, input.positions) };
        else
            weights = attentionWeights(input, context.job);
        const LayerMetric metric(*this, input, context.job);
        LayerPrediction prediction(predicts(), input, context.job);
        std::array<SectionSet, 2> sides;
        forEachSide(context.job, [&](bool isKey) {
            const std::size_t at = isKey ? 0 : 1;
            encodeOneSide(input, metric.get(), isKey, weights[at], prediction, sides[at], context.job);
        });
        prediction.finish();
        append(sides, out);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& shape = output.shape;
        const LayerKv place = output.placeOnHost();
        std::array<std::optional<StoredSide>, 2> sides;
        forEachPlane(c10::kCPU, 2, context.job, [&](std::int64_t i) {
            const std::string name = i == 0 ? "k" : "v";
            const std::int64_t dim = i == 0 ? shape.keyDim : shape.valueDim;
            SideTransform transform = output.shared
                ? SideTransform::read(*output.shared, name, shape.kvHeads * dim)
                : readOwnBases(output.sections, name, shape.kvHeads, dim, context.job);
            std::vector<std::int8_t> classes = plannedClasses(transform, output.positions, shape.batch);
            if (output.sections.has(name + ".steps"))
                classes = unpackDeviations(classes, output.sections.get(name + ".steps"), context.job);
            sides[static_cast<std::size_t>(i)].emplace(
                std::move(transform), output.sections.get(name + ".codes"), step(), std::move(classes));
        });
        StoredSide::readLevels(*sides[0], *sides[1], context.job);
        LayerPrediction prediction(predicts(), output, context.job);
        forEachSide(context.job, [&](bool isKey) {
            const std::int64_t width = shape.kvHeads * (isKey ? shape.keyDim : shape.valueDim);
            const SideRows rows(isKey ? place.key : place.value, isKey ? keyRotation(output, c10::kCPU) : std::nullopt);
            const RowSink keep = prediction.sink(isKey, width);
            const auto put = [&](std::int64_t first, const at::Tensor& block) {
                rows.store(first, block, context.job);
                if (keep)
                    keep(first, block);
            };
            sides[isKey ? 0 : 1]->rebuild(prediction.of(output.shared, isKey, width), put, context.job);
        });
        prediction.finish();
        return { place.key.to(context.device), place.value.to(context.device), {}, {} };
    }

private:
    Prediction predicts() const { return predictionOf(params()); }

    /// f(isKey): keys first where values are predicted from them, else both at once. A side by one thread alone: its
    /// bytes do not depend on how many there are.
    template <typename Function>
    void forEachSide(const JobControl& job, Function f) const
    {
        if (predicts() == Prediction::None)
            return forEachPlane(c10::kCPU, 2, job, [&](std::int64_t i) { f(i == 0); });
        for (const bool isKey : { true, false })
            forEachPlane(c10::kCPU, 1, job, [&](std::int64_t) { f(isKey); });
    }

    static void append(const std::array<SectionSet, 2>& sides, SectionSet& out)
    {
        for (const SectionSet& side : sides)
            for (const auto& [name, bytes] : side.all())
                out.add(name, bytes);
    }

    /// A transform of the rows, or of what a prediction leaves of them; `predictions` get the rows as a decoder would
    /// have them at the parameter `step`, so that what is learned next expects its errors.
    void learnSide(const std::vector<LayerInput>& inputs, std::deque<LayerPrediction>& predictions, bool isKey,
        SectionSet& out, const JobControl& job) const
    {
        const LayerFisher* fisher = inputs.front().fisher;
        const std::string side = isKey ? "k" : "v";
        std::vector<at::Tensor> rows, known;
        for (const LayerInput& input : inputs) {
            rows.push_back(rowsOf(input, isKey, job));
            known.push_back(withoutSinks(rows.back(), input, job));
        }
        const at::Tensor all = joined(known);
        const std::vector<at::Tensor> predicted
            = learnPrediction(inputs, predictions, isKey, known, all.size(1), out, job);
        std::vector<at::Tensor> left = known;
        for (std::size_t i = 0; i < predicted.size(); ++i)
            left[i] = known[i] - withoutSinks(predicted[i], inputs[i], job);
        SideTransform::learn(predicted.empty() ? all : joined(left), all,
            fisher ? (isKey ? &fisher->key : &fisher->value) : nullptr, job)
            .write(side, out);
        const SideTransform transform = SideTransform::read(out, side, all.size(1));
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (const RowSink keep = predictions[i].sink(isKey, all.size(1))) {
                std::vector<std::int8_t> classes
                    = plannedClasses(transform, inputs[i].positions, inputs[i].shape.batch);
                if (!encodeSide(transform, rows[i], predicted.empty() ? at::Tensor() : predicted[i], step(), classes,
                        keep, job))
                    throw tooFine();
            }
    }

    /// Adds the predictor of a side and gives all rows of every input as it predicts them; empty where there is nothing
    /// to predict from. `known`: the side's rows without sinks.
    static std::vector<at::Tensor> learnPrediction(const std::vector<LayerInput>& inputs,
        const std::deque<LayerPrediction>& predictions, bool isKey, const std::vector<at::Tensor>& known,
        std::int64_t width, SectionSet& out, const JobControl& job)
    {
        std::vector<at::Tensor> from, learned, predicted;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (const at::Tensor before = predictions[i].inputs(isKey); before.defined()) {
                from.push_back(before);
                learned.push_back(withoutSinks(before, inputs[i], job));
            }
        if (from.empty())
            return {};
        const std::string side = isKey ? "k" : "v";
        RowPredictor::learn(learned, known, job).write(side, out);
        const auto predictor = RowPredictor::read(out, side, from.front().size(1), width); // as decode has it
        for (const at::Tensor& rows : from)
            predicted.push_back(predictor.predict(rows, job));
        return predicted;
    }

    static at::Tensor joined(const std::vector<at::Tensor>& parts)
    {
        return parts.size() == 1 ? parts.front() : at::cat(parts);
    }

    Error tooFine() const
    {
        return usageError("fisher: step=" + printParam(step()) + " is too fine for this cache: it takes levels above "
            + printParam(double(largestLevel)));
    }

    void encodeOneSide(const LayerInput& input, const LayerFisher* fisher, bool isKey,
        const std::vector<double>& weights, LayerPrediction& prediction, SectionSet& out, const JobControl& job) const
    {
        const std::string side = isKey ? "k" : "v";
        const at::Tensor rows = rowsOf(input, isKey, job);
        const SideTransform transform = input.shared
            ? SideTransform::read(*input.shared, side, rows.size(1))
            : fitOwnBases(withoutSinks(rows, input, job), input.shape.kvHeads,
                fisher ? (isKey ? &fisher->key : &fisher->value) : nullptr, step(), side, out, job);
        const std::vector<std::int8_t> planned = plannedClasses(transform, input.positions, input.shape.batch);
        std::vector<std::int8_t> classes = planned;
        if (!weights.empty())
            classes = adaptedClasses(planned, weights);
        std::optional<Bytes> codes = encodeSide(transform, rows, prediction.of(input.shared, isKey, rows.size(1)),
            step(), classes, prediction.sink(isKey, rows.size(1)), job);
        if (!codes)
            throw tooFine();
        if (classes != planned)
            out.add(side + ".steps", packDeviations(planned, classes, job));
        out.add(side + ".codes", std::move(*codes));
    }

    double step() const { return params().real("step"); }
    double ratio() const { return params().real("compression_ratio"); }
    double divergence() const { return params().real("kl"); }
    bool hasTarget() const { return ratio() > 0 || divergence() > 0; }

    Fisher withStep(double step) const
    {
        MethodSpec found = spec();
        found.params.set("step", step);
        found.params.set("compression_ratio", 0.0);
        found.params.set("kl", 0.0);
        return Fisher(std::move(found));
    }

    /// What tells the divergence. Throws Error{Usage} with the obstacle.
    std::shared_ptr<const LanguageModel> scoringModel(const KvCache& cache, const CodecContext& context) const
    {
        auto model = openSharedModel(modelOfParam(params().text("model")), context.job);
        if (const std::string obstacle = gradientObstacle(*model, cache.info(), fisherRequest(cache.info()));
            !obstacle.empty())
            throw usageError("fisher: kl needs the next tokens of a model: " + obstacle);
        return model;
    }

    /// `rows` as rowsOf() gives them, less those of the first tokens, which are unlike all others; all where that
    /// leaves none.
    static at::Tensor withoutSinks(const at::Tensor& rows, const LayerInput& input, const JobControl& job)
    {
        const at::Tensor kept = input.positions.cpu().ge(sinkTokens).nonzero().squeeze(1);
        if (kept.numel() == 0)
            return rows;
        const at::Tensor all = rows.view({ input.shape.batch, input.shape.seq, rows.size(1) });
        const at::Tensor out = at::empty({ all.size(0), kept.numel(), rows.size(1) }, at::kFloat);
        forEachBlock(kept.numel(), 1024, job, [&](std::int64_t first, std::int64_t count) {
            out.narrow(1, first, count).copy_(all.index_select(1, kept.narrow(0, first, count)));
        });
        return out.view({ -1, rows.size(1) });
    }

    /// f32 [batch * seq, kv_heads * dim] on the CPU, clamped to f16's range, keys without their rotation.
    at::Tensor rowsOf(const LayerInput& input, bool isKey, const JobControl& job) const
    {
        return SideRows(isKey ? input.kv.key : input.kv.value, isKey ? keyRotation(input, c10::kCPU) : std::nullopt)
            .load(job);
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
            "Width of every quantiser: in 1e-5 of the square root of a nat where a model's next tokens are the metric, "
            "else in 4 % of the rows' deviation.",
            ParamScale::Log),
        param::real("compression_ratio", "Target ratio", 0.0, 0.0, 1.0, 0.01, "",
            "The step with which the whole file is this share of 16 bits is found, from the one above; 0: that one."),
        param::folded(param::real("kl", "Target KL", 0.0, 0.0, 10.0, 0.001, "nats",
            "The step is found with which the model's predictions of the cache's own last tokens, a quarter and 128 at "
            "most, diverge so much; 0: no target.")),
        metricParam(true),
        metricModelParam(),
        predictionParam(),
        ropeParam("undo: code keys before their rotation, where tokens are more alike; keep: as they are."),
        sharedParam(),
        param::sinks(1, "The first token is unlike all others: kept at 16 bits, where coding it would cost many."),
    },
    .sweep = "step=[2,4,8,16,32]",
    .checkedByDefault = false,
}) };

} // namespace
} // namespace pikv
