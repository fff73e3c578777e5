// SPDX-License-Identifier: GPL-3.0-or-later
// k-means++ (Arthur & Vassilvitskii 2007) and Lloyd's iterations on a stream of vectors, with weights.
#include "core/codec/parts/kmeans.h"
#include "core/kernels/reduce.h"
#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace pikv {
namespace {

constexpr std::size_t seedBlock = 32; ///< vectors whose chances are summed at once
constexpr std::size_t seedVectors = 24; ///< a centroid: k-means++ looks at no more vectors than these

float weightOf(const VectorStream& stream, std::size_t i) { return stream.weights ? stream.weights[i] : 1.0f; }

float squaredDistance(const VectorStream& stream, std::size_t i, const float* centroid)
{
    float sum = 0;
    for (std::size_t j = 0; j < stream.width; ++j) {
        const float d = stream.channels[j * stream.stride + i] - centroid[j];
        sum += d * d;
    }
    return sum;
}

void copyVector(const VectorStream& stream, std::size_t i, float* out)
{
    for (std::size_t j = 0; j < stream.width; ++j)
        out[j] = stream.channels[j * stream.stride + i];
}

/// Members' weighted sums, kept up to date as vectors change sides.
class Members {
public:
    Members(const VectorStream& stream, std::size_t centroids)
        : m_stream(stream)
        , m_sums(centroids * stream.width)
        , m_mass(centroids)
        , m_users(centroids)
        , m_changed(centroids)
        , m_owner(stream.count, -1)
    {
    }
    bool isUsed(std::size_t k) const { return m_users[k] > 0; }

    /// Returns whether the vector changed sides.
    bool assign(std::size_t i, std::size_t k)
    {
        const auto to = static_cast<std::int16_t>(k);
        if (m_owner[i] == to)
            return false;
        if (m_owner[i] >= 0)
            add(i, static_cast<std::size_t>(m_owner[i]), -1);
        m_owner[i] = to;
        add(i, k, 1);
        return true;
    }
    /// Moves every centroid whose members changed to their weighted mean; where they weigh nothing it stays.
    void moveToMeans(Centroids& centroids)
    {
        for (std::size_t k = 0; k < centroids.count; ++k) {
            if (m_changed[k] && m_users[k] > 0 && m_mass[k] > 0) {
                const double inverse = 1 / m_mass[k];
                for (std::size_t j = 0; j < m_stream.width; ++j)
                    centroids.rows[k * m_stream.width + j]
                        = static_cast<float>(m_sums[k * m_stream.width + j] * inverse);
                centroids.updateNorm(k);
            }
            m_changed[k] = false;
        }
    }

private:
    void add(std::size_t i, std::size_t k, int sign)
    {
        const double weight = double(sign) * weightOf(m_stream, i);
        for (std::size_t j = 0; j < m_stream.width; ++j)
            m_sums[k * m_stream.width + j] += weight * m_stream.channels[j * m_stream.stride + i];
        m_mass[k] += weight;
        m_users[k] += sign;
        m_changed[k] = true;
    }
    const VectorStream& m_stream;
    std::vector<double> m_sums, m_mass;
    std::vector<int> m_users;
    std::vector<std::uint8_t> m_changed;
    std::vector<std::int16_t> m_owner;
};

/// Puts every unused centroid on one of the vectors [first, first + count), those of the largest weighted error first.
void reseed(Centroids& centroids, const Members& members, const VectorStream& stream, std::size_t first,
    std::size_t count, const std::uint8_t* codes)
{
    std::vector<std::size_t> dead;
    for (std::size_t k = 0; k < centroids.count; ++k)
        if (!members.isUsed(k))
            dead.push_back(k);
    if (dead.empty())
        return;
    std::vector<std::pair<float, std::size_t>> errors;
    for (std::size_t i = 0; i < count; ++i) {
        const float* owner = centroids.rows.data() + codes[i] * centroids.width;
        errors.emplace_back(-weightOf(stream, first + i) * squaredDistance(stream, first + i, owner), first + i);
    }
    const std::size_t n = std::min(dead.size(), count);
    std::partial_sort(errors.begin(), errors.begin() + std::ptrdiff_t(n), errors.end());
    for (std::size_t d = 0; d < n; ++d) {
        copyVector(stream, errors[d].second, centroids.rows.data() + dead[d] * centroids.width);
        centroids.updateNorm(dead[d]);
    }
}

/// An index with probability in proportion to `chance`, whose size is a multiple of seedBlock; `place` in [0, 1).
std::size_t drawIndex(const std::vector<float>& chance, float place)
{
    // Sums of blocks vectorise; only the block that is hit is gone through one by one.
    std::vector<double> upTo;
    double total = 0;
    for (std::size_t first = 0; first < chance.size(); first += seedBlock) {
        for (float lane : laneSums<8>(seedBlock, [&](std::size_t i) { return chance[first + i]; }))
            total += double(lane);
        upTo.push_back(total);
    }
    const double wanted = double(place) * total;
    const auto block = std::upper_bound(upTo.begin(), upTo.end(), wanted) - upTo.begin();
    std::size_t at = static_cast<std::size_t>(block) * seedBlock;
    double sum = block ? upTo[static_cast<std::size_t>(block) - 1] : 0;
    while (at < chance.size() && (sum += double(chance[at])) <= wanted)
        ++at;
    return at;
}

/// chance = weight x squared distance to the nearest centroid so far, of which `centroid` is the latest.
void updateChances(const std::vector<float>& channels, const std::vector<float>& weights,
    std::span<const float> centroid, bool isFirst, std::vector<float>& chance)
{
    const std::size_t n = weights.size();
    float distance[seedBlock];
    for (std::size_t first = 0; first < n; first += seedBlock) {
        std::fill_n(distance, seedBlock, 0.0f);
        for (std::size_t j = 0; j < centroid.size(); ++j)
            for (std::size_t i = 0; i < seedBlock; ++i) {
                const float d = channels[j * n + first + i] - centroid[j];
                distance[i] += d * d;
            }
        for (std::size_t i = 0; i < seedBlock; ++i) {
            const float own = weights[first + i] * distance[i];
            chance[first + i] = isFirst ? own : std::min(chance[first + i], own);
        }
    }
}

} // namespace

