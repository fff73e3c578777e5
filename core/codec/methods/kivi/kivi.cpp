// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methods/kivi/kiviplane.h"
#include <algorithm>

namespace pikv {
namespace {

/// KIVI (arXiv 2402.02750): keys are quantised per channel, values per token; the last tokens stay at 16 bits.
class Kivi : public PlanewiseCompressor {
public:
    using PlanewiseCompressor::PlanewiseCompressor;

protected:
    std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& shape, bool isKey, std::uint64_t) const override
    {
        const std::int64_t group = params().integer("group_size");
        std::int64_t tokens = shape.seq - std::min(params().integer("residual_length"), shape.seq);
        if (isKey)
            tokens -= tokens % group; // what does not fill a group stays in the window
        return std::make_unique<KiviPlane>(static_cast<std::size_t>(shape.seq), static_cast<std::size_t>(tokens),
            static_cast<std::size_t>(isKey ? shape.keyDim : shape.valueDim), static_cast<std::size_t>(group),
            static_cast<int>(params().integer(isKey ? "key_bits" : "value_bits")), isKey);
    }
};

const MethodRegistration registration { withFactory<Kivi>({
    .id = "kivi",
    .label = "KIVI",
    .family = "Quantization",
    .sentence = "Quantises keys per channel over groups of tokens and values per token, and keeps the last "
                "tokens at 16 bits.",
    .reference = "KIVI, Liu et al. 2024 (arXiv 2402.02750)",
    .params = {
        param::integer("key_bits", "Key bits", 2, 1, 8, "bits", "Width of a key code; keys are the sensitive side."),
        param::integer("value_bits", "Value bits", 2, 1, 8, "bits", "Width of a value code."),
        [] {
            ParamSpec spec = param::integer("group_size", "Group size", 32, 8, 256, "",
                "Tokens of a key group and channels of a value group; each group stores an f16 scale and "
                "minimum.",
                ParamScale::Log);
            spec.step = 8;
            return spec;
        }(),
        [] {
            ParamSpec spec = param::integer("residual_length", "Residual window", 32, 0, 4096, "tokens",
                "Last tokens kept at 16 bits (f16 for 32-bit dumps); keys that do not fill a group stay there too.");
            spec.isTail = true;
            return spec;
        }(),
    },
    .sweep = "key_bits=[2,3,4,6,8],value_bits=[2,4,8]",
    .published = payloadAlone(
        "The paper names settings by their code bits: scales, minima and the window at 16 bits come on top."),
}) };

} // namespace
} // namespace pikv
