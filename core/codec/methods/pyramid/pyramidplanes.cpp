// SPDX-License-Identifier: GPL-3.0-or-later
// A layer's heads as coefficients by falling variance, rows in the order of their levels.
#include "core/codec/methods/pyramid/pyramidplanes.h"
#include "core/base/half.h"
#include "core/codec/parts/coefficientcoder.h"
#include "core/codec/parts/headrows.h"
#include "core/codec/parts/planes.h"
#include "core/codec/parts/rowmetric.h"
#include "core/kernels/energy.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/div.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <numeric>

namespace pikv {
namespace {

/// Rows of one head of [batch, heads, seq, dim] in level order: f32 [batch * seq, dim], clamped to f16's range, so that
/// their squares do not overflow.
at::Tensor headRows(const at::Tensor& tensor, std::int64_t head, const at::Tensor& order)
{
    const std::int64_t heads = tensor.size(1), seq = tensor.size(2);
    const at::Tensor item = at::div(order, seq, "floor");
    const at::Tensor rows
        = tensor.view({ -1, tensor.size(3) }).index_select(0, order + (item * (heads - 1) + head) * seq);
    if (rows.is_cpu())
        clampToHalf(rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel()));
    else
        rows.clamp_(-largestHalf, largestHalf);
    return rows;
}

/// Sum of the squares of a plane's rows, from what is known of them: the coefficients' variances and the mean.
double energyOf(const PyramidPlane& plane, const LevelOrder& order)
{
    const at::Tensor mean = plane.basis.mean().cpu();
    double energy
        = double(order.rows.numel()) * sumOfSquares(mean.data_ptr<float>(), static_cast<std::size_t>(plane.dim));
    for (std::size_t i = 0; i < plane.variances.size(); ++i)
        energy += plane.variances[i] * double(order.count(static_cast<int>(i / static_cast<std::size_t>(plane.dim))));
    return energy;
}

/// Mean squares of every column within every level, [levels * dim].
std::vector<double> columnVariances(const at::Tensor& rows, const std::vector<std::int64_t>& begin)
{
    const at::Tensor host = rows.cpu().contiguous();
    const auto dim = static_cast<std::size_t>(host.size(1)), levels = begin.size() - 1;
    std::vector<double> variances(levels * dim);
    for (std::size_t l = 0; l < levels; ++l) {
        const auto first = static_cast<std::size_t>(begin[l]), count = static_cast<std::size_t>(begin[l + 1]) - first;
        double* sums = variances.data() + l * dim;
        addColumnSquares(host.data_ptr<float>() + first * dim, count, dim, sums);
        for (std::size_t c = 0; c < dim && count > 0; ++c)
            sums[c] /= double(count);
    }
    return variances;
}

std::vector<double> variancesOf(const PyramidPlane& plane, const LevelOrder& order)
{
    const auto [places, begin] = order.sample();
    const at::Tensor rows = plane.centred.index_select(0, places.to(plane.centred.device()));
    return columnVariances(plane.basis.isIdentity() ? rows : plane.basis.project(rows).t(), begin);
}

} // namespace

LevelOrder::LevelOrder(const TokenTiers& tiers, const at::Tensor& importance)
    : rows(at::empty({ static_cast<std::int64_t>(tiers.level.size()) }, at::kLong))
    , begin { 0 }
{
    const at::Tensor scores = importance.defined() ? importance.cpu().to(at::kFloat).contiguous() : at::Tensor();
    for (int l = 0; l < tiers.levels; ++l) {
        const auto list = tiers.rows(l);
        std::copy(list.begin(), list.end(), rows.data_ptr<std::int64_t>() + begin.back());
        double sum = 0;
        for (std::int64_t row : list)
            sum += scores.defined() ? scores.data_ptr<float>()[row] : 1.0;
        // A floor keeps unimportant tokens from vanishing altogether before important ones are exact.
        weight.push_back(list.empty() ? 0 : std::max(1e-3, sum / double(list.size())));
        begin.push_back(begin.back() + static_cast<std::int64_t>(list.size()));
    }
}

void LevelOrder::rotate(const at::Tensor& vectors, const RopeTable& rope, std::int64_t first, float direction) const
{
    rope.turnAt(vectors.unsqueeze(1), rows.narrow(0, first, vectors.size(0)), direction);
}

std::pair<at::Tensor, std::vector<std::int64_t>> LevelOrder::sample() const
{
    constexpr std::int64_t least = 1024; // of a level, where it has so many
    std::vector<std::int64_t> places, sampleBegin { 0 };
    for (int l = 0; l < levels(); ++l) {
        const std::int64_t stride = std::max<std::int64_t>(1, count(l) / least);
        for (std::int64_t at = begin[static_cast<std::size_t>(l)]; at < begin[static_cast<std::size_t>(l) + 1];
             at += stride)
            places.push_back(at);
        sampleBegin.push_back(static_cast<std::int64_t>(places.size()));
    }
    at::Tensor tensor = at::empty({ sampleBegin.back() }, at::kLong);
    std::copy(places.begin(), places.end(), tensor.data_ptr<std::int64_t>());
    return { tensor, sampleBegin };
}

