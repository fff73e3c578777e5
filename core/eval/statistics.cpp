// SPDX-License-Identifier: GPL-3.0-or-later
// Quantiles, and intervals of means by resampling.
#include "core/eval/statistics.h"
#include "core/base/counterrng.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace pikv {
namespace {

double meanOf(const std::vector<double>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

/// The upper half of bits × count: a number below `count`.
std::size_t scaled(std::uint64_t bits, std::size_t count)
{
    return std::size_t((static_cast<unsigned __int128>(bits) * count) >> 64);
}

} // namespace

double quantile(const std::vector<double>& sorted, double q)
{
    const double at = q * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

MeanInterval bootstrapMean(const std::vector<double>& values, std::uint64_t seed)
{
    std::vector<double> known;
    std::copy_if(values.begin(), values.end(), std::back_inserter(known), [](double v) { return !std::isnan(v); });
    MeanInterval interval;
    interval.count = known.size();
    if (known.empty())
        return interval;
    interval.mean = meanOf(known);
    if (known.size() < 2)
        return interval;
    if (std::all_of(known.begin(), known.end(), [&](double v) { return v == known.front(); })) {
        interval.mean = interval.low = interval.high = known.front(); // what sums would round
        return interval;
    }
    const CounterRng random(seed);
    std::vector<double> means(bootstrapResamples), sample(known.size());
    std::uint64_t draw = 0;
    for (double& mean : means) {
        for (double& value : sample)
            value = known[scaled(random.bits(draw++), known.size())];
        mean = meanOf(sample);
    }
    std::sort(means.begin(), means.end());
    interval.low = quantile(means, 0.025);
    interval.high = quantile(means, 0.975);
    return interval;
}

} // namespace pikv
