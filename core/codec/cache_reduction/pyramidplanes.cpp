// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/pyramidplanes.h"
#include "core/codec/cache_reduction/coefficientcoder.h"
#include "core/codec/planes.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <numeric>

namespace pikv {
namespace {

/// [batch, heads, seq, dim] → [batch * seq, dim] of one head.
at::Tensor headRows(const at::Tensor& tensor, std::int64_t head)
{
    return tensor.select(1, head).reshape({ -1, tensor.size(3) });
}

double meanSquare(const float* values, std::int64_t count)
{
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i)
        sum += double(values[i]) * values[i];
    return count ? sum / double(count) : 0;
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

std::vector<PyramidPlane> makePlanes(const LayerInput& input, const LevelOrder& order, bool klt, const CodecContext& context)
{
    const at::Tensor tensors[] = { input.kv.key.to(at::kFloat), input.kv.value.to(at::kFloat) };
    const at::Tensor weights = input.importance.defined() ? (input.importance.reshape({ -1 }) + 1e-3) : at::Tensor();
    const at::Tensor rowOrder = order.rows.to(context.device);
    const std::int64_t heads = input.shape.kvHeads;
    std::vector<PyramidPlane> planes(static_cast<std::size_t>(2 * heads));
    forEachPlane(context.device, 2 * heads, context.job, [&](std::int64_t i) {
        const at::Tensor rows = headRows(tensors[i / heads], i % heads).index_select(0, rowOrder);
        PyramidPlane& plane = planes[static_cast<std::size_t>(i)];
        plane.dim = rows.size(1);
        plane.basis = HeadBasis::fit(rows, weights.defined() ? weights.index_select(0, rowOrder) : weights, klt);
        plane.coefficients = plane.basis.project(rows).cpu().contiguous();
    });
    for (int t = 0; t < 2; ++t) {
        const double energy = tensors[t].square().sum().item<double>();
        for (std::int64_t h = 0; h < heads; ++h)
            planes[static_cast<std::size_t>(t * heads + h)].energyScale = energy > 0 ? 1 / energy : 1;
    }
    return planes;
}

PyramidPlan planBits(const std::vector<PyramidPlane>& planes, const LevelOrder& order, bool klt, std::int64_t budget)
{
    std::vector<BitUnit> units;
    std::vector<std::int64_t> vectorBits;
    for (const PyramidPlane& plane : planes) {
        const auto firstVector = static_cast<int>(vectorBits.size());
        const float* data = plane.coefficients.data_ptr<float>();
        const std::int64_t rows = plane.coefficients.size(1);
        for (int l = 0; l < order.levels(); ++l)
            for (std::int64_t c = 0; c < plane.dim; ++c) {
                BitUnit unit;
                unit.count = order.count(l);
                unit.variance = meanSquare(data + c * rows + order.begin[static_cast<std::size_t>(l)], unit.count);
                unit.weight = order.weight[static_cast<std::size_t>(l)] * plane.energyScale;
                unit.sideBits = coefficientSideBits(1) + 7; // padding to whole bytes, at most
                unit.group = klt ? firstVector + static_cast<int>(c) : -1;
                units.push_back(unit);
            }
        if (klt)
            vectorBits.insert(vectorBits.end(), static_cast<std::size_t>(plane.dim), HeadBasis::bitsPerVector(plane.dim));
    }
    PyramidPlan plan { allocateBits(units, vectorBits, budget), 0 };
    for (std::size_t i = 0; i < units.size(); ++i)
        plan.error += units[i].weight * units[i].variance * double(units[i].count) * gaussianDistortion(plan.bits[i]);
    return plan;
}

} // namespace pikv