std::vector<PyramidPlane> makePlanes(
    const LayerInput& input, const LevelOrder& order, const PyramidTransform& transform, const CodecContext& context)
{
    const at::Tensor tensors[]
        = { input.kv.key.to(at::kFloat).contiguous(), input.kv.value.to(at::kFloat).contiguous() };
    const at::Tensor rowOrder = order.rows.to(context.device);
    const at::Tensor weights = input.importance.defined()
        ? (input.importance.reshape({ -1 }) + 1e-3).index_select(0, rowOrder)
        : at::Tensor();
    const std::int64_t heads = input.shape.kvHeads;
    std::vector<PyramidPlane> planes(static_cast<std::size_t>(2 * heads));
    std::vector<double> energies(planes.size());
    forEachPlane(context.device, 2 * heads, context.job, [&](std::int64_t i) {
        PyramidPlane& plane = planes[static_cast<std::size_t>(i)];
        plane.centred = headRows(tensors[i / heads], i % heads, rowOrder);
        if (transform.rope && i < heads)
            order.rotate(plane.centred, *transform.rope, 0, -1);
        plane.dim = plane.centred.size(1);
        // About a mean that is not the rows' own, variances do not tell the energy.
        double& energy = energies[static_cast<std::size_t>(i)];
        if (const at::Tensor flat = plane.centred.view({ -1 }); !transform.shared.empty())
            energy = at::dot(flat, flat).item<double>();
        const FactorPlane head = FactorPlanes(input.shape, true).plane(i);
        plane.basis = transform.shared.empty()
            ? HeadBasis::fit(plane.centred, weights, transform.klt, planeMetric(transform.fisher, head, context.device))
            : transform.shared[static_cast<std::size_t>(i)];
        plane.centred.sub_(plane.basis.mean());
        plane.variances = variancesOf(plane, order);
        if (transform.shared.empty())
            energy = energyOf(plane, order);
    });
    for (std::size_t p = 0; p < planes.size(); ++p) {
        const auto first = energies.begin() + static_cast<std::ptrdiff_t>(p) / heads * heads;
        const double energy = std::accumulate(first, first + heads, 0.0);
        planes[p].energyScale = energy > 0 && !transform.inMetric ? 1 / energy : 1;
    }
    return planes;
}

std::vector<PyramidPlane> rawPlanes(
    const std::vector<PyramidPlane>& planes, const LevelOrder& order, const CodecContext& context)
{
    std::vector<PyramidPlane> raw(planes.size());
    forEachPlane(context.device, static_cast<std::int64_t>(planes.size()), context.job, [&](std::int64_t i) {
        const PyramidPlane& plane = planes[static_cast<std::size_t>(i)];
        PyramidPlane& own = raw[static_cast<std::size_t>(i)];
        own = { HeadBasis::identity(plane.basis.mean()), plane.centred, {}, plane.dim, plane.energyScale };
        own.variances = variancesOf(own, order);
    });
    return raw;
}

at::Tensor coefficientsOf(const PyramidPlane& plane) { return plane.basis.project(plane.centred).cpu(); }

PyramidPlan planBits(
    const std::vector<PyramidPlane>& planes, const LevelOrder& order, bool storesVectors, std::int64_t budget)
{
    std::vector<BitUnit> units;
    std::vector<std::int64_t> vectorBits;
    for (const PyramidPlane& plane : planes) {
        const auto firstVector = static_cast<int>(vectorBits.size());
        for (int l = 0; l < order.levels(); ++l)
            for (std::int64_t c = 0; c < plane.dim; ++c) {
                BitUnit unit;
                unit.count = order.count(l);
                unit.variance = plane.variances[static_cast<std::size_t>(l * plane.dim + c)];
                unit.weight = order.weight[static_cast<std::size_t>(l)] * plane.energyScale;
                unit.sideBits = coefficientSideBits(1);
                unit.wholeBytes = true;
                unit.group = storesVectors ? firstVector + static_cast<int>(c) : -1;
                units.push_back(unit);
            }
        if (storesVectors)
            vectorBits.insert(
                vectorBits.end(), static_cast<std::size_t>(plane.dim), HeadBasis::bitsPerVector(plane.dim));
    }
    PyramidPlan plan { allocateBits(units, vectorBits, budget), 0 };
    for (std::size_t i = 0; i < units.size(); ++i)
        plan.error += units[i].weight * units[i].variance * double(units[i].count) * gaussianDistortion(plan.bits[i]);
    return plan;
}

} // namespace pikv
