// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/methods/fastvideo/videohead.h"
#include "core/codec/methods/fastvideo/stepclasses.h"
#include "core/codec/methods/fastvideo/videostream.h"
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace pikv {
namespace {

constexpr std::int64_t stretchTokens = 64;

/// Bits a Gaussian value takes with an entropy-coded uniform quantiser, roughly: exact for fine steps, 0 for coarse
/// ones.
double gaussianBits(double variance, double step)
{
    return 0.5 * std::log2(1 + 2 * std::numbers::pi * std::numbers::e * variance / (step * step));
}

} // namespace

std::vector<Stretch> sampleOf(std::int64_t batch, std::int64_t seq, std::int64_t limit)
{
    std::vector<Stretch> list;
    if (batch * seq <= limit) {
        for (std::int64_t b = 0; b < batch; ++b)
            list.push_back({ b, 0, seq });
        return list;
    }
    const std::int64_t count = std::max<std::int64_t>(1, limit / stretchTokens), length = std::min(seq, stretchTokens);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t row = batch * seq / count * i + (batch * seq % count) * i / count;
        list.push_back({ row / seq, std::min(row % seq, seq - length), length });
    }
    return list;
}

VideoHead::VideoHead(HeadRows rows, const KeyframeRule& rule, const std::vector<std::uint8_t>& classes,
    const at::Tensor& weights, const HeadBasis* calibrated)
    : m_rows(rows)
    , m_rule(rule)
    , m_classes(classes)
    , m_weights(weights)
    , m_calibrated(calibrated)
    , m_model(rows.dim())
    , m_counts(videoContexts)
{
}

void VideoHead::fitBasis(bool klt, const JobControl& job)
{
    const auto stretches = sampleOf(m_rows.batch(), m_rows.seq(), basisRows);
    std::int64_t count = 0;
    for (const Stretch& s : stretches)
        count += s.count;
    const at::Tensor rows = at::empty({ count, dim() }, at::kFloat);
    at::Tensor weights = m_weights.defined() ? at::empty({ count }, at::kFloat) : at::Tensor();
    std::int64_t at = 0;
    for (const Stretch& s : stretches) {
        m_rows.load(s.batch, s.first, s.count, rows.data_ptr<float>() + at * dim());
        if (weights.defined())
            weights.narrow(0, at, s.count).copy_(m_weights.narrow(0, s.batch * m_rows.seq() + s.first, s.count));
        at += s.count;
    }
    m_energy = energyOf(rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())) / double(count);
    const HeadBasis basis = m_calibrated ? *m_calibrated : HeadBasis::fit(rows, weights, klt);
    const float* data = rows.data_ptr<float>();
    addTransform(HeadBasis::identity(basis.mean()), stretches, data);
    if (!klt)
        return;
    addTransform(basis, stretches, data);
    if (m_calibrated)
        return;
    for (const int bits : { 6, 5, 4 }) {
        if (tokens() > basisRows)
            break; // its bytes do not matter
        job.checkpoint();
        addTransform(basis.withBits(bits), stretches, data);
    }
}

void VideoHead::addTransform(HeadBasis basis, const std::vector<Stretch>& stretches, const float* rows)
{
    const HeadTransform forward(basis, HeadTransform::Direction::Forward);
    const auto width = static_cast<std::size_t>(dim());
    std::vector<float> channels, squares(width, 0.0f), products(width, 0.0f), largest(width, 0.0f);
    std::int64_t count = 0;
    // A quarter of the sample is enough for variances.
    for (std::size_t i = 0; i < stretches.size(); rows += stretches[i].count * dim(), ++i) {
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
    m_transforms.push_back(std::move(candidate));
}

double VideoHead::expectedBits(float step, std::size_t transform) const
{
    const auto& [basis, variances, predictedVariances] = m_transforms[transform];
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
            bits += double(HeadBasis::bitsPerVector(dim(), basis.bits()));
    }
    return bits;
}

