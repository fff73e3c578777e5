// SPDX-License-Identifier: GPL-3.0-or-later
// The heads' transforms of a shared calibration: learned from several caches, as bytes, and back.
#include "core/codec/parts/sharedheadbases.h"
#include "core/base/error.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/codec/parts/sharedbasis.h"
#include "core/codec/tensorbytes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>

namespace pikv {
namespace {

std::vector<std::uint8_t> every(std::int64_t dim)
{
    return std::vector<std::uint8_t>(static_cast<std::size_t>(dim), 1);
}

std::size_t basisBytes(std::int64_t dim) { return static_cast<std::size_t>(dim * HeadBasis::bitsPerVector(dim) / 8); }

} // namespace

void learnHeadBases(
    const std::vector<LayerInput>& inputs, bool undoRope, bool klt, SectionSet& out, const CodecContext& context)
{
    const FactorPlanes planes(inputs.front().shape, true);
    const at::Tensor weights = inputs.size() == 1 && inputs.front().importance.defined()
        ? inputs.front().importance.reshape({ -1 }) + 1e-3
        : at::Tensor();
    std::vector<HeadBasis> bases(static_cast<std::size_t>(planes.count()));
    forEachPlane(context.device, planes.count(), context.job, [&](std::int64_t p) {
        std::vector<at::Tensor> rows;
        for (const LayerInput& input : inputs)
            rows.push_back(planeRows(input, FactorPlanes(input.shape, true).plane(p),
                keyRotation(undoRope, input.rope, input.positions, input.shape.keyDim)));
        const at::Tensor all = rows.size() == 1 ? rows.front() : at::cat(rows);
        bases[static_cast<std::size_t>(p)]
            = HeadBasis::fit(all, weights, klt, planeMetric(inputs.front().fisher, planes.plane(p), context.device));
    });
    Bytes means, vectors;
    for (const HeadBasis& basis : bases) {
        const Bytes mean = tensorToBytes(basis.mean(), DType::F16);
        means.insert(means.end(), mean.begin(), mean.end());
        if (klt)
            basis.write(every(basis.mean().numel()), vectors);
    }
    out.add("means", std::move(means));
    if (klt)
        out.add("bases", std::move(vectors));
}

std::vector<HeadBasis> readHeadBases(const SectionSet& calibration, const LayerShape& shape, bool klt)
{
    const std::int64_t heads = shape.kvHeads;
    const auto dims = static_cast<std::size_t>(heads * (shape.keyDim + shape.valueDim));
    const ByteSpan means = calibration.get("means", 2 * dims);
    const auto vectorBytes = static_cast<std::size_t>(heads) * (basisBytes(shape.keyDim) + basisBytes(shape.valueDim));
    const ByteSpan vectors = klt ? calibration.get("bases", vectorBytes) : ByteSpan();
    std::size_t meanAt = 0, vectorAt = 0;
    std::vector<HeadBasis> bases;
    for (std::int64_t p = 0; p < 2 * heads; ++p) {
        const std::int64_t dim = p < heads ? shape.keyDim : shape.valueDim;
        const auto size = static_cast<std::size_t>(dim) * 2;
        const at::Tensor mean = tensorFromBytes(means.subspan(meanAt, size), DType::F16, { dim }).to(at::kFloat);
        if (!at::isfinite(mean).all().item<bool>())
            throw inputError("the calibration's section 'means' holds a number that is not finite");
        meanAt += size;
        bases.push_back(HeadBasis::read(vectors, vectorAt, every(dim), dim, klt, mean));
    }
    return bases;
}

} // namespace pikv
