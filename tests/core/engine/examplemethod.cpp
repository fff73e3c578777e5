// SPDX-License-Identifier: GPL-3.0-or-later
// The example of CONTRIBUTING.md: a method in one file.
#include "core/codec/compressor.h"
#include "core/codec/tensorbytes.h"
#include <ATen/ops/constant_pad_nd.h>
#include <algorithm>

namespace pikv {
namespace {

/// Keeps the leading channels of every head as 16-bit numbers; the others come back as zeros.
class Truncate : public LayerwiseCompressor {
public:
    using LayerwiseCompressor::LayerwiseCompressor;

protected:
    void encodeLayer(const LayerInput& input, SectionSet& out, const CodecContext&) const override
    {
        out.add("k", tensorToBytes(input.kv.key.narrow(3, 0, kept(input.shape.keyDim)), DType::F16));
        out.add("v", tensorToBytes(input.kv.value.narrow(3, 0, kept(input.shape.valueDim)), DType::F16));
    }

    LayerKv decodeLayer(const LayerOutput& output, const CodecContext& context) const override
    {
        return { read(output, "k", output.shape.keyDim).to(context.device),
            read(output, "v", output.shape.valueDim).to(context.device), {}, {} };
    }

private:
    std::int64_t kept(std::int64_t dim) const { return std::min(dim, params().integer("channels")); }

    at::Tensor read(const LayerOutput& output, const char* name, std::int64_t dim) const
    {
        const LayerShape& s = output.shape;
        const auto part
            = tensorFromBytes(output.sections.get(name), DType::F16, { s.batch, s.kvHeads, s.seq, kept(dim) });
        return at::constant_pad_nd(part, { 0, dim - kept(dim) });
    }
};

const MethodRegistration registration { withFactory<Truncate>({
    .id = "truncate",
    .label = "Truncate",
    .family = "Cache reduction",
    .sentence = "Keeps the leading channels of every head.",
    .reference = "example",
    .params = { param::integer("channels", "Channels", 32, 1, 1024, "", "Channels kept of every head.") },
    .sweep = "channels=[16,32,48]",
    .checkedByDefault = false,
}) };

} // namespace
} // namespace pikv
