// SPDX-License-Identifier: GPL-3.0-or-later
// The transform of one side (keys or values) of a layer, all KV heads together, and what is known of its coefficients.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/codec/container/encodedcache.h"
#include "core/codec/parts/rowmetric.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <vector>

namespace pikv {

/// log2, in quarters, of the mean |level| that a component has at a step of 1; `deviation` in such steps.
std::int16_t levelSize(double deviation);
/// log2 of a step, in quarters, rounded.
std::int16_t logOfStep(double step);

/// x ~ mean + steps * levels * synthesis. In the right metric one step for every coefficient of every layer and side is
/// the best allocation of bits (reverse water-filling, Cover & Thomas, theorem 10.3.3): with M the metric and C the
/// rows' covariance, the coefficients are those of the eigenvectors V of M^(1/2) C M^(1/2), synthesis Vᵀ M^(-1/2).
struct SideTransform {
    at::Tensor mean; ///< f32 [width]
    at::Tensor synthesis; ///< f32 [width, width], a component a row, the strongest first; a step of 1 fits the metric
    std::vector<std::int16_t> sizes; ///< of the levels at a step of 1: log2 of the mean |level|, in quarters
    std::vector<std::int8_t> distanceClasses; ///< as RowMetric's

    /// Where some components are not stored: their columns are zero. Undefined: the synthesis' inverse.
    at::Tensor partialAnalysis = {};

    std::int64_t width() const { return mean.numel(); }
    /// f32 [width, width], levels = (x - mean) * analysis. Throws Error{Input} where the synthesis has no inverse.
    at::Tensor analysis(const JobControl& job) const;

    /// As sections "<side>.mean", "<side>.synthesis", …; exact: what is read is what write() leaves here.
    void write(const std::string& side, SectionSet& out) const;
    /// Throws Error{Input} where a section is missing, has another size or holds what is no transform.
    static SideTransform read(const SectionSet& sections, const std::string& side, std::int64_t width);

    /// Of rows f32 [n, width], in the metric that RowMetric says.
    static SideTransform learn(const at::Tensor& rows, const LayerFisher::Side* fisher, const JobControl& job);
    /// Of what a prediction leaves of the rows, `residuals` f32 [n, width], in the metric of the rows.
    static SideTransform learn(
        const at::Tensor& residuals, const at::Tensor& rows, const LayerFisher::Side* fisher, const JobControl& job);
};

} // namespace pikv
