// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of one head of a synthetic cache, a block at a time, in order.
#pragma once
#include "core/base/counterrng.h"
#include <cstdint>
#include <span>
#include <vector>

namespace pikv {

/// cos and sin of position x theta^(-2i/d) for a block of consecutive positions.
class RotationTable {
public:
    RotationTable(std::int64_t channels, double theta);
    /// For positions `first` … `first + rows - 1`.
    void fill(std::int64_t first, std::int64_t rows);
    /// Rotates row `row` of the block in place, pairs (i, i + d/2).
    void apply(std::int64_t row, float* channels) const;

private:
    std::int64_t m_half;
    std::vector<double> m_frequencies;
    std::vector<float> m_cosine, m_sine;
};

/// The statistics of one head's keys or values: the same for every sequence of a batch.
class HeadModel {
public:
    enum class Kind : std::uint64_t { Key = 1, Value = 2 };
    HeadModel(Kind kind, std::uint64_t seed, std::int64_t layer, std::int64_t head, std::int64_t channels);

    /// Latent coordinates (unit variance) to channels: scaled by the spectrum, then reflected by a random
    /// Householder matrix, so that no channel is a principal axis.
    void toChannels(const float* latent, float* channels) const;
    const std::vector<float>& outliers() const { return m_outliers; }

private:
    std::vector<float> m_spectrum, m_mirror, m_outliers;
};

/// Produces the rows of one head of one sequence in order, a block at a time.
class PlaneGenerator {
public:
    static constexpr int sinks = 4;
    PlaneGenerator(HeadModel::Kind kind, std::uint64_t seed, std::int64_t layer, std::int64_t batch, std::int64_t head,
        std::int64_t channels);
    /// The next `rows` rows, before rotation. The latent coordinates of rows from `keepFrom` on are kept for queries.
    void next(float* out, std::int64_t rows, std::int64_t keepFrom);
    const HeadModel& model() const { return m_model; }
    const std::vector<float>& keptLatents() const { return m_kept; }

private:
    HeadModel::Kind m_kind;
    HeadModel m_model;
    CounterRng m_random;
    std::int64_t m_channels, m_row = 0;
    std::vector<float> m_state, m_kept;
};

/// Query rows of one query head for the tokens whose key latents are given; before rotation.
void generateQueries(const HeadModel& keys, std::span<const float> latents, std::uint64_t seed, std::int64_t layer,
    std::int64_t batch, std::int64_t queryHead, std::span<float> out);

} // namespace pikv
