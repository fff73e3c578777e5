// SPDX-License-Identifier: GPL-3.0-or-later
// Local causal attention over the codes of the tokens before: what the student may look at besides a token's own code.
#include "core/codec/methods/minillm/codeattention.h"
#include "core/kernels/reduce.h"
#include <algorithm>
#include <cmath>
#include <vector>

namespace pikv {
namespace {

float dot(const float* a, const float* b, std::int64_t n)
{
    const auto lanes = dotLanes(a, b, static_cast<std::size_t>(n));
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

void addScaled(float* sum, const float* a, float factor, std::int64_t n)
{
    for (std::int64_t i = 0; i < n; ++i)
        sum[i] += a[i] * factor;
}

void softmax(float* scores, std::int64_t n)
{
    const float top = *std::max_element(scores, scores + n);
    float sum = 0;
    for (std::int64_t j = 0; j < n; ++j)
        sum += scores[j] = std::exp(scores[j] - top);
    for (std::int64_t j = 0; j < n; ++j)
        scores[j] /= sum;
}

} // namespace

void CodeAttention::forward(const float* codes, const std::uint8_t* reach, std::int64_t n, const float* params,
    float* delta, const Trace* trace) const
{
    const float *gate = params, *self = gate + m_rank, *metric = self + m_rank, *bias = metric + m_rank;
    std::vector<float> weights(static_cast<std::size_t>(m_window)), scaled(static_cast<std::size_t>(m_rank)),
        mix(scaled.size());
    for (std::int64_t t = 0; t < n; ++t, codes += m_rank, delta += m_rank) {
        for (std::int64_t i = 0; i < m_rank; ++i)
            scaled[static_cast<std::size_t>(i)] = codes[i] * metric[i];
        std::fill(mix.begin(), mix.end(), 0.0f);
        const std::int64_t known = reach[t];
        for (std::int64_t j = 0; j < known; ++j)
            weights[static_cast<std::size_t>(j)] = bias[j] + dot(scaled.data(), codes - (j + 1) * m_rank, m_rank);
        if (known > 0)
            softmax(weights.data(), known);
        for (std::int64_t j = 0; j < known; ++j)
            addScaled(mix.data(), codes - (j + 1) * m_rank, weights[static_cast<std::size_t>(j)], m_rank);
        for (std::int64_t i = 0; i < m_rank; ++i)
            delta[i] = self[i] * codes[i] + gate[i] * mix[static_cast<std::size_t>(i)];
        if (trace) {
            std::copy_n(weights.begin(), known, trace->weights + t * m_window);
            std::copy(mix.begin(), mix.end(), trace->mix + t * m_rank);
        }
    }
}

void CodeAttention::backward(const float* codes, const std::uint8_t* reach, std::int64_t n, const float* params,
    const Trace& trace, const float* byDelta, float* gradient) const
{
    const float* gate = params;
    float *byGate = gradient, *bySelf = byGate + m_rank, *byMetric = bySelf + m_rank, *byBias = byMetric + m_rank;
    std::vector<float> byMix(static_cast<std::size_t>(m_rank)), mixed(byMix.size()),
        byWeight(static_cast<std::size_t>(m_window));
    for (std::int64_t t = 0; t < n; ++t, codes += m_rank, byDelta += m_rank) {
        const float *weights = trace.weights + t * m_window, *mix = trace.mix + t * m_rank;
        for (std::int64_t i = 0; i < m_rank; ++i) {
            byGate[i] += byDelta[i] * mix[i];
            bySelf[i] += byDelta[i] * codes[i];
            byMix[static_cast<std::size_t>(i)] = byDelta[i] * gate[i];
        }
        const std::int64_t known = reach[t];
        float mean = 0;
        for (std::int64_t j = 0; j < known; ++j) {
            byWeight[static_cast<std::size_t>(j)] = dot(byMix.data(), codes - (j + 1) * m_rank, m_rank);
            mean += weights[j] * byWeight[static_cast<std::size_t>(j)];
        }
        std::fill(mixed.begin(), mixed.end(), 0.0f);
        for (std::int64_t j = 0; j < known; ++j) {
            const float byScore = weights[j] * (byWeight[static_cast<std::size_t>(j)] - mean);
            byBias[j] += byScore;
            addScaled(mixed.data(), codes - (j + 1) * m_rank, byScore, m_rank);
        }
        for (std::int64_t i = 0; i < m_rank; ++i)
            byMetric[i] += codes[i] * mixed[static_cast<std::size_t>(i)];
    }
}

} // namespace pikv
