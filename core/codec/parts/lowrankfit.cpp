// SPDX-License-Identifier: GPL-3.0-or-later
// The leading singular vectors of a weighted, centred matrix: by its covariance where that is small, else by subspace
// iteration; asks for a stop between chunks.
#include "core/codec/parts/lowrankfit.h"
#include "core/base/counterrng.h"
#include "core/base/half.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

namespace pikv {
namespace {

constexpr std::int64_t oversampling = 8;
constexpr std::int64_t blockRows = 512; ///< rows that stay in the processor's cache between two uses
constexpr std::int64_t chunkColumns = 64; ///< of a covariance, computed together
constexpr std::int64_t sampleRows = 1024, largeSampleRows = 8192; ///< rows that the iterations look at
constexpr std::int64_t slowWidth = 384; ///< eigenvectors of so many channels take more than 10 ms
constexpr int sampleIterations = 4, covarianceIterations = 8;
constexpr float leastWeight = 1e-4f;

at::Tensor weightedMean(const at::Tensor& rows, const at::Tensor& weights)
{
    const at::Tensor w = weights.defined() ? weights : at::ones({ rows.size(0) }, rows.options());
    const at::Tensor mean = at::mv(rows.t(), w) / static_cast<double>(rows.size(0));
    return at::clamp(mean, -largestHalf, largestHalf).to(at::kHalf).to(at::kFloat);
}

/// Rows that are still to be centred, with their weights.
struct WeightedRows {
    at::Tensor rows, weights, mean;

    /// About `count` of them, evenly spread, centred; a copy.
    WeightedRows sample(std::int64_t count) const
    {
        const std::int64_t stride = std::max<std::int64_t>(1, rows.size(0) / count), n = rows.size(0);
        return { rows.slice(0, 0, n, stride) - mean,
            weights.defined() ? weights.slice(0, 0, n, stride).contiguous() : weights, {} };
    }

    /// f(block, its weights or undefined) for blocks of `size` rows, which are centred in place on the way where `mean`
    /// is defined.
    template <typename Function>
    void forBlocks(std::int64_t size, const JobControl& job, Function f) const
    {
        forEachBlock(rows.size(0), size, job, [&](std::int64_t at, std::int64_t count) {
            const at::Tensor block = rows.narrow(0, at, count);
            if (mean.defined())
                block.sub_(mean);
            f(block, weights.defined() ? weights.narrow(0, at, count).unsqueeze(1) : weights);
        });
    }

    static at::Tensor weighted(const at::Tensor& block, const at::Tensor& w) { return w.defined() ? block * w : block; }

    /// C q
    at::Tensor covarianceTimes(const at::Tensor& q, const JobControl& job) const
    {
        at::Tensor sum = at::zeros(q.sizes(), q.options());
        forBlocks(blockRows, job, [&](const at::Tensor& block, const at::Tensor& w) {
            sum.addmm_(block.t(), weighted(at::mm(block, q), w));
        });
        return sum;
    }

