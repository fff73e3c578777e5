// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/cache_reduction/kmeans.h"
#include <algorithm>
#include <cstdint>
#include <limits>

namespace pikv {
namespace {

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
    /// The weighted mean of centroid k's members; nothing where they weigh nothing.
    void meanTo(std::size_t k, float* out) const
    {
        if (m_users[k] > 0 && m_mass[k] > 0)
            for (std::size_t j = 0; j < m_stream.width; ++j)
                out[j] = static_cast<float>(m_sums[k * m_stream.width + j] / m_mass[k]);
    }

private:
    void add(std::size_t i, std::size_t k, int sign)
    {
        const double weight = double(sign) * weightOf(m_stream, i);
        for (std::size_t j = 0; j < m_stream.width; ++j)
            m_sums[k * m_stream.width + j] += weight * m_stream.channels[j * m_stream.stride + i];
        m_mass[k] += weight;
        m_users[k] += sign;
    }
    const VectorStream& m_stream;
    std::vector<double> m_sums, m_mass;
    std::vector<int> m_users;
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
    for (std::size_t d = 0; d < n; ++d)
        copyVector(stream, errors[d].second, centroids.rows.data() + dead[d] * centroids.width);
}

} // namespace

Centroids::Centroids(std::size_t centroidCount, std::size_t channels)
    : count(centroidCount)
    , width(channels)
    , rows(centroidCount * channels)
    , halfNorms(centroidCount)
{
}

void Centroids::updateNorms()
{
    for (std::size_t k = 0; k < count; ++k) {
        float sum = 0;
        for (std::size_t j = 0; j < width; ++j)
            sum += rows[k * width + j] * rows[k * width + j];
        halfNorms[k] = sum / 2;
    }
}

Centroids seedCentroids(const VectorStream& stream, std::size_t count, const CounterRng& random)
{
    Centroids centroids(count, stream.width);
    const std::size_t n = std::min(stream.count, count * seedVectors);
    // A vector in the middle of each of n equal parts of the stream.
    const auto at = [&](std::size_t i) { return (2 * i + 1) * stream.count / (2 * n); };
    std::vector<float> distance(n, std::numeric_limits<float>::max());
    std::vector<double> upTo(n);
    for (std::size_t k = 0; k < count; ++k) {
        double total = 0;
        for (std::size_t i = 0; i < n; ++i)
            upTo[i] = total += double(weightOf(stream, at(i))) * (k == 0 ? 1.0f : distance[i]);
        const double wanted = double(random.uniform(k)) * total;
        const auto drawn = static_cast<std::size_t>(std::upper_bound(upTo.begin(), upTo.end(), wanted) - upTo.begin());
        float* centroid = centroids.rows.data() + k * stream.width;
        copyVector(stream, at(std::min(drawn, n - 1)), centroid);
        for (std::size_t i = 0; i < n; ++i)
            distance[i] = std::min(distance[i], squaredDistance(stream, at(i), centroid));
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
            job.checkpoint();
            const std::size_t count = std::min(interval, stream.count - first);
            nearestCentroids(stream.channels + first, stream.stride, count, centroids.view(), codes.data());
            for (std::size_t i = 0; i < count; ++i)
                moved |= members.assign(first + i, codes[i]);
            for (std::size_t k = 0; k < centroids.count; ++k)
                members.meanTo(k, centroids.rows.data() + k * centroids.width);
            if (pass > 0)
                reseed(centroids, members, stream, first, count, codes.data());
            centroids.updateNorms();
        }
        if (!moved)
            break;
    }
}

} // namespace pikv
