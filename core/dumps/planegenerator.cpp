// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a synthetic head: an AR(1) process in latent coordinates with a falling spectrum, mirrored by a random
// Householder reflection into channels, with outlier channels and attention sinks, then rotated.
#include "core/dumps/planegenerator.h"
#include "core/kernels/reduce.h"
#include "core/kernels/rotatepairs.h"
#include <algorithm>
#include <cmath>

namespace pikv {
namespace {

constexpr float outlierSize = 8, sinkPull = 3, sinkValueSize = 0.05f;
constexpr float keyCorrelation = 0.9f, valueCorrelation = 0.5f;
/// Logits: how far a sink stands above other tokens, and how much of a query's content is its own token's key.
constexpr float sinkLogit = 7, queryContent = 0.7f, queryToNeighbours = 0.7f;

/// Streams of random numbers that must not meet.
enum Stream : std::uint64_t { MirrorStream = 10, SignStream = 20, RowStream = 30, QueryStream = 40 };

std::uint64_t place(std::int64_t index) { return static_cast<std::uint64_t>(index); }

float dot(const float* a, const float* b, std::int64_t n)
{
    const auto part = dotLanes(a, b, place(n));
    return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}

} // namespace

RotationTable::RotationTable(std::int64_t channels, double theta)
    : m_half(channels / 2)
{
    for (std::int64_t i = 0; i < m_half; ++i)
        m_frequencies.push_back(std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(2 * m_half)));
}

void RotationTable::fill(std::int64_t first, std::int64_t rows)
{
    m_cosine.resize(static_cast<std::size_t>(rows * m_half));
    m_sine.resize(m_cosine.size());
    for (std::int64_t i = 0; i < m_half; ++i) {
        const double step = m_frequencies[static_cast<std::size_t>(i)];
        const double stepCosine = std::cos(step), stepSine = std::sin(step);
        double c = std::cos(static_cast<double>(first) * step), s = std::sin(static_cast<double>(first) * step);
        // One step at a time by the addition theorem; over a block the error stays far below f32's.
        for (std::int64_t r = 0; r < rows; ++r) {
            m_cosine[static_cast<std::size_t>(r * m_half + i)] = static_cast<float>(c);
            m_sine[static_cast<std::size_t>(r * m_half + i)] = static_cast<float>(s);
            const double next = c * stepCosine - s * stepSine;
            s = s * stepCosine + c * stepSine;
            c = next;
        }
    }
}

void RotationTable::apply(std::int64_t row, float* channels) const
{
    rotatePairs(channels, m_cosine.data() + row * m_half, m_sine.data() + row * m_half, 1,
        static_cast<std::size_t>(m_half), true);
}

HeadModel::HeadModel(Kind kind, std::uint64_t seed, std::int64_t layer, std::int64_t head, std::int64_t channels)
    : m_spectrum(static_cast<std::size_t>(channels))
    , m_mirror(m_spectrum.size())
    , m_outliers(m_spectrum.size(), 0.0f)
{
    const bool isKey = kind == Kind::Key;
    double energy = 0;
    for (std::int64_t i = 0; i < channels; ++i)
        energy += std::pow(static_cast<double>(i + 1), isKey ? -1.0 : -0.5);
    const double scale = static_cast<double>(channels) / energy; // mean variance 1
    const CounterRng mirror(seed, { MirrorStream, static_cast<std::uint64_t>(kind), place(layer), place(head) });
    for (std::int64_t i = 0; i < channels; ++i) {
        m_spectrum[static_cast<std::size_t>(i)]
            = static_cast<float>(std::sqrt(scale * std::pow(static_cast<double>(i + 1), isKey ? -1.0 : -0.5)));
        m_mirror[static_cast<std::size_t>(i)] = mirror.normal(place(i));
    }
    const float length = std::sqrt(dot(m_mirror.data(), m_mirror.data(), channels));
    for (float& v : m_mirror)
        v *= std::sqrt(2.0f) / std::max(length, 1e-6f);

    // Real keys have their outliers where RoPE turns slowest: the last pairs, which stay nearly constant over a
    // context.
    const CounterRng signs(seed, { SignStream, place(layer), place(head) });
    const std::int64_t half = channels / 2;
    for (std::int64_t i = 0; isKey && i < std::min<std::int64_t>(2, half); ++i)
        for (std::int64_t channel : { half - 1 - i, 2 * half - 1 - i })
            m_outliers[static_cast<std::size_t>(channel)] = signs.bits(place(channel)) & 1 ? outlierSize : -outlierSize;
}

