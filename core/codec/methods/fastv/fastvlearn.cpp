// SPDX-License-Identifier: GPL-3.0-or-later
// How `fastv` learns a head's transform and codebooks.
#include "core/codec/methods/fastv/fastvlearn.h"
#include "core/codec/methods/fastv/equalneed.h"
#include "core/codec/methods/fastv/fastvbook.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <algorithm>

namespace pikv {
namespace {

struct Spread {
    at::Tensor mean; ///< [dim]
    at::Tensor basis; ///< principal directions as rows, by falling variance
    std::vector<double> principal, channels; ///< variances along the directions and of the channels
};

std::vector<double> listOf(const at::Tensor& values)
{
    const at::Tensor host = values.to(at::kDouble).contiguous();
    return { host.data_ptr<double>(), host.data_ptr<double>() + host.numel() };
}

/// 1 for rows, 0 for those so far out that they alone would make the directions; f32 [n].
at::Tensor usualRows(const at::Tensor& rows)
{
    constexpr double outlier = 256; // times the usual energy
    const at::Tensor energy = (rows - std::get<0>(rows.median(0))).square().sum(1);
    return energy.le(energy.median() * outlier).to(at::kFloat);
}

Spread spreadOf(const at::Tensor& rows, const at::Tensor& importance, bool directions)
{
    const at::Tensor usual = usualRows(rows), weights = importance.defined() ? usual * importance : usual;
    const at::Tensor mean = at::mv(rows.t(), weights) / weights.sum();
    const at::Tensor centred = rows - mean;
    const at::Tensor weighted = centred * (weights / weights.sum()).unsqueeze(1);
    if (!directions)
        return { mean, {}, {}, listOf((centred * weighted).sum(0)) };
    const at::Tensor covariance = at::mm(centred.t(), weighted);
    const auto [values, directionRows] = linalg::principal(covariance);
    return { mean, directionRows.contiguous(), listOf(values), listOf(covariance.diagonal()) };
}

/// Whether principal directions promise less error than the bits that they cost would give the channels.
bool directionsPay(const Spread& spread, const FastVShape& shape, std::size_t tokens)
{
    const double bits = double(shape.codesPerRow()) * shape.codeBits();
    const double price = 8.0 * double(shape.basisBytes()) / double(std::max<std::size_t>(tokens, 1));
    return waterFillingError(spread.principal, bits) < waterFillingError(spread.channels, bits + price);
}

/// Takes from vectors what a codebook describes of them.
void subtract(const VectorStream& stream, const Centroids& centroids, float* channels, const JobControl& job)
{
    std::vector<std::uint8_t> codes(stream.count);
    assignCodes(stream, 0, stream.count, centroids, codes.data(), job);
    subtractCentroids(channels, stream.stride, stream.count, centroids.view(), codes.data());
}

/// Weighted mean squares of the stream's channels after the codebook.
void appendErrors(
    const VectorStream& stream, const Centroids& centroids, std::vector<double>& errors, const JobControl& job)
{
    std::vector<float> left(stream.width * stream.count);
    for (std::size_t j = 0; j < stream.width; ++j)
        std::copy_n(stream.channels + j * stream.stride, stream.count, left.data() + j * stream.count);
    VectorStream copy = stream;
    copy.channels = left.data();
    copy.stride = stream.count;
    subtract(copy, centroids, left.data(), job);
    for (std::size_t j = 0; j < stream.width; ++j) {
        double sum = 0, mass = 0;
        for (std::size_t i = 0; i < stream.count; ++i) {
            const double weight = stream.weights ? double(stream.weights[i]) : 1.0, rest = left[j * stream.count + i];
            sum += weight * rest * rest;
            mass += weight;
        }
        errors.push_back(mass > 0 ? sum / mass : 0);
    }
}

} // namespace

FastVBook learnBook(const at::Tensor& rows, const at::Tensor& weights, const FastVShape& shape,
    const FastVTraining& training, const CounterRng& random, const JobControl& job)
{
    using Transform = FastVTraining::Transform;
    const Spread spread = spreadOf(rows, weights, training.transform != Transform::None);
    const bool turns = training.transform == Transform::Klt
        || (training.transform == Transform::Auto && directionsPay(spread, shape, training.tokens));
    job.checkpoint();
    FastVBook book(shape, turns ? spread.basis : at::Tensor(), spread.mean,
        equalNeedGroups(turns ? spread.principal : spread.channels, shape.codedComponents(), shape.groups(),
            double(shape.stages) * shape.codeBits()));
    at::Tensor latents = book.project(rows).contiguous();
    const auto n = static_cast<std::size_t>(latents.size(1));
    const at::Tensor importance = weights.defined() ? weights.contiguous() : weights;
    const auto count = static_cast<std::size_t>(shape.centroids);
    const auto streamOf = [&](std::size_t g) {
        return VectorStream { latents.data_ptr<float>() + book.begin(g) * n, n, n, book.begin(g + 1) - book.begin(g),
            importance.defined() ? importance.data_ptr<float>() : nullptr };
    };
    for (std::size_t s = 0; s < static_cast<std::size_t>(shape.stages); ++s) {
        std::vector<Centroids> stage;
        std::vector<double> errors;
        for (std::size_t g = 0; g < shape.groups(); ++g) {
            stage.push_back(seedCentroids(streamOf(g), count, CounterRng(random.bits(s * shape.groups() + g))));
            refineCentroids(stage.back(), streamOf(g), training.passes, training.interval, job);
            appendErrors(streamOf(g), stage.back(), errors, job);
        }
        book.addStage(stage, errors);
        for (std::size_t g = 0; g < shape.groups() && s + 1 < static_cast<std::size_t>(shape.stages); ++g)
            subtract(streamOf(g), book.centroids(s, g), latents.data_ptr<float>() + book.begin(g) * n, job);
    }
    return book;
}

} // namespace pikv
