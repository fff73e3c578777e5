// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/compressor.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include <array>

namespace pikv {
namespace {

class Identity : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext& context) const override
    {
        std::array<Bytes, 2> bytes;
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            bytes.at(static_cast<std::size_t>(p)) = p == 0 ? tensorToBytes(input.kv.key, input.shape.keyDtype)
                                                           : tensorToBytes(input.kv.value, input.shape.valueDtype);
        });
        out.add("k", std::move(bytes[0]));
        out.add("v", std::move(bytes[1]));
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        std::array<at::Tensor, 2> tensors;
        forEachPlane(context.device, 2, context.job, [&](std::int64_t p) {
            tensors.at(static_cast<std::size_t>(p)) = tensorFromBytes(output.sections.get(p == 0 ? "k" : "v"),
                p == 0 ? s.keyDtype : s.valueDtype, { s.batch, s.kvHeads, s.seq, p == 0 ? s.keyDim : s.valueDim })
                                                          .to(context.device);
        });
        return { tensors[0], tensors[1], {}, {} };
    }
};

const MethodRegistration registration { withFactory<Identity>({
    .id = "identity",
    .label = "Identity",
    .family = "Reference",
    .sentence = "Stores the cache as it is: the reference that every other method is held against.",
    .reference = "none",
}) };

} // namespace
} // namespace pikv
