// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/codec/methods/turboquant/turboplane.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include <ATen/ops/empty.h>
#include <bit>

namespace pikv {
namespace {

/// TurboQuant (arXiv 2504.19874): random rotation, then the best scalar quantiser; needs no data to calibrate on.
class TurboQuant : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

    void validate(const CacheInfo& info) const override
    {
        LayerwiseCompressor::validate(info);
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

    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const LayerShape& s = input.shape;
        encodeTensor("k", input.kv.key, plane(s, true, context.seed), s.keyDtype, out, context);
        encodeTensor("v", input.kv.value, plane(s, false, context.seed), s.valueDtype, out, context);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const auto seed = loadLe<std::uint64_t>(output.global.get("rotation", 8).data());
        return { decodeTensor("k", plane(s, true, seed), s, s.keyDim, s.keyDtype, output.sections, context),
            decodeTensor("v", plane(s, false, seed), s, s.valueDim, s.valueDtype, output.sections, context), {}, {} };
    }

private:
    TurboPlane plane(const LayerShape& s, bool key, std::uint64_t seed) const
    {
        const auto kind
            = params().text("rotation") == "hadamard" ? Rotation::Kind::Hadamard : Rotation::Kind::Orthogonal;
        return { s.seq, key ? s.keyDim : s.valueDim,
            static_cast<int>(params().integer(key ? "key_bits" : "value_bits")), key && params().boolean("qjl"), kind,
            seed };
    }

    static void encodeTensor(const std::string& name, const at::Tensor& tensor, const TurboPlane& plane, DType dtype,
        SectionSet& out, const CodecContext& context)
    {
        const at::Tensor rows = tensor.cpu().contiguous();
        const std::int64_t planes = rows.size(0) * rows.size(1);
        const auto n = static_cast<std::size_t>(planes), planeBytes = rows.nbytes() / n;
        Bytes codes(n * plane.codeBytes()), lengths(n * plane.lengthBytes()), signs(n * plane.signBytes());
        Bytes residuals(signs.empty() ? 0 : lengths.size());
        const auto* data = static_cast<const std::byte*>(rows.data_ptr());
        forEachPlane(c10::kCPU, planes, context.job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            const auto part = [&](Bytes& all) { return std::span(all).subspan(at * (all.size() / n), all.size() / n); };
            plane.encode(
                data + at * planeBytes, dtype, part(codes), part(lengths), part(signs), part(residuals), context.job);
        });
        out.add(name + ".codes", std::move(codes));
        out.add(name + ".lengths", std::move(lengths));
        if (signs.empty())
            return;
        out.add(name + ".signs", std::move(signs));
        out.add(name + ".residuals", std::move(residuals));
    }

    static at::Tensor decodeTensor(const std::string& name, const TurboPlane& plane, const LayerShape& s,
        std::int64_t dim, DType dtype, const SectionSet& sections, const CodecContext& context)
    {
        const std::int64_t planes = s.batch * s.kvHeads;
        const auto n = static_cast<std::size_t>(planes);
        const ByteSpan codes = sections.get(name + ".codes", n * plane.codeBytes());
        const ByteSpan lengths = sections.get(name + ".lengths", n * plane.lengthBytes());
        const bool qjl = plane.signBytes() > 0;
        const ByteSpan signs = qjl ? sections.get(name + ".signs", n * plane.signBytes()) : ByteSpan();
        const ByteSpan residuals = qjl ? sections.get(name + ".residuals", lengths.size()) : ByteSpan();
        const at::Tensor rows = at::empty({ s.batch, s.kvHeads, s.seq, dim }, torchType(dtype));
        auto* data = static_cast<std::byte*>(rows.data_ptr());
        forEachPlane(c10::kCPU, planes, context.job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            const auto part = [&](ByteSpan all) { return all.subspan(at * (all.size() / n), all.size() / n); };
            plane.decode(part(codes), part(lengths), part(signs), part(residuals), dtype,
                data + at * (rows.nbytes() / n), context.job);
        });
        return rows.to(context.device);
    }
};

const MethodRegistration registration { withFactory<TurboQuant>({
    .id = "turboquant",
    .label = "TurboQuant",
    .family = "Quantization",
    .sentence = "Rotates every vector at random and quantises its coordinates with the table that is best for a random direction.",
    .reference = "TurboQuant, Zandieh et al. 2025 (arXiv 2504.19874)",
    .params = {
        param::integer("key_bits", "Key bits", 3, 1, 8, "bits", "Width of a key coordinate; each key also stores its length at 16 bits."),
        param::integer("value_bits", "Value bits", 3, 1, 8, "bits", "Width of a value coordinate; each value also stores its length at 16 bits."),
        param::choice("rotation", "Rotation", "hadamard", { "hadamard", "orthogonal" },
            "Random signs with a fast Hadamard transform, or a random orthogonal matrix, which any head_dim allows."),
        param::boolean("qjl", "QJL stage", false,
            "Spends one key bit on the signs of a projected residual: unbiased inner products, but a larger error in practice."),
    },
    .sweep = "key_bits=[2,3,4,6],value_bits=[2,3,4]",
}) };

} // namespace
} // namespace pikv
