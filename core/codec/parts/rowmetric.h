// SPDX-License-Identifier: GPL-3.0-or-later
// What errors of a layer's rows are measured by.
#pragma once
#include "core/codec/parts/factorplane.h"
#include "core/model/fisherinformation.h"
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <cstdint>
#include <vector>

namespace pikv {

/// A step of 1 in the next tokens' metric, nat^(1/2).
inline constexpr double fisherStep = 1e-5;
/// Without the next tokens' metric a step of 1 is this share of the rows' deviation.
inline constexpr double plainStep = 0.04;
/// Throws Error{Input} where a class is outside what there is.
void requireDistanceClasses(const std::vector<std::int8_t>& classes);

/// Symmetric square root of a metric and its inverse, f64.
struct MetricRoots {
    at::Tensor root, inverse;
    explicit MetricRoots(const at::Tensor& metric);
};

/// What errors of rows f32 [n, width] are measured by: the metric of the next tokens, or, without one, squared errors
/// relative to the rows' variance.
struct RowMetric {
    at::Tensor metric; ///< f64 [width, width]
    double unit; ///< the length of a step of 1
    /// By LayerFisher::distanceClass(): log2 of how much wider steps may be there, in halves.
    std::vector<std::int8_t> distanceClasses;
    RowMetric(const at::Tensor& rows, const LayerFisher::Side* fisher);
};

/// The metric of one matrix of a layer, for fits: regularised as RowMetric's, in units of the layer, so that errors of
/// all its matrices count alike; f32 [plane.width(), plane.width()]. Undefined where `fisher` is null: plain squares.
at::Tensor planeMetric(const LayerFisher* fisher, const FactorPlane& plane, c10::Device device);
/// The same with a mean diagonal of 1, for those who look at one matrix alone.
at::Tensor relativeMetric(const LayerFisher* fisher, const FactorPlane& plane, c10::Device device);

} // namespace pikv
