// SPDX-License-Identifier: GPL-3.0-or-later
// The example of CONTRIBUTING.md: a method in one file.
#include "core/codec/parts/planecodec.h"
#include "core/kernels/floatrows.h"
#include <algorithm>

namespace pikv {
namespace {

/// Keeps the leading channels of every row as 16-bit numbers; the others come back as zeros.
struct LeadingChannels : PlaneCodec {
    std::int64_t seq, dim, kept;

    LeadingChannels(std::int64_t rows, std::int64_t channels, std::int64_t keeps)
        : seq(rows)
        , dim(channels)
        , kept(std::min(keeps, channels))
    {
    }
    std::vector<PlaneSection> sections() const override { return { { "", static_cast<std::size_t>(seq * kept) * 2 } }; }

    void encode(const PlaneRows& rows, std::span<const std::span<std::byte>> parts, const JobControl&) const override
    {
        std::vector<float> row(static_cast<std::size_t>(dim));
        for (std::int64_t t = 0; t < seq; ++t) {
            rows.load(t, 1, row.data());
            fromFloats(row.data(), DType::F16, static_cast<std::size_t>(kept), parts[0].data() + t * kept * 2);
        }
    }

    void decode(std::span<const ByteSpan> parts, const PlaneRows& rows, const JobControl&) const override
    {
        std::vector<float> row(static_cast<std::size_t>(dim));
        for (std::int64_t t = 0; t < seq; ++t) {
            toFloats(parts[0].data() + t * kept * 2, DType::F16, static_cast<std::size_t>(kept), row.data());
            rows.store(t, 1, row.data());
        }
    }
};

class Truncate : public PlanewiseCompressor {
public:
    using PlanewiseCompressor::PlanewiseCompressor;

protected:
    std::unique_ptr<PlaneCodec> planeCodec(const LayerShape& shape, bool isKey, std::uint64_t) const override
    {
        return std::make_unique<LeadingChannels>(
            shape.seq, isKey ? shape.keyDim : shape.valueDim, params().integer("channels"));
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
