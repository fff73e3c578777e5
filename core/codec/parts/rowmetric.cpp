// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics made fit for use: regularised, with their roots.
#include "core/codec/parts/rowmetric.h"
#include "core/base/error.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

/// Directions that no gradient was seen in still count a little; more where all gradients are of one cache's last
/// tokens, which miss what later ones need: less than that let some texts down.
constexpr double ridge = 1e-2, ridgeOfOne = 0.3;
/// Of the classes by distance, either way.
constexpr int widest = 8;

/// Wider steps where rows count less: a step of g costs g² times as much error.
std::vector<std::int8_t> classesOf(const LayerFisher::Side& side)
{
    double squares = 0, rows = 0;
    for (std::size_t i = 0; i < LayerFisher::distances; ++i) {
        squares += side.squares[i];
        rows += side.rows[i];
    }
    std::vector<std::int8_t> classes(LayerFisher::distances, 0);
    std::int8_t last = 0;
    for (std::size_t i = 0; i < LayerFisher::distances; ++i) {
        if (side.rows[i] > 0 && side.squares[i] > 0) {
            const double weight = side.squares[i] / side.rows[i] / (squares / rows);
            last = static_cast<std::int8_t>(std::clamp<long>(std::lround(-std::log2(weight)), -widest, widest));
        }
        classes[i] = last; // beyond what was seen: as the last that was
    }
    return classes;
}

/// What every direction counts at least.
double leastOf(const LayerFisher::Side& side)
{
    const double mean = side.metric.diagonal().mean().item<double>();
    return mean > 0 ? (side.rowSquares.empty() ? ridge : ridgeOfOne) * mean : 1;
}

} // namespace

MetricRoots::MetricRoots(const at::Tensor& metric)
{
    const linalg::Eigen e = linalg::eigen(metric);
    const at::Tensor values = e.values.clamp_min(1e-300).sqrt();
    root = at::matmul(e.vectors * values, e.vectors.t());
    inverse = at::matmul(e.vectors / values, e.vectors.t());
}

RowMetric::RowMetric(const at::Tensor& rows, const LayerFisher::Side* fisher)
    : unit(fisher ? fisherStep : plainStep)
    , distanceClasses(LayerFisher::distances, 0)
{
    const at::Tensor identity = at::eye(fisher ? fisher->metric.size(0) : rows.size(1), at::kDouble);
    if (fisher) {
        metric = fisher->metric + identity * leastOf(*fisher);
        distanceClasses = classesOf(*fisher);
    } else {
        const double variance = rows.to(at::kDouble).var(0, false).mean().item<double>();
        metric = identity / (variance > 0 ? variance : 1);
    }
}

void requireDistanceClasses(const std::vector<std::int8_t>& classes)
{
    for (const std::int8_t stepClass : classes)
        if (stepClass < -widest || stepClass > widest)
            throw inputError("a row's step is none that there is");
}

at::Tensor planeMetric(const LayerFisher* fisher, const FactorPlane& plane, c10::Device device)
{
    if (!fisher)
        return {};
    const LayerFisher::Side& side = plane.isKey ? fisher->key : fisher->value;
    const std::int64_t first = plane.firstHead * plane.dim;
    at::Tensor own = side.metric.narrow(0, first, plane.width()).narrow(1, first, plane.width()).clone();
    own.diagonal().add_(leastOf(side));
    const double layer
        = ((fisher->key.metric.diagonal().mean() + fisher->value.metric.diagonal().mean()) / 2).item<double>();
    return (own / (layer > 0 ? layer : 1)).to(at::kFloat).contiguous().to(device);
}

at::Tensor relativeMetric(const LayerFisher* fisher, const FactorPlane& plane, c10::Device device)
{
    const at::Tensor metric = planeMetric(fisher, plane, device);
    return metric.defined() ? metric / metric.diagonal().mean() : metric;
}

} // namespace pikv