std::vector<float> VideoHead::fittedGains(bool predictedOnly) const
{
    const auto width = static_cast<std::size_t>(dim());
    std::vector<double> products(width, 0), squares(width, 0);
    std::size_t row = 0, token = 0;
    for (const Stretch& s : m_sample) {
        for (std::int64_t t = 0; t < s.count; ++t, ++token, ++row) {
            if (predictedOnly ? m_isKey[token] != 0 : t + s.first == 0)
                continue;
            const float *before = m_values.data() + row * width, *now = before + width;
            for (std::size_t c = 0; c < width; ++c) {
                products[c] += double(before[c] * now[c]);
                squares[c] += double(before[c] * before[c]);
            }
        }
        ++row;
    }
    std::vector<float> gains(width, 0.0f);
    for (std::size_t c = 0; c < width; ++c)
        if (squares[c] > 0)
            gains[c] = static_cast<float>(std::nearbyint(std::clamp(products[c] / squares[c], -1.0, 1.0) * 127) / 127);
    return gains;
}

void VideoHead::planSample()
{
    const auto width = static_cast<std::size_t>(dim());
    KeyframePlanner planner(m_rule, fittedGains(false));
    std::size_t row = 0, unforced = 0, cuts = 0;
    for (const Stretch& s : m_sample) {
        planner.restart(s.first % m_rule.interval);
        for (std::int64_t t = 0; t < s.count; ++t, ++row) {
            const bool forced = planner.isForced();
            const float* before = m_values.data() + row * width;
            m_isKey.push_back(planner.decide(before + width, before, m_energies[m_isKey.size()]));
            unforced += !forced;
            cuts += !forced && m_isKey.back();
        }
        ++row;
    }
    m_model.setCuts(cuts, unforced);
}

void VideoHead::loadSample()
{
    const auto width = static_cast<std::size_t>(dim());
    m_sample = sampleOf(m_rows.batch(), m_rows.seq(), sampleRows);
    std::vector<float> rows;
    for (const Stretch& s : m_sample) {
        const std::int64_t lead = s.first > 0 ? 1 : 0;
        rows.assign(static_cast<std::size_t>(s.count + 1) * width, 0.0f);
        float* own = rows.data() + width;
        m_rows.load(s.batch, s.first - lead, s.count + lead, own - lead * dim());
        for (std::int64_t t = 0; t < s.count; ++t)
            m_energies.push_back(energyOf(own + t * dim(), width));
        const std::size_t at = m_values.size();
        m_values.resize(at + rows.size());
        m_forward->apply(rows.data(), s.count + 1, m_values.data() + at);
        if (!lead)
            std::fill_n(m_values.data() + at, width, 0.0f);
    }
}

void VideoHead::measureVariances(const std::vector<float>& gains)
{
    const auto width = static_cast<std::size_t>(dim());
    m_keyVariance.assign(width, 0);
    m_predictedVariance.assign(width, 0);
    std::size_t row = 0, token = 0, keys = 0;
    for (const Stretch& s : m_sample) {
        for (std::int64_t t = 0; t < s.count; ++t, ++token, ++row) {
            const float *before = m_values.data() + row * width, *now = before + width;
            std::vector<double>& sums = m_isKey[token] ? m_keyVariance : m_predictedVariance;
            const float predicted = m_isKey[token] ? 0.0f : 1.0f;
            keys += m_isKey[token];
            for (std::size_t c = 0; c < width; ++c) {
                const double residual = now[c] - predicted * gains[c] * before[c];
                sums[c] += residual * residual;
            }
        }
        ++row;
    }
    for (std::size_t c = 0; c < width; ++c) {
        m_keyVariance[c] /= double(std::max<std::size_t>(1, keys));
        m_predictedVariance[c] /= double(std::max<std::size_t>(1, token - keys));
    }
}

void VideoHead::fitPrediction(std::size_t transform)
{
    m_model.basis = m_transforms[transform].basis;
    m_model.shared = m_calibrated != nullptr;
    m_forward = std::make_unique<HeadTransform>(m_model.basis, HeadTransform::Direction::Forward);
    loadSample();
    planSample();
    // Once more, for those tokens that are predicted.
    const std::vector<float> gains = fittedGains(true);
    for (std::size_t c = 0; c < gains.size(); ++c)
        m_model.gains[c] = static_cast<std::int8_t>(std::nearbyint(gains[c] * 127));
    measureVariances(gains);
}

} // namespace pikv
