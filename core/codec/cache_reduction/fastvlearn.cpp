// SPDX-License-Identifier: GPL-3.0-or-later
// How `fastv` learns a head's transform and codebooks.
#include "core/codec/cache_reduction/equalneed.h"
#include "core/codec/cache_reduction/fastvbook.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>

namespace pikv {
namespace {

struct Spread {
    at::Tensor basis; ///< principal directions as rows, by falling variance
    std::vector<double> principal, channels; ///< variances along the directions and of the channels
};

std::vector<double> listOf(const at::Tensor& values)
{
    const at::Tensor host = values.to(at::kDouble).contiguous();
    return { host.data_ptr<double>(), host.data_ptr<double>() + host.numel() };
}

Spread spreadOf(const at::Tensor& rows, const at::Tensor& weights, bool directions)
{
    const at::Tensor mean = weights.defined() ? at::mv(rows.t(), weights) / weights.sum() : rows.mean(0);
    const at::Tensor centred = rows - mean;
    const at::Tensor weighted
        = weights.defined() ? centred * (weights / weights.sum()).unsqueeze(1) : centred / double(rows.size(0));
    if (!directions)
        return { {}, {}, listOf((centred * weighted).sum(0)) };
    const at::Tensor covariance = at::mm(centred.t(), weighted);
    const auto [values, vectors] = at::linalg_eigh(covariance);
    return { vectors.flip({ 1 }).t().contiguous(), listOf(values.flip({ 0 })), listOf(covariance.diagonal()) };
}

/// Whether principal directions promise less error than the bits that they cost would give the channels.
bool directionsPay(const Spread& spread, const FastVShape& shape, std::size_t tokens)
{
    const double bits = double(shape.codesPerRow()) * shape.codeBits();
    const double price = 8.0 * double(shape.basisBytes()) / double(std::max<std::size_t>(tokens, 1));
    return waterFillingError(spread.principal, bits) < waterFillingError(spread.channels, bits + price);
}

/// Takes away what a stage describes.
void subtractStage(at::Tensor& latents, const FastVBook& book, std::size_t stage)
{
    const auto n = static_cast<std::size_t>(latents.size(1));
    float* data = latents.data_ptr<float>();
    std::vector<std::uint8_t> codes(n);
    for (std::size_t g = 0; g < book.shape().groups(); ++g) {
        const Centroids& centroids = book.centroids(stage, g);
        float* channels = data + book.begin(g) * n;
        nearestCentroids(channels, n, n, centroids.view(), codes.data());
        subtractCentroids(channels, n, n, centroids.view(), codes.data());
    }
}

} // namespace

FastVBook FastVBook::learn(const at::Tensor& rows, const at::Tensor& weights, const FastVShape& shape,
    const FastVTraining& training, const CounterRng& random, const JobControl& job)
{
    using Transform = FastVTraining::Transform;
    const Spread spread = spreadOf(rows, weights, training.transform != Transform::None);
    const bool turns = training.transform == Transform::Klt
        || (training.transform == Transform::Auto && directionsPay(spread, shape, training.tokens));
    job.checkpoint();
    FastVBook book(shape, turns ? spread.basis : at::Tensor(),
        equalNeedGroups(
            turns ? spread.principal : spread.channels, shape.groups(), double(shape.stages) * shape.codeBits()));
    book.invert();
    at::Tensor latents = book.project(rows).contiguous();
    const auto n = static_cast<std::size_t>(latents.size(1));
    const at::Tensor importance = weights.defined() ? weights.contiguous() : weights;
    const auto count = static_cast<std::size_t>(shape.centroids);
    for (std::size_t s = 0; s < static_cast<std::size_t>(shape.stages); ++s) {
        std::vector<Centroids> stage;
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            const VectorStream stream { latents.data_ptr<float>() + book.begin(g) * n, n, n,
                book.begin(g + 1) - book.begin(g), importance.defined() ? importance.data_ptr<float>() : nullptr };
            stage.push_back(seedCentroids(stream, count, CounterRng(random.bits(s * shape.groups() + g))));
            refineCentroids(stage.back(), stream, training.passes, training.interval, job);
        }
        book.addStage(stage);
        if (s + 1 < static_cast<std::size_t>(shape.stages))
            subtractStage(latents, book, s);
    }
    return book;
}

} // namespace pikv
