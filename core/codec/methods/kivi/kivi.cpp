// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/compressor.h"
#include "core/codec/methods/kivi/kiviplane.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/kernels/pastcaches.h"
#include <ATen/ops/empty.h>
#include <algorithm>

namespace pikv {
namespace {

/// KIVI (arXiv 2402.02750): keys are quantised per channel, values per token; the last tokens stay at 16 bits.
class Kivi : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        const LayerShape& s = input.shape;
        encodeTensor("k", input.kv.key, keyPlane(s, context.job), s.keyDtype, out, context);
        encodeTensor("v", input.kv.value, valuePlane(s, context.job), s.valueDtype, out, context);
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        return { decodeTensor("k", keyPlane(s, context.job), s, s.keyDtype, output.sections, context),
            decodeTensor("v", valuePlane(s, context.job), s, s.valueDtype, output.sections, context), {}, {} };
    }

private:
    /// Tokens beyond the residual window; the keys' remainder of a group stays in the window.
    KiviPlane keyPlane(const LayerShape& s, const JobControl& job) const
    {
        KiviPlane plane = valuePlane(s, job);
        plane.perChannel = true;
        plane.bits = static_cast<int>(params().integer("key_bits"));
        plane.dim = static_cast<std::size_t>(s.keyDim);
        plane.tokens -= plane.tokens % plane.group;
        return plane;
    }
    KiviPlane valuePlane(const LayerShape& s, const JobControl& job) const
    {
        const std::int64_t window = std::min(params().integer("residual_length"), s.seq);
        return { static_cast<std::size_t>(s.seq - window), static_cast<std::size_t>(s.valueDim),
            static_cast<std::size_t>(params().integer("group_size")), static_cast<int>(params().integer("value_bits")),
            false, &job };
    }

    /// The window's type: the dump's own where that has 16 bits.
    static DType windowType(DType dtype) { return dtype == DType::BF16 ? DType::BF16 : DType::F16; }

    static void encodeTensor(const std::string& name, const at::Tensor& tensor, const KiviPlane& plane, DType dtype,
        SectionSet& out, const CodecContext& context)
    {
        const at::Tensor rows = tensor.cpu().contiguous();
        const std::int64_t planes = rows.size(0) * rows.size(1), seq = rows.size(2);
        const auto tokens = static_cast<std::int64_t>(plane.tokens);
        Bytes codes(static_cast<std::size_t>(planes) * plane.codeBytes());
        Bytes scales(static_cast<std::size_t>(planes) * plane.scaleBytes());
        const auto* data = static_cast<const std::byte*>(rows.data_ptr());
        const std::size_t planeBytes = static_cast<std::size_t>(seq) * plane.dim * dtypeSize(dtype);
        forEachPlane(c10::kCPU, planes, context.job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            plane.encode(data + at * planeBytes, dtype, codes.data() + at * plane.codeBytes(),
                scales.data() + at * plane.scaleBytes());
        });
        out.add(name + ".codes", std::move(codes));
        out.add(name + ".scales", std::move(scales));
        out.add(name + ".window", tensorToBytes(rows.narrow(2, tokens, seq - tokens), windowType(dtype)));
    }

    static at::Tensor decodeTensor(const std::string& name, KiviPlane plane, const LayerShape& s, DType dtype,
        const SectionSet& sections, const CodecContext& context)
    {
        const std::int64_t planes = s.batch * s.kvHeads, tokens = static_cast<std::int64_t>(plane.tokens);
        const auto dim = static_cast<std::int64_t>(plane.dim);
        const ByteSpan codes = sections.get(name + ".codes", static_cast<std::size_t>(planes) * plane.codeBytes());
        const ByteSpan scales = sections.get(name + ".scales", static_cast<std::size_t>(planes) * plane.scaleBytes());
        at::Tensor rows = at::empty({ s.batch, s.kvHeads, s.seq, dim }, torchType(dtype));
        plane.pastCaches = outgrowsCaches(rows.nbytes());
        auto* data = static_cast<std::byte*>(rows.data_ptr());
        const std::size_t planeBytes = static_cast<std::size_t>(s.seq * dim) * dtypeSize(dtype);
        forEachPlane(c10::kCPU, planes, context.job, [&](std::int64_t p) {
            const auto at = static_cast<std::size_t>(p);
            plane.decode(codes.data() + at * plane.codeBytes(), scales.data() + at * plane.scaleBytes(), dtype,
                data + at * planeBytes);
        });
        rows.narrow(2, tokens, s.seq - tokens)
            .copy_(tensorFromBytes(
                sections.get(name + ".window"), windowType(dtype), { s.batch, s.kvHeads, s.seq - tokens, dim }));
        return rows.to(context.device);
    }
};

const MethodRegistration registration { withFactory<Kivi>({
    .id = "kivi",
    .label = "KIVI",
    .family = "Quantization",
    .sentence = "Quantises keys per channel over groups of tokens and values per token, and keeps the last tokens at 16 bits.",
    .reference = "KIVI, Liu et al. 2024 (arXiv 2402.02750)",
    .params = {
        param::integer("key_bits", "Key bits", 2, 1, 8, "bits", "Width of a key code; keys are the sensitive side."),
        param::integer("value_bits", "Value bits", 2, 1, 8, "bits", "Width of a value code."),
        [] {
            ParamSpec spec = param::integer("group_size", "Group size", 32, 8, 256, "",
                "Tokens of a key group and channels of a value group; each group stores an f16 scale and minimum.", ParamScale::Log);
            spec.step = 8;
            return spec;
        }(),
        param::integer("residual_length", "Residual window", 32, 0, 4096, "tokens",
            "Last tokens kept at 16 bits (f16 for 32-bit dumps); keys that do not fill a group stay there too."),
    },
    .sweep = "key_bits=[2,3,4,6,8],value_bits=[2,4,8]",
}) };

} // namespace
} // namespace pikv
