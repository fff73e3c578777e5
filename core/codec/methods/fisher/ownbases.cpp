// SPDX-License-Identifier: GPL-3.0-or-later
// The heads' principal components as one transform of a layer's side, and their bytes.
#include "core/codec/methods/fisher/ownbases.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/codec/parts/headbasis.h"
#include "core/codec/tensorbytes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace pikv {
namespace {

constexpr int basisBits = 6;
/// Components whose levels are smaller on the average are not worth their vector: 2^(-7/4) = 0.3.
constexpr int leastSize = -7;
constexpr std::uint8_t unused = 0;
constexpr int sizeOffset = 128; ///< of the stored log2 sizes in quarters

struct Heads {
    std::vector<HeadBasis> bases;
    std::vector<std::uint8_t> sizes; ///< [heads * dim], with the offset; unused: not stored
    float unit = 1; ///< of a step of 1
};

/// Components of all heads, the strongest first; those that are not stored come last. With the heads' `analyses` f32
/// [dim, dim] (a component a column) also the way there.
FisherTransform joined(const Heads& heads, std::int64_t dim, const std::vector<at::Tensor>& analyses)
{
    const auto count = static_cast<std::int64_t>(heads.bases.size()), width = count * dim;
    std::vector<std::int64_t> order(static_cast<std::size_t>(width));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return heads.sizes[static_cast<std::size_t>(a)] > heads.sizes[static_cast<std::size_t>(b)];
    });
    FisherTransform t;
    t.mean = at::zeros({ width }, at::kFloat);
    t.synthesis = at::zeros({ width, width }, at::kFloat);
    t.distanceClasses.assign(LayerFisher::distances, 0);
    if (!analyses.empty())
        t.partialAnalysis = at::zeros({ width, width }, at::kFloat);
    for (std::int64_t h = 0; h < count; ++h)
        t.mean.narrow(0, h * dim, dim).copy_(heads.bases[static_cast<std::size_t>(h)].mean());
    for (std::int64_t i = 0; i < width; ++i) {
        const std::int64_t from = order[static_cast<std::size_t>(i)], head = from / dim;
        const std::uint8_t size = heads.sizes[static_cast<std::size_t>(from)];
        t.sizes.push_back(size == unused ? std::int16_t { -1000 } : static_cast<std::int16_t>(size - sizeOffset));
        if (size == unused)
            continue;
        t.synthesis[i]
            .narrow(0, head * dim, dim)
            .copy_(heads.bases[static_cast<std::size_t>(head)].vectors()[from % dim] * heads.unit);
        if (!analyses.empty())
            t.partialAnalysis.select(1, i)
                .narrow(0, head * dim, dim)
                .copy_(analyses[static_cast<std::size_t>(head)].select(1, from % dim) / heads.unit);
    }
    return t;
}

std::vector<std::uint8_t> usedOf(const Heads& heads, std::size_t head, std::size_t dim)
{
    std::vector<std::uint8_t> used(dim);
    for (std::size_t i = 0; i < dim; ++i)
        used[i] = heads.sizes[head * dim + i] != unused;
    return used;
}

} // namespace

FisherTransform fitOwnBases(const at::Tensor& rows, std::int64_t heads, double step, const std::string& side,
    SectionSet& out, const JobControl& job)
{
    const std::int64_t dim = rows.size(1) / heads;
    const double deviation = std::sqrt(rows.to(at::kDouble).var(0, false).mean().item<double>());
    Heads own;
    own.unit = static_cast<float>(std::max(deviation * plainStep, 1e-30));
    std::vector<at::Tensor> analyses;
    for (std::int64_t h = 0; h < heads; ++h) {
        job.checkpoint();
        const at::Tensor head = rows.narrow(1, h * dim, dim);
        own.bases.push_back(HeadBasis::fit(head, {}, true).withBits(basisBits));
        HeadBasis basis = own.bases.back();
        basis.invert(c10::kCPU);
        const at::Tensor levels = basis.project(head - basis.mean()) / own.unit;
        const at::Tensor deviations = levels.square().mean(1).sqrt().to(at::kDouble).contiguous();
        for (std::int64_t i = 0; i < dim; ++i) {
            const std::int16_t size = levelSize(deviations.data_ptr<double>()[i]);
            own.sizes.push_back(size - logOfStep(step) < leastSize
                    ? unused
                    : static_cast<std::uint8_t>(std::clamp(size + sizeOffset, 1, 255)));
        }
        analyses.push_back(basis.project(at::eye(dim)).t());
    }
    Bytes bytes;
    appendLe(bytes, own.unit);
    const auto append = [&](ByteSpan more) { bytes.insert(bytes.end(), more.begin(), more.end()); };
    for (const HeadBasis& basis : own.bases)
        append(tensorToBytes(basis.mean(), DType::F16));
    append(asBytes(own.sizes.data(), own.sizes.size()));
    for (std::size_t h = 0; h < own.bases.size(); ++h)
        own.bases[h].write(usedOf(own, h, static_cast<std::size_t>(dim)), bytes);
    out.add(side + ".basis", std::move(bytes));
    return joined(own, dim, analyses);
}

FisherTransform readOwnBases(const SectionSet& sections, const std::string& side, std::int64_t heads, std::int64_t dim)
{
    const ByteSpan bytes = sections.get(side + ".basis");
    const auto count = static_cast<std::size_t>(heads), channels = static_cast<std::size_t>(dim);
    std::size_t at = sizeof(float) + 3 * count * channels;
    if (bytes.size() < at)
        throw inputError("section '" + side + ".basis' has " + std::to_string(bytes.size())
            + " bytes, fewer than the means of its heads");
    Heads own;
    own.unit = loadLe<float>(bytes.data());
    if (!std::isfinite(own.unit) || own.unit <= 0)
        throw inputError("section '" + side + ".basis' holds a step that is none");
    const ByteSpan sizes = bytes.subspan(sizeof(float) + 2 * count * channels, count * channels);
    for (const std::byte size : sizes)
        own.sizes.push_back(std::to_integer<std::uint8_t>(size));
    for (std::size_t h = 0; h < count; ++h) {
        const at::Tensor mean
            = tensorFromBytes(bytes.subspan(sizeof(float) + 2 * h * channels, 2 * channels), DType::F16, { dim })
                  .to(at::kFloat);
        own.bases.push_back(HeadBasis::read(bytes, at, usedOf(own, h, channels), dim, true, mean, basisBits));
    }
    if (at != bytes.size())
        throw inputError("section '" + side + ".basis' is longer than what it holds");
    return joined(own, dim, {});
}

} // namespace pikv
