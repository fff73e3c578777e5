// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `fastvideo`: tokens as frames of a video, keyframes and predicted ones, transformed, quantised and entropy-
// coded in a closed loop (CacheGen, arXiv:2310.07240).
#include "core/codec/methods/fastvideo/videolayer.h"
#include "core/codec/parts/factorplane.h"
#include "core/codec/parts/ratiobudget.h"
#include "core/codec/parts/sharedheadbases.h"
#include <algorithm>

namespace pikv {
namespace {

/// The seed's FastVideo made real: a closed-loop video codec whose frames are tokens.
class FastVideo : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        auto list = LayerwiseCompressor::warnings(info);
        for (const LayerShape& layer : info.layers) {
            const LayerShape shape = codedShape(layer);
            if (shape.seq > 0
                && budget(shape, static_cast<int>(info.layers.size()), false)
                    < shape.kvHeads * (shape.keyDim + shape.valueDim) * 4) {
                list.push_back(missedTarget(spec()));
                break;
            }
        }
        return list;
    }

    void validate(const CacheInfo& info) const override
    {
        LayerwiseCompressor::validate(info);
        if (const auto learned = calibratedSpec({ "rope" }); learned && learned->params.text("transform") == "none")
            calibratedSpec({ "transform" }); // it holds the means alone
    }

protected:
    void calibrateLayer(
        const std::vector<LayerInput>& inputs, SectionSet& out, const CodecContext& context) const override
    {
        learnHeadBases(inputs, undoesRope(), params().text("transform") != "none", out, context);
    }

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const auto rope = keyRotation(input, c10::kCPU);
        VideoSettings settings = settingsFor(input.shared, input.shape);
        for (HeadBasis& basis : settings.calibrated)
            basis.invert(c10::kCPU); // refuses what is no transform
        encodeVideo(
            input, settings, rope, budget(input.shape, input.layerCount, input.importance.defined()), out, context.job);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const auto rope = keyRotation(output, c10::kCPU);
        const LayerKv kv = decodeVideo(output, settingsFor(output.shared, output.shape), rope, context.job);
        return { kv.key.to(context.device), kv.value.to(context.device), {}, {} };
    }

private:
    KeyframeRule rule() const { return { params().integer("keyframe_interval"), params().real("motion_threshold") }; }
    VideoSettings settingsFor(const SectionSet* shared, const LayerShape& shape) const
    {
        VideoSettings settings { rule(), params().text("transform"), {} };
        if (shared)
            settings.calibrated = readHeadBases(*shared, shape, settings.transform != "none");
        return settings;
    }
    std::int64_t budget(const LayerShape& shape, int layers, bool weighted) const
    {
        return layerBudget(spec(), params().real("compression_ratio"), shape, layers, weighted ? 3 : 2);
    }
};

const MethodRegistration registration { withFactory<FastVideo>({
    .id = "fastvideo",
    .label = "FastVideo",
    .family = "Cache reduction",
    .sentence = "Treats tokens as video frames: keyframes, motion prediction from the decoded token before, "
        "transformed and "
                "entropy-coded residuals.",
    .reference = "PiKV FastVideoCompressor; CacheGen, Liu et al. 2024 (arXiv 2310.07240); differential coding, "
        "Jayant & Noll 1984, ch. 6",
    .params = {
        param::real("compression_ratio", "Target ratio", 0.5, 0.02, 1.0, 0.01, "", "Stored bytes over 16-bit "
            "bytes to aim at, met within 2 %; above about 0.7 the error is that of 16 bits and no more is stored."),
        param::integer("keyframe_interval", "Keyframe interval", 8, 1, 4096, "tokens", "A token that is not "
            "predicted comes at least this often.", ParamScale::Log),
        param::real("motion_threshold", "Motion threshold", 0.2, 0.0, 4.0, 0.05, "", "A token whose prediction "
            "misses by more than this share of its energy becomes a keyframe."),
        param::choice("transform", "Transform", "auto", { "auto", "klt", "none" }, "klt: principal components "
            "of each head, stored; none: raw channels; auto: whichever promises fewer bits."),
        param::sinks(1,
            "First tokens kept at 16 bits, which count towards the target: attention leans on the sink more "
                "than on any other token."),
        ropeParam("undo: predict keys before their rotation, which is the known motion; keep: as they are."),
        sharedParam(),
    },
    .sweep = "compression_ratio=[0.1,0.15,0.2,0.3,0.5]",
    .published = payloadAlone(
        "PiKV counts keyframes and residuals alone, not the predictor."),
}) };

} // namespace
} // namespace pikv
