// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/compressor.h"
#include "core/codec/tensorbytes.h"

namespace pikv {
namespace {

class Identity : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext&) const override
    {
        out.add("k", tensorToBytes(input.kv.key, input.shape.keyDtype));
        out.add("v", tensorToBytes(input.kv.value, input.shape.valueDtype));
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        const LayerShape& s = output.shape;
        const auto read = [&](const char* name, DType dtype, std::int64_t dim) {
            return tensorFromBytes(output.sections.get(name), dtype, { s.batch, s.kvHeads, s.seq, dim }).to(context.device);
        };
        return { read("k", s.keyDtype, s.keyDim), read("v", s.valueDtype, s.valueDim), {}, {} };
    }
};

const MethodRegistration registration { withFactory<Identity>({
    .id = "identity",
    .label = "Identity",
    .family = "Reference",
    .sentence = "Stores the cache as it is: the reference that every other method is held against.",
    .reference = "none",
    .params = {},
    .sweep = "",
    .make = {},
    .checkedByDefault = true,
}) };

} // namespace
} // namespace pikv
