// SPDX-License-Identifier: GPL-3.0-or-later
// A sample of a head's tokens, by which the bits of a step are told before anything is coded.
#include "core/codec/methods/fastvideo/videosample.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {
constexpr std::int64_t stretchTokens = 64;
}

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

VideoSample::VideoSample(const HeadRows& rows, const HeadTransform& forward, std::int64_t limit)
    : m_width(static_cast<std::size_t>(rows.dim()))
    , m_stretches(sampleOf(rows.batch(), rows.seq(), limit))
{
    const std::int64_t dim = rows.dim();
    std::vector<float> own;
    for (const Stretch& s : m_stretches) {
        const std::int64_t lead = s.first > 0 ? 1 : 0;
        own.assign(static_cast<std::size_t>(s.count + 1) * m_width, 0.0f);
        float* first = own.data() + m_width;
        rows.load(s.batch, s.first - lead, s.count + lead, first - lead * dim);
        for (std::int64_t t = 0; t < s.count; ++t)
            m_energies.push_back(energyOf(first + t * dim, m_width));
        const std::size_t at = m_values.size();
        m_values.resize(at + own.size());
        forward.apply(own.data(), s.count + 1, m_values.data() + at);
        if (!lead)
            std::fill_n(m_values.data() + at, m_width, 0.0f);
    }
}

VideoSample::Cuts VideoSample::plan(const KeyframeRule& rule)
{
    KeyframePlanner planner(rule, gains(false));
    Cuts counted;
    std::size_t row = 0;
    for (const Stretch& s : m_stretches) {
        planner.restart(s.first % rule.interval);
        for (std::int64_t t = 0; t < s.count; ++t, ++row) {
            const bool forced = planner.isForced();
            const float* before = m_values.data() + row * m_width;
            m_isKey.push_back(planner.decide(before + m_width, before, m_energies[m_isKey.size()]));
            counted.unforced += !forced;
            counted.cuts += !forced && m_isKey.back();
        }
        ++row;
    }
    return counted;
}

std::vector<float> VideoSample::gains(bool predictedOnly) const
{
    const std::size_t width = m_width;
    std::vector<double> products(width, 0), squares(width, 0);
    std::size_t row = 0, token = 0;
    for (const Stretch& s : m_stretches) {
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
    std::vector<float> fitted(width, 0.0f);
    for (std::size_t c = 0; c < width; ++c)
        if (squares[c] > 0)
            fitted[c] = static_cast<float>(std::nearbyint(std::clamp(products[c] / squares[c], -1.0, 1.0) * 127) / 127);
    return fitted;
}

VideoSample::Variances VideoSample::variances(const std::vector<float>& gains) const
{
    const std::size_t width = m_width;
    Variances found { std::vector<double>(width, 0), std::vector<double>(width, 0) };
    std::size_t row = 0, token = 0, keys = 0;
    for (const Stretch& s : m_stretches) {
        for (std::int64_t t = 0; t < s.count; ++t, ++token, ++row) {
            const float *before = m_values.data() + row * width, *now = before + width;
            std::vector<double>& sums = m_isKey[token] ? found.key : found.predicted;
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
        found.key[c] /= double(std::max<std::size_t>(1, keys));
        found.predicted[c] /= double(std::max<std::size_t>(1, token - keys));
    }
    return found;
}

} // namespace pikv
