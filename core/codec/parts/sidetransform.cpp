// SPDX-License-Identifier: GPL-3.0-or-later
// Covariance and metric to a transform whose coefficients all count the same, and its bytes.
#include "core/codec/parts/sidetransform.h"
#include "core/base/error.h"
#include "core/codec/parts/keptinverse.h"
#include "core/codec/parts/planes.h"
#include "core/codec/tensorbytes.h"
#include "core/linalg/linalg.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

namespace pikv {

std::int16_t levelSize(double deviation)
{
    constexpr double meanOverDeviation = 0.7; // of a Laplacian
    return static_cast<std::int16_t>(std::lround(4 * std::log2(std::clamp(meanOverDeviation * deviation, 1e-9, 1e9))));
}

std::int16_t logOfStep(double step) { return static_cast<std::int16_t>(std::lround(4 * std::log2(step))); }

namespace {

SideTransform learned(const at::Tensor& residuals, const at::Tensor& rows, const LayerFisher::Side* fisher)
{
    SideTransform t;
    const at::Tensor x = residuals.to(at::kDouble);
    const at::Tensor mean = x.mean(0), centred = x - mean;
    const at::Tensor covariance = at::matmul(centred.t(), centred) / static_cast<double>(x.size(0));
    const RowMetric measured(rows, fisher);
    const double unit = measured.unit;
    t.distanceClasses = measured.distanceClasses;
    const MetricRoots roots(measured.metric);
    const linalg::Principal p = linalg::principal(at::matmul(at::matmul(roots.root, covariance), roots.root));
    t.mean = mean.to(at::kFloat);
    t.synthesis = (at::matmul(p.rows, roots.inverse) * unit).to(at::kFloat).contiguous();
    const at::Tensor deviations = p.values.clamp_min(0).sqrt().to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < deviations.numel(); ++i)
        t.sizes.push_back(levelSize(deviations.data_ptr<double>()[i] / unit));
    return t;
}

} // namespace

SideTransform SideTransform::learn(const at::Tensor& rows, const LayerFisher::Side* fisher, const JobControl& job)
{
    return learn(rows, rows, fisher, job);
}

SideTransform SideTransform::learn(
    const at::Tensor& residuals, const at::Tensor& rows, const LayerFisher::Side* fisher, const JobControl& job)
{
    // Owned by both, as it may go on after a stop.
    const auto side = fisher ? std::make_shared<LayerFisher::Side>(*fisher) : nullptr;
    const auto out = std::make_shared<SideTransform>();
    runApart(job, [residuals, rows, side, out] { *out = learned(residuals, rows, side.get()); });
    return *out;
}

at::Tensor SideTransform::analysis(const JobControl& job) const
{
    if (partialAnalysis.defined())
        return partialAnalysis;
    const at::Tensor inverse = keptInverse(synthesis, job);
    if (!at::isfinite(inverse).all().item<bool>())
        throw inputError("the calibration's transform has no inverse");
    return inverse;
}

void SideTransform::write(const std::string& side, SectionSet& out) const
{
    const at::Tensor scales = synthesis.abs().amax(1).clamp_min(1e-30);
    out.add(side + ".mean", tensorToBytes(mean, DType::F32));
    out.add(side + ".scales", tensorToBytes(scales, DType::F32));
    out.add(side + ".synthesis", tensorToBytes(synthesis / scales.unsqueeze(1), DType::F16));
    Bytes sizeBytes(sizes.size() * 2);
    std::memcpy(sizeBytes.data(), sizes.data(), sizeBytes.size());
    out.add(side + ".sizes", std::move(sizeBytes));
    out.add(side + ".distances",
        Bytes(asBytes(distanceClasses.data(), distanceClasses.size()).begin(),
            asBytes(distanceClasses.data(), distanceClasses.size()).end()));
}

SideTransform SideTransform::read(const SectionSet& sections, const std::string& side, std::int64_t width)
{
    SideTransform t;
    const auto count = static_cast<std::size_t>(width);
    t.mean = tensorFromBytes(sections.get(side + ".mean", 4 * count), DType::F32, { width });
    const at::Tensor scales = tensorFromBytes(sections.get(side + ".scales", 4 * count), DType::F32, { width });
    t.synthesis = floatsFromBytes(sections.get(side + ".synthesis", 2 * count * count), DType::F16, { width, width })
                      .mul_(scales.unsqueeze(1));
    if (!isAllFinite(t.synthesis) || !isAllFinite(t.mean))
        throw inputError("the calibration's transform holds what is no number");
    t.sizes.resize(count);
    std::memcpy(t.sizes.data(), sections.get(side + ".sizes", 2 * count).data(), 2 * count);
    t.distanceClasses.resize(LayerFisher::distances);
    std::memcpy(t.distanceClasses.data(), sections.get(side + ".distances", LayerFisher::distances).data(),
        LayerFisher::distances);
    requireDistanceClasses(t.distanceClasses);
    return t;
}

} // namespace pikv