Centroids::Centroids(std::size_t centroidCount, std::size_t channels)
    : count(centroidCount)
    , width(channels)
    , rows(centroidCount * channels)
    , halfNorms(centroidCount)
{
}

void Centroids::updateNorm(std::size_t k)
{
    float sum = 0;
    for (std::size_t j = 0; j < width; ++j)
        sum += rows[k * width + j] * rows[k * width + j];
    halfNorms[k] = sum / 2;
}

void Centroids::updateNorms()
{
    for (std::size_t k = 0; k < count; ++k)
        updateNorm(k);
}

void assignCodes(const VectorStream& stream, std::size_t first, std::size_t n, const Centroids& centroids,
    std::uint8_t* codes, const JobControl& job)
{
    constexpr std::size_t part = 8192;
    for (std::size_t done = 0; done < n; done += part) {
        job.checkpoint();
        nearestCentroids(
            stream.channels + first + done, stream.stride, std::min(part, n - done), centroids.view(), codes + done);
    }
}

Centroids seedCentroids(const VectorStream& stream, std::size_t count, const CounterRng& random)
{
    Centroids centroids(count, stream.width);
    const std::size_t n = std::min(stream.count, count * seedVectors), blocks = (n + seedBlock - 1) / seedBlock;
    // A vector in the middle of each of n equal parts of the stream; channel by channel, padded with vectors of no
    // weight.
    const std::size_t padded = blocks * seedBlock;
    std::vector<float> channels(stream.width * padded), weights(padded), chance(padded);
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t from = (2 * i + 1) * stream.count / (2 * n);
        for (std::size_t j = 0; j < stream.width; ++j)
            channels[j * padded + i] = stream.channels[j * stream.stride + from];
        weights[i] = weightOf(stream, from);
    }
    chance = weights;
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t drawn = std::min(drawIndex(chance, random.uniform(k)), n - 1);
        float* centroid = centroids.rows.data() + k * stream.width;
        for (std::size_t j = 0; j < stream.width; ++j)
            centroid[j] = channels[j * padded + drawn];
        updateChances(channels, weights, { centroid, stream.width }, k == 0, chance);
    }
    centroids.updateNorms();
    return centroids;
}

void refineCentroids(
    Centroids& centroids, const VectorStream& stream, int passes, std::size_t interval, const JobControl& job)
{
    Members members(stream, centroids.count);
    std::vector<std::uint8_t> codes(std::min(interval, stream.count));
    for (int pass = 0; pass < passes; ++pass) {
        bool moved = false;
        for (std::size_t first = 0; first < stream.count; first += interval) {
            const std::size_t count = std::min(interval, stream.count - first);
            assignCodes(stream, first, count, centroids, codes.data(), job);
            for (std::size_t i = 0; i < count; ++i)
                moved |= members.assign(first + i, codes[i]);
            members.moveToMeans(centroids);
            if (pass > 0)
                reseed(centroids, members, stream, first, count, codes.data());
        }
        if (!moved)
            break;
    }
}

} // namespace pikv
