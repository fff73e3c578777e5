// SPDX-License-Identifier: GPL-3.0-or-later
// Best quantiser of one coordinate of a random unit vector (TurboQuant, arXiv:2504.19874): its density (1 -
// t^2)^((d-3)/2) is integrated on a grid, and Lloyd's iteration moves levels to the means of their cells.
#include "core/kernels/lloydmax.h"
#include "core/base/lastused.h"
#include <algorithm>
#include <cmath>
#include <utility>

namespace pikv {
namespace {

/// Running integrals of f, t f and t^2 f over a fine grid of t >= 0; the density is even.
class Density {
public:
    explicit Density(std::size_t dim)
        // Below four channels the density has poles at its ends; its neighbour without them serves as well.
        : m_dim(static_cast<double>(std::max<std::size_t>(dim, 4)))
        , m_end(std::min(std::sqrt(m_dim), 8.0))
    {
        m_sums.resize(cells + 1);
        for (int i = 0; i < cells; ++i) {
            const double t = (i + 0.5) * m_end / cells, weight = std::exp((m_dim - 3) / 2 * std::log1p(-t * t / m_dim));
            const auto at = static_cast<std::size_t>(i);
            m_sums[at + 1]
                = { m_sums[at].mass + weight, m_sums[at].first + weight * t, m_sums[at].second + weight * t * t };
        }
    }
    double end() const { return m_end; }

    struct Sums {
        double mass = 0, first = 0, second = 0;
    };
    /// Integrals from 0 to t, up to a common factor.
    Sums upTo(double t) const
    {
        const double place = std::clamp(t / m_end, 0.0, 1.0) * cells;
        const auto cell = std::min(static_cast<std::size_t>(place), static_cast<std::size_t>(cells - 1));
        const double part = place - double(cell);
        const Sums &a = m_sums[cell], &b = m_sums[cell + 1];
        return { a.mass + part * (b.mass - a.mass), a.first + part * (b.first - a.first),
            a.second + part * (b.second - a.second) };
    }
    /// t >= 0 below which `share` of the positive half's mass lies.
    double quantile(double share) const
    {
        const double wanted = share * m_sums.back().mass;
        const auto at = std::lower_bound(
            m_sums.begin(), m_sums.end(), wanted, [](const Sums& s, double m) { return s.mass < m; });
        return double(at - m_sums.begin()) * m_end / cells;
    }

private:
    static constexpr int cells = 40000;
    double m_dim, m_end;
    std::vector<Sums> m_sums;
};

/// Positive levels by Lloyd's iteration; the negative ones mirror them.
std::vector<double> positiveLevels(const Density& density, std::size_t count)
{
    std::vector<double> levels;
    for (std::size_t i = 0; i < count; ++i)
        levels.push_back(1.6 * density.quantile((double(i) + 0.5) / double(count)));
    for (int round = 0; round < 20000; ++round) {
        double moved = 0;
        Density::Sums below = density.upTo(0);
        for (std::size_t i = 0; i < count; ++i) {
            const Density::Sums to = density.upTo(i + 1 < count ? (levels[i] + levels[i + 1]) / 2 : density.end());
            const double mass = to.mass - below.mass;
            const double centroid = mass > 0 ? (to.first - below.first) / mass : levels[i];
            moved = std::max(moved, std::abs(centroid - levels[i]));
            levels[i] = centroid;
            below = to;
        }
        if (moved < 1e-7)
            break;
    }
    return levels;
}

LloydMaxTable makeTable(int bits, std::size_t dim)
{
    const Density density(dim);
    const std::vector<double> half = positiveLevels(density, std::size_t(1) << (bits - 1));
    LloydMaxTable table;
    for (std::size_t i = half.size(); i-- > 0;)
        table.levels.push_back(static_cast<float>(-half[i]));
    for (double level : half)
        table.levels.push_back(static_cast<float>(level));
    for (std::size_t i = 0; i + 1 < table.levels.size(); ++i)
        table.cuts.push_back((table.levels[i] + table.levels[i + 1]) / 2);
    const Density::Sums all = density.upTo(density.end());
    Density::Sums below;
    double saved = 0; // E[level^2], as every level is the centroid of its cell
    for (std::size_t i = 0; i < half.size(); ++i) {
        const Density::Sums to = density.upTo(i + 1 < half.size() ? (half[i] + half[i + 1]) / 2 : density.end());
        saved += half[i] * half[i] * (to.mass - below.mass);
        below = to;
    }
    table.distortion = (all.second - saved) / all.mass;
    return table;
}

} // namespace

std::shared_ptr<const LloydMaxTable> sphereTable(int bits, std::size_t dim)
{
    constexpr std::size_t most = 64; // of at most 2 kB each: every width of a few head sizes
    static LastUsed<std::pair<int, std::size_t>, LloydMaxTable> tables(most);
    return tables.get({ bits, dim }, [&] { return makeTable(bits, dim); });
}

void nearestLevels(const LloydMaxTable& table, const float* values, std::size_t count, std::uint8_t* codes)
{
    // A binary search without branches: as many steps as a code has bits.
    const float* cuts = table.cuts.data();
    const std::size_t size = table.levels.size();
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t code = 0;
        for (std::size_t step = size / 2; step > 0; step /= 2)
            code += values[i] > cuts[code + step - 1] ? step : 0;
        codes[i] = static_cast<std::uint8_t>(code);
    }
}

} // namespace pikv
