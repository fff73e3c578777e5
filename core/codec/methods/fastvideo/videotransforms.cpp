// SPDX-License-Identifier: GPL-3.0-or-later
// Transforms of a head: fitted on a sample, and weighed by the bits that Gaussian channels of their variances would
// take.
#include "core/codec/methods/fastvideo/videotransforms.h"
#include "core/codec/methods/fastvideo/videosample.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace pikv {
namespace {

/// Bits a Gaussian value takes with an entropy-coded uniform quantiser, roughly: exact for fine steps, 0 for coarse
/// ones.
double gaussianBits(double variance, double step)
{
    return 0.5 * std::log2(1 + 2 * std::numbers::pi * std::numbers::e * variance / (step * step));
}

} // namespace

void VideoTransforms::fit(const at::Tensor& allWeights, bool klt, const JobControl& job)
{
    const auto stretches = sampleOf(m_rows.batch(), m_rows.seq(), sampleRows);
    std::int64_t count = 0;
    for (const Stretch& s : stretches)
        count += s.count;
    const at::Tensor rows = at::empty({ count, m_rows.dim() }, at::kFloat);
    at::Tensor weights = allWeights.defined() ? at::empty({ count }, at::kFloat) : at::Tensor();
    std::int64_t at = 0;
    for (const Stretch& s : stretches) {
        m_rows.load(s.batch, s.first, s.count, rows.data_ptr<float>() + at * m_rows.dim());
        if (weights.defined())
            weights.narrow(0, at, s.count).copy_(allWeights.narrow(0, s.batch * m_rows.seq() + s.first, s.count));
        at += s.count;
    }
    m_energy = energyOf(rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())) / double(count);
    const HeadBasis basis = m_calibrated ? *m_calibrated : HeadBasis::fit(rows, weights, klt);
    const float* data = rows.data_ptr<float>();
    add(HeadBasis::identity(basis.mean()), stretches, data);
    if (!klt)
        return;
    add(basis, stretches, data);
    if (m_calibrated)
        return;
    for (const int bits : { 6, 5, 4 }) {
        if (tokens() > sampleRows)
            break; // its bytes do not matter
        job.checkpoint();
        add(basis.withBits(bits), stretches, data);
    }
}

void VideoTransforms::add(HeadBasis basis, const std::vector<Stretch>& stretches, const float* rows)
{
    const HeadTransform forward(basis, HeadTransform::Direction::Forward);
    const auto width = static_cast<std::size_t>(m_rows.dim());
    std::vector<float> channels, squares(width, 0.0f), products(width, 0.0f), largest(width, 0.0f);
    std::int64_t count = 0;
    // A quarter of the sample is enough for variances.
    for (std::size_t i = 0; i < stretches.size(); rows += stretches[i].count * m_rows.dim(), ++i) {
        if (i % 4 && stretches.size() >= 32)
            continue;
        channels.assign(static_cast<std::size_t>(stretches[i].count + 1) * width, 0.0f);
        forward.apply(rows, stretches[i].count, channels.data() + width);
        count += stretches[i].count;
        for (const float* row = channels.data() + width; row != channels.data() + channels.size(); row += width)
            for (std::size_t c = 0; c < width; ++c) {
                squares[c] += row[c] * row[c];
                products[c] += row[c] * (row - width)[c];
                largest[c] = std::max(largest[c], std::abs(row[c]));
            }
    }
    m_largest = std::max(m_largest, *std::max_element(largest.begin(), largest.end()));
    Candidate candidate { std::move(basis), {}, {} };
    for (std::size_t c = 0; c < width; ++c) {
        const double gain = squares[c] > 0 ? std::clamp(double(products[c]) / squares[c], -1.0, 1.0) : 0;
        candidate.variances.push_back(squares[c] / double(count));
        candidate.predictedVariances.push_back(candidate.variances[c] * (1 - gain * gain));
    }
    m_candidates.push_back(std::move(candidate));
}

double VideoTransforms::expectedBits(float step, std::size_t transform) const
{
    const auto& [basis, variances, predictedVariances] = m_candidates[transform];
    // Taken as if all tokens were alike: then either all predictions are cut or none.
    const double left = std::accumulate(predictedVariances.begin(), predictedVariances.end(), 0.0);
    const double predicted = left <= m_rule.threshold * m_energy ? 1 - 1 / double(m_rule.interval) : 0;
    double bits = 0;
    for (std::size_t c = 0; c < variances.size(); ++c) {
        const double channel = double(tokens())
            * (predicted * gaussianBits(predictedVariances[c], step)
                + (1 - predicted) * gaussianBits(variances[c], step));
        bits += channel;
        if (!m_calibrated && !basis.isIdentity() && channel > 8)
            bits += double(HeadBasis::bitsPerVector(m_rows.dim(), basis.bits()));
    }
    return bits;
}

} // namespace pikv
