// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/matrix_factorization/lowrankfit.h"
#include "core/base/counterrng.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sqrt.h>
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

constexpr std::int64_t oversampling = 8;
constexpr std::int64_t blockRows = 512; ///< rows whose product stays in the cache between the two multiplications
constexpr std::int64_t sampleRows = 1024; ///< rows that the first iterations look at
constexpr int sampleIterations = 4, fullIterations = 2;
constexpr float leastWeight = 1e-4f;

at::Tensor weightedMean(const at::Tensor& rows, const at::Tensor& weights)
{
    const at::Tensor w = weights.defined() ? weights : at::ones({ rows.size(0) }, rows.options());
    const at::Tensor mean = at::mv(rows.t(), w) / static_cast<double>(rows.size(0));
    return at::clamp(mean, -65504.0, 65504.0).to(at::kHalf).to(at::kFloat);
}

/// A^T A q, block by block.
at::Tensor applyCovariance(const at::Tensor& a, const at::Tensor& q, const JobControl& job)
{
    at::Tensor sum;
    for (std::int64_t at = 0; at < a.size(0); at += blockRows) {
        job.checkpoint();
        const at::Tensor block = a.narrow(0, at, std::min(blockRows, a.size(0) - at));
        const at::Tensor part = at::mm(block.t(), at::mm(block, q));
        sum = sum.defined() ? sum.add_(part) : part;
    }
    return sum;
}

at::Tensor orthonormal(const at::Tensor& columns) { return std::get<0>(at::linalg_qr(columns)); }

at::Tensor gaussianColumns(std::int64_t rows, std::int64_t columns, std::uint64_t seed, const at::Tensor& like)
{
    at::Tensor q = at::empty({ rows, columns }, at::kFloat);
    const CounterRng rng(seed);
    float* data = q.data_ptr<float>();
    for (std::int64_t i = 0; i < q.numel(); ++i)
        data[i] = rng.normal(static_cast<std::uint64_t>(i));
    return q.to(like.device());
}

/// Orthonormal columns [width, rank + oversampling] that span nearly the leading directions: first on a sample of the
/// rows, which settles most of the subspace at a fraction of the work, then on all of them.
at::Tensor leadingSubspace(const at::Tensor& a, std::int64_t columns, std::uint64_t seed, const JobControl& job)
{
    at::Tensor q = gaussianColumns(a.size(1), columns, seed, a);
    const std::int64_t stride = a.size(0) / sampleRows;
    const at::Tensor sample = stride > 2 ? a.slice(0, 0, a.size(0), stride) : a;
    for (int i = 0; i < sampleIterations; ++i)
        q = orthonormal(applyCovariance(sample, q, job));
    for (int i = 0; i < fullIterations; ++i)
        q = orthonormal(applyCovariance(a, q, job));
    return q;
}

at::Tensor gramMatrix(const at::Tensor& a, const JobControl& job)
{
    at::Tensor sum;
    for (std::int64_t at = 0; at < a.size(0); at += 4 * blockRows) {
        job.checkpoint();
        const at::Tensor block = a.narrow(0, at, std::min(4 * blockRows, a.size(0) - at));
        sum = sum.defined() ? sum.addmm_(block.t(), block) : at::mm(block.t(), block);
    }
    return sum;
}

bool iterationPays(const at::Tensor& a, std::int64_t columns)
{
    const std::int64_t n = a.size(0), width = a.size(1);
    return 4 * columns <= width && n > columns && (n >= 2 * sampleRows || width > 512);
}

/// Eigenvectors of the symmetric `gram` as rows, by falling eigenvalue.
std::pair<at::Tensor, at::Tensor> eigenRows(const at::Tensor& gram)
{
    const auto [values, vectors] = at::linalg_eigh(gram);
    return { values.flip(0), vectors.flip(1).t() };
}

} // namespace

LowRankFit fitLowRank(
    const at::Tensor& rows, const at::Tensor& weights, std::int64_t rank, std::uint64_t seed, const JobControl& job)
{
    LowRankFit fit;
    fit.mean = weightedMean(rows, weights);
    rows.sub_(fit.mean);
    const at::Tensor a = weights.defined() ? rows * at::sqrt(weights).unsqueeze(1) : rows; // its singular vectors are wanted
    const std::int64_t columns = std::min(rank + oversampling, std::min(a.size(0), a.size(1)));
    at::Tensor values;
    if (iterationPays(a, columns)) {
        const at::Tensor q = leadingSubspace(a, columns, seed, job);
        const auto [small, turn] = eigenRows(gramMatrix(at::mm(a, q), job));
        values = small.narrow(0, 0, rank);
        fit.directions = at::mm(turn.narrow(0, 0, rank), q.t());
    } else {
        const auto [all, vectors] = eigenRows(gramMatrix(a, job));
        values = all.narrow(0, 0, rank);
        fit.directions = vectors.narrow(0, 0, rank).contiguous();
    }
    const at::Tensor onHost = values.cpu().to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < rank; ++i)
        fit.variances.push_back(std::max(0.0, onHost.data_ptr<double>()[i] / static_cast<double>(rows.size(0))));
    return fit;
}

at::Tensor rowWeights(const at::Tensor& importance, double alpha)
{
    if (!importance.defined() || alpha == 0)
        return {};
    // One thread adds up, so that the weights do not depend on how many there are.
    at::Tensor weights = importance.cpu().to(at::kFloat).flatten().clone();
    float* data = weights.data_ptr<float>();
    const std::int64_t count = weights.numel();
    const auto exponent = static_cast<float>(alpha / 16);
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const float value = std::clamp(data[i], 0.0f, 1.0f);
        data[i] = exponent == 1.0f ? value : std::pow(value, exponent);
        sum += data[i];
    }
    if (!(sum > 0))
        return {};
    for (std::int64_t i = 0; i < count; ++i)
        data[i] = std::max(data[i] * static_cast<float>(static_cast<double>(count) / sum), leastWeight);
    return weights.to(importance.device());
}

} // namespace pikv
