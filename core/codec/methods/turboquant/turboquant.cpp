// SPDX-License-Identifier: GPL-3.0-or-later
// Registers `turboquant` (arXiv:2504.19874): a random rotation makes every coordinate alike, so that one table of
// levels serves all.
#include "core/base/error.h"
#include "core/codec/methods/turboquant/turboplane.h"
#include <bit>

namespace pikv {
namespace {

/// TurboQuant (arXiv 2504.19874): random rotation, then the best scalar quantiser; needs no data to calibrate on.
class TurboQuant : public PlanewiseCompressor {
public:
    using PlanewiseCompressor::PlanewiseCompressor;

    void validate(const CacheInfo& info) const override
    {
        PlanewiseCompressor::validate(info);
        if (params().boolean("qjl") && params().integer("key_bits") < 2)
            throw usageError(spec().id + ": qjl takes one of the key bits, so key_bits must be at least 2, got 1");
    }

    std::vector<std::string> warnings(const CacheInfo& info) const override
    {
        if (params().text("rotation") == "hadamard")
            for (const LayerShape& shape : info.layers)
                for (const std::int64_t dim : { shape.keyDim, shape.valueDim })
                    if (!std::has_single_bit(static_cast<std::uint64_t>(dim)))
                        return { "head_dim " + std::to_string(dim)
                            + " is not a power of two: the rotation is a random orthogonal matrix" };
        return {};
    }

protected:
    /// The seed of the rotation: all that decode needs of it.
    SectionSet prepare(const CacheInfo&, const CodecContext& context) const override
    {
        Bytes seed;
        appendLe(seed, context.seed);
        SectionSet sections;
        sections.add("rotation", std::move(seed));
        return sections;
    }

    std::uint64_t storedSeed(const SectionSet& global) const override
    {
        return loadLe<std::uint64_t>(global.get("rotation", 8).data());
    }

    std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& s, bool isKey, std::uint64_t seed) const override
    {
        const auto kind
            = params().text("rotation") == "hadamard" ? Rotation::Kind::Hadamard : Rotation::Kind::Orthogonal;
        return std::make_unique<TurboPlane>(s.seq, isKey ? s.keyDim : s.valueDim,
            static_cast<int>(params().integer(isKey ? "key_bits" : "value_bits")), isKey && params().boolean("qjl"),
            kind, seed);
    }
};

const MethodRegistration registration { withFactory<TurboQuant>({
    .id = "turboquant",
    .label = "TurboQuant",
    .family = "Quantization",
    .sentence = "Rotates every vector at random and quantises its coordinates with the table that is best for a "
        "random direction.",
    .reference = "TurboQuant, Zandieh et al. 2025 (arXiv 2504.19874)",
    .params = {
        param::integer("key_bits", "Key bits", 3, 1, 8, "bits", "Width of a key coordinate; each key also "
            "stores its length at 16 bits."),
        param::integer("value_bits", "Value bits", 3, 1, 8, "bits", "Width of a value coordinate; each value "
            "also stores its length at 16 bits."),
        param::choice("rotation", "Rotation", "hadamard", { "hadamard", "orthogonal" },
            "Random signs with a fast Hadamard transform, or a random orthogonal matrix, which any head_dim allows."),
        param::boolean("qjl", "QJL stage", false,
            "Spends one key bit on the signs of a projected residual: unbiased inner products, but a larger "
                "error in practice."),
    },
    .sweep = "key_bits=[2,3,4,6],value_bits=[2,3,4]",
    .published = payloadAlone(
        "The paper counts bits a channel: every vector's length at 16 bits comes on top."),
}) };

} // namespace
} // namespace pikv
