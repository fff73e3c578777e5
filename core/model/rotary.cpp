// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/rotary.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <cmath>
#include <numbers>

namespace pikv {
namespace {

/// The scaled frequency; Llama 3's rule keeps short wavelengths, divides long ones and blends between.
double scaled(double frequency, const RopeScaling& s)
{
    if (s.kind == RopeScaling::Kind::Linear)
        return frequency / s.factor;
    if (s.kind == RopeScaling::Kind::None)
        return frequency;
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < s.originalContext / s.highFrequencyFactor)
        return frequency;
    if (wavelength > s.originalContext / s.lowFrequencyFactor)
        return frequency / s.factor;
    const double smooth
        = (s.originalContext / wavelength - s.lowFrequencyFactor) / (s.highFrequencyFactor - s.lowFrequencyFactor);
    return frequency * ((1 - smooth) / s.factor + smooth);
}

} // namespace

Rotary::Rotary(const ModelConfig& config, const at::Tensor& divisors)
    : m_frequencies(at::empty({ config.headDim / 2 }, at::kDouble))
{
    auto* frequency = m_frequencies.data_ptr<double>();
    for (std::int64_t i = 0; i < config.headDim / 2; ++i)
        frequency[i]
            = scaled(std::pow(config.ropeTheta, -2.0 * static_cast<double>(i) / static_cast<double>(config.headDim)),
                config.scaling);
    if (divisors.defined())
        m_frequencies.div_(divisors.to(at::kDouble));
}

RopeTable Rotary::table(std::int64_t first, std::int64_t count) const
{
    const at::Tensor positions = at::arange(first, first + count, at::kDouble);
    const at::Tensor angles = positions.unsqueeze(1) * m_frequencies.unsqueeze(0);
    return { angles.cos().to(at::kFloat), angles.sin().to(at::kFloat), true };
}

} // namespace pikv