void HeadModel::toChannels(const float* latent, float* channels) const
{
    const auto n = static_cast<std::int64_t>(m_spectrum.size());
    for (std::int64_t i = 0; i < n; ++i)
        channels[i] = latent[i] * m_spectrum[static_cast<std::size_t>(i)];
    const float projection = dot(channels, m_mirror.data(), n);
    for (std::int64_t i = 0; i < n; ++i)
        channels[i] -= projection * m_mirror[static_cast<std::size_t>(i)];
}

PlaneGenerator::PlaneGenerator(HeadModel::Kind kind, std::uint64_t seed, std::int64_t layer, std::int64_t batch,
    std::int64_t head, std::int64_t channels)
    : m_kind(kind)
    , m_model(kind, seed, layer, head, channels)
    , m_random(seed, { RowStream, static_cast<std::uint64_t>(kind), place(layer), place(batch), place(head) })
    , m_channels(channels)
    , m_state(static_cast<std::size_t>(channels), 0.0f)
{
}

void PlaneGenerator::next(float* out, std::int64_t rows, std::int64_t keepFrom)
{
    const bool isKey = m_kind == HeadModel::Kind::Key;
    const float correlation = isKey ? keyCorrelation : valueCorrelation;
    for (std::int64_t r = 0; r < rows; ++r, ++m_row, out += m_channels) {
        const float memory = m_row == 0 ? 0.0f : correlation;
        const float fresh = std::sqrt(1.0f - memory * memory);
        float* state = m_state.data();
        const std::uint64_t counter = place(m_row) * place(m_channels);
        for (std::int64_t c = 0; c < m_channels; ++c)
            state[c] = memory * state[c] + fresh * m_random.normal(counter + place(c));
        if (m_row >= keepFrom)
            m_kept.insert(m_kept.end(), m_state.begin(), m_state.end());
        m_model.toChannels(state, out);
        const bool sink = m_row < sinks;
        const float pull = sink ? sinkPull : 1.0f, size = sink && !isKey ? sinkValueSize : 1.0f;
        const float* outliers = m_model.outliers().data();
        for (std::int64_t c = 0; c < m_channels; ++c)
            out[c] = out[c] * size + pull * outliers[c];
    }
}

void generateQueries(const HeadModel& keys, std::span<const float> latents, std::uint64_t seed, std::int64_t layer,
    std::int64_t batch, std::int64_t queryHead, std::span<float> out)
{
    const std::vector<float>& outliers = keys.outliers();
    const std::size_t channels = outliers.size();
    const float length = std::sqrt(dot(outliers.data(), outliers.data(), static_cast<std::int64_t>(channels)));
    // q.(sink - other)/sqrt(d) = sinkLogit, where a sink's key has (sinkPull - 1) more of the outlier vector.
    const float toSink
        = length > 0 ? sinkLogit * std::sqrt(static_cast<float>(channels)) / ((sinkPull - 1) * length * length) : 0;
    const float own = std::sqrt(1.0f - queryToNeighbours * queryToNeighbours);
    const CounterRng random(seed, { QueryStream, place(layer), place(batch), place(queryHead) });
    std::vector<float> latent(channels);
    for (std::size_t row = 0; row * channels < out.size(); ++row) {
        for (std::size_t c = 0; c < channels; ++c)
            latent[c] = queryToNeighbours * latents[row * channels + c] + own * random.normal(row * channels + c);
        float* query = out.data() + row * channels;
        keys.toChannels(latent.data(), query);
        for (std::size_t c = 0; c < channels; ++c)
            query[c] = queryContent * query[c] + toSink * outliers[c];
    }
}

} // namespace pikv