    /// C = A^T W A; only blocks on and above the diagonal are computed, the others stay zero.
    at::Tensor upperCovariance(const JobControl& job) const
    {
        const std::int64_t width = rows.size(1);
        at::Tensor sum = at::zeros({ width, width }, rows.options());
        forBlocks(4 * blockRows, job, [&](const at::Tensor& block, const at::Tensor& w) {
            const at::Tensor right = weighted(block, w);
            for (std::int64_t first = 0; first < width; first += chunkColumns) {
                job.checkpoint();
                const std::int64_t count = std::min(chunkColumns, width - first), end = first + count;
                sum.narrow(0, 0, end)
                    .narrow(1, first, count)
                    .addmm_(block.narrow(1, 0, end).t(), right.narrow(1, first, count));
            }
        });
        return sum;
    }
};

at::Tensor gaussianColumns(std::int64_t rows, std::int64_t columns, std::uint64_t seed, const at::Tensor& like)
{
    at::Tensor q = at::empty({ rows, columns }, at::kFloat);
    const CounterRng rng(seed);
    float* data = q.data_ptr<float>();
    for (std::int64_t i = 0; i < q.numel(); ++i)
        data[i] = rng.normal(static_cast<std::uint64_t>(i));
    return q.to(like.device());
}

using linalg::Principal;

/// Of a symmetric matrix, read on and above its diagonal.
Principal eigenRows(const at::Tensor& upper, const JobControl& job)
{
    if (upper.size(0) < slowWidth)
        return linalg::principal(upper, linalg::Triangle::Upper);
    const auto found = std::make_shared<Principal>();
    runApart(job, [upper, found] { *found = linalg::principal(upper, linalg::Triangle::Upper); });
    return *found;
}

/// Leading eigenvectors of a covariance C of which only q and y = C q are known, by Nystrom's formula y (q^T y)^-1 y^T
/// (Tropp, Yurtsever, Udell & Cevher 2017, algorithm 3): as good as a further pass over the rows.
Principal nystrom(const at::Tensor& q, const at::Tensor& y, const JobControl& job)
{
    const at::Tensor wide = y.to(at::kDouble), core = at::mm(q.to(at::kDouble).t(), wide);
    const auto [d, v] = linalg::eigen((core + core.t()) * 0.5);
    // Below the noise of single precision nothing is known.
    const at::Tensor least = d.amax() * 1e-6;
    const at::Tensor scale = at::where(d > least, at::rsqrt(at::maximum(d, least)), at::zeros_like(d));
    // Singular vectors of a tall matrix by its Gram matrix, in double precision: below its noise is that of the rows.
    const at::Tensor factor = at::mm(wide, at::mm(v, at::diag(scale)));
    const auto [squares, right] = eigenRows(at::mm(factor.t(), factor), job);
    const at::Tensor floored = at::maximum(squares, squares.amax() * 1e-12);
    const at::Tensor inverse = at::where(floored > 0, at::rsqrt(floored), at::zeros_like(floored));
    const at::Tensor rows = at::mm(right, factor.t()) * inverse.unsqueeze(1);
    return { squares, rows.to(at::kFloat) };
}

/// Whether power iterations on the rows take less time than computing the covariance, by what was measured: products
/// with few columns run at 60 % of the rate of square ones.
bool rowsPay(const WeightedRows& a, std::int64_t columns)
{
    const std::int64_t n = a.rows.size(0), width = a.rows.size(1);
    const auto seen = double(sampleIterations * sampleRows + std::min(n, largeSampleRows) + n);
    return n >= 2 * sampleRows && 2 * seen * double(columns) / 0.6 < 0.6 * double(n) * double(width);
}

/// From a random start. Either on the covariance, or first on small samples of the rows, which settle most of the
/// subspace at a fraction of the work, then once over all of them.
Principal leadingEigen(const WeightedRows& a, std::int64_t columns, std::uint64_t seed, const JobControl& job)
{
    at::Tensor q = gaussianColumns(a.rows.size(1), columns, seed, a.rows);
    if (!rowsPay(a, columns)) {
        const at::Tensor upper = a.upperCovariance(job), covariance = upper.triu() + upper.triu(1).t();
        for (int i = 0; i < covarianceIterations; ++i) {
            job.checkpoint();
            q = linalg::orthonormal(at::mm(covariance, q));
        }
        return nystrom(q, at::mm(covariance, q), job);
    }
    const WeightedRows small = a.sample(sampleRows), large = a.sample(largeSampleRows);
    for (int i = 0; i < sampleIterations; ++i)
        q = linalg::orthonormal(small.covarianceTimes(q, job));
    q = linalg::orthonormal(large.covarianceTimes(q, job));
    return nystrom(q, a.covarianceTimes(q, job), job);
}

} // namespace

LowRankFit fitLowRank(
    const at::Tensor& rows, const at::Tensor& weights, std::int64_t rank, std::uint64_t seed, const JobControl& job)
{
    LowRankFit fit;
    fit.mean = weightedMean(rows, weights);
    const WeightedRows a { rows, weights, fit.mean };
    const std::int64_t columns = std::min(rank + oversampling, std::min(rows.size(0), rows.size(1)));
    const Principal leading = 4 * columns <= rows.size(1) && columns < rows.size(0)
        ? leadingEigen(a, columns, seed, job)
        : eigenRows(a.upperCovariance(job), job);
    fit.directions = leading.rows.narrow(0, 0, rank).contiguous();
    const at::Tensor onHost = leading.values.narrow(0, 0, rank).cpu().to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < rank; ++i)
        fit.variances.push_back(std::max(0.0, onHost.data_ptr<double>()[i] / static_cast<double>(rows.size(0))));
    return fit;
}

at::Tensor LowRankFit::duals() const { return metric.defined() ? at::mm(directions, metric) : directions; }

LowRankFit fitLowRankIn(const at::Tensor& metric, const at::Tensor& rows, const at::Tensor& weights, std::int64_t rank,
    std::uint64_t seed, const JobControl& job)
{
    if (!metric.defined())
        return fitLowRank(rows, weights, rank, seed, job);
    const auto roots = std::make_shared<std::optional<MetricRoots>>();
    runApart(job, [metric, roots] { roots->emplace(metric.cpu().to(at::kDouble)); });
    const auto placed = [&](const at::Tensor& root) { return root.to(at::kFloat).to(rows.device()); };
    const at::Tensor root = placed((*roots)->root);
    LowRankFit fit = fitLowRank(rowsTimes(rows, root, job), weights, rank, seed, job);
    fit.metric = metric;
    fit.root = root;
    fit.rootInverse = placed((*roots)->inverse);
    fit.directions = at::mm(fit.directions, fit.rootInverse);
    fit.mean = weightedMean(rows, weights);
    forEachBlock(rows.size(0), blockRows, job,
        [&](std::int64_t first, std::int64_t count) { rows.narrow(0, first, count).sub_(fit.mean); });
    return fit;
}

at::Tensor rowsTimes(const at::Tensor& rows, const at::Tensor& matrix, const JobControl& job)
{
    const at::Tensor out = at::empty({ rows.size(0), matrix.size(1) }, rows.options());
    forEachBlock(rows.size(0), blockRows, job, [&](std::int64_t first, std::int64_t count) {
        at::Tensor part = out.narrow(0, first, count);
        at::mm_out(part, rows.narrow(0, first, count), matrix);
    });
    return out;
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
